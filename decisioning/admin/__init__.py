"""The admin of decisions: rows, and the pages that say what was decided and why."""

from decisioning.admin import rows, why_not

__all__ = ["rows", "why_not"]
