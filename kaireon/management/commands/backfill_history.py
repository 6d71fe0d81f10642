"""Begins the history of rows that are older than history."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any

from django.core.management.base import CommandError
from django.db.models import Exists, OuterRef, QuerySet

from kaireon.access import operator
from kaireon.batching import Backfill, by_key
from kaireon.lifecycle import Lifecycle, kinds
from kaireon.writing import writing

REASON = "history begins here; the row is older"


class Command(Backfill[Lifecycle]):
    """`manage.py backfill_history --tenant KEY`; a row that has a history is left alone."""

    help = (
        "Give every configured row without a history its first entry: the present state, deleted rows included. "
        "The rows themselves do not change."
    )
    batch_size = 200

    def prepare(self, options: dict[str, Any]) -> None:
        super().prepare(options)
        self._kinds = sorted(kinds().items())
        if self.after is not None and not any(model.id_kind.decode(self.after) for _, model in self._kinds):
            raise CommandError(f'--after: "{self.after}" is no id of a configured row.')

    def key_of(self, row: Lifecycle) -> str:
        return row.public_id

    def rows(self) -> Iterator[Lifecycle]:
        started = self.after is None
        for _, model in self._kinds:
            after = model.id_kind.decode(self.after)
            started = started or after is not None
            if started:
                yield from by_key(without_history(self, model), size=self.batch_size, after=after)

    def total(self) -> int:
        return sum(without_history(self, model).count() for _, model in self._kinds)

    def carry_out(self, batch: Sequence[Lifecycle]) -> Counter[str]:
        with writing(operator(self.tenant, "backfill_history")) as unit:
            # Read again, for somebody may have written since; nobody can now.
            found = (without_history(self, type(row)).filter(pk=row.pk).first() for row in batch)
            rows = [row for row in found if row is not None]
            for row in rows:
                unit.begin_history(row, reason=REASON)
        return Counter({"histories begun": len(rows)})


def without_history(command: Backfill[Lifecycle], model: type[Lifecycle]) -> QuerySet[Any]:
    """The tenant's rows of a kind, deleted ones included, that nothing remembers."""
    history: Any = model.history
    rows: QuerySet[Any] = model.everything.of(command.tenant)
    return rows.filter(~Exists(history.filter(id=OuterRef("pk"))))
