"""The admin of the contact policies; importing it registers its pages."""

from policies.admin import policies

__all__ = ["policies"]
