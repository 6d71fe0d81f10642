"""The admin of decisions: rows, and the pages that say what was decided and why."""

from decisioning.admin import happened, impact, overview, rows, why_not

__all__ = ["happened", "impact", "overview", "rows", "why_not"]
