"""The admin of decisions: rows, and the pages that say what was decided and why."""

from decisioning.admin import impact, overview, rows, why_not

__all__ = ["impact", "overview", "rows", "why_not"]
