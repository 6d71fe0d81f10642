"""The catalogue's admin; importing it registers every page."""

from creatives.admin import catalogue, creatives

__all__ = ["catalogue", "creatives"]
