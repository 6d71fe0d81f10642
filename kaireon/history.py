"""The versions of a configured row, and what each of them changed."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from django.db.models import OuterRef, QuerySet, Subquery

from kaireon import clock
from kaireon.audit import changes_between
from kaireon.lifecycle import Lifecycle

ORDER = ("-version", "-history_id")
LARGEST = 2**31


def entries_of(row: Lifecycle) -> QuerySet[Any]:
    """The row's history rows."""
    history: Any = type(row).history
    entries: QuerySet[Any] = history.filter(id=row.pk)
    return entries


def versions_of(row: Lifecycle, entries: Iterable[Any]) -> list[dict[str, Any]]:
    """The given history rows as clients read them, each compared with the version before it; one query."""
    shown = list(entries)
    states = states_of(row, {entry.version - 1 for entry in shown} | {entry.version for entry in shown})
    return [_version(entry, states) for entry in shown]


def states_of(row: Lifecycle, versions: Iterable[int]) -> dict[int, dict[str, Any]]:
    """The row as it was in those of the versions that exist; one query."""
    entries = entries_of(row).filter(version__in=[version for version in versions if version < LARGEST])
    return {entry.version: entry.instance.state(entry.history_parts) for entry in entries}


def authors_of(rows: Sequence[Lifecycle]) -> dict[int, str]:
    """Who wrote the present version of each of the rows, which are of one kind; one query."""
    if not rows:
        return {}
    model: Any = type(rows[0])
    present = model.history.filter(id=OuterRef("pk"), version=OuterRef("version")).order_by("-history_id")
    wanted = model.everything.filter(pk__in=[row.pk for row in rows])
    return dict(wanted.values_list("pk", Subquery(present.values("history_actor")[:1])))


def _version(entry: Any, states: dict[int, dict[str, Any]]) -> dict[str, Any]:
    changes = changes_between(states.get(entry.version - 1), states[entry.version])
    return {
        "version": entry.version,
        "action": entry.history_change_reason,
        "changedBy": entry.history_actor,
        "changedAt": clock.text(entry.history_date),
        "changes": [{"field": name, **change} for name, change in changes.items()],
        "state": states[entry.version],
    }
