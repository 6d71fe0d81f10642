"""The admin of decisions: rows, and the pages that say what was decided and why."""

from decisioning.admin import impact, rows, why_not

__all__ = ["impact", "rows", "why_not"]
