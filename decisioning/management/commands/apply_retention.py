"""Deletes what is older than it has to be."""

from __future__ import annotations

from argparse import ArgumentParser
from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import timedelta
from itertools import groupby
from typing import Any, NamedTuple

from django.conf import settings
from django.core.management.base import CommandError

from decisioning.in_force.loading import load_configuration
from decisioning.upkeep.retention import (
    DecisionSweep,
    HistorySweep,
    IdempotencySweep,
    ManifestSweep,
    Overlooked,
    Sweep,
    counted_for_ever,
    overlooked,
)
from kaireon import clock
from kaireon.access import operator
from kaireon.batching import RowByRow, at_least_one
from kaireon.writing import writing

NAMED = 5  # limits in one refusal


class Old(NamedTuple):
    """Something to look at: a customer's history, or a row."""

    kind: str
    key: Any


class Command(RowByRow[Old]):
    """`manage.py apply_retention --tenant KEY --days N`; what it broke off is done by running it again."""

    help = (
        "Delete interactions older than --days, except those that a limit without a window counts and those of "
        "customers under a legal hold (see legal_hold); decisions older than DECISION_RETENTION_DAYS with the "
        "configurations they alone refer to; idempotency keys older than 30 days. Refuses to delete what a policy or a "
        "creative's constraint in force looks back to. Totals over all customers and summaries stay as they were, so "
        "import_interactions takes nothing back from before the cut."
    )
    noun = "entries"
    batch_size = 500

    def add_arguments(self, parser: ArgumentParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("--days", type=at_least_one, required=True, help="how long interactions are kept")

    def prepare(self, options: dict[str, Any]) -> None:
        super().prepare(options)
        kept = settings.DECISION_RETENTION_DAYS
        if options["days"] < kept:
            raise CommandError(f"--days: decisions are kept for {kept} days, and what was reported of them as long.")
        self._now = clock.now()
        self._cut = self._now - timedelta(days=options["days"])
        self._sweeps = self._planned()

    def rows(self) -> Iterator[Old]:
        for kind, sweep in self._sweeps.items():
            yield from (Old(kind, key) for key in sweep.candidates())

    def key_of(self, row: Old) -> str:
        return f"{row.kind} {row.key}"

    def carry_out(self, batch: Sequence[Old]) -> Counter[str]:
        counts: Counter[str] = Counter()
        with writing(operator(self.tenant, "apply_retention")) as unit:  # nobody makes a longer limit meanwhile
            if unit.head.version != self._version:
                self._sweeps = self._planned()
            for kind, some in groupby(batch, key=lambda row: row.kind):
                counts.update(self._sweeps[kind].delete([row.key for row in some]))
        return counts

    def _planned(self) -> dict[str, Sweep]:
        """What is deleted under the configuration of this moment. Raises CommandError when a limit looks back to it."""
        configuration = load_configuration(self.tenant)
        self._version, snapshot = configuration.version, configuration.snapshot()
        if found := overlooked(snapshot, now=clock.milliseconds(self._now), cut=self._cut):
            raise CommandError(self._refusal(found))
        return {
            "customer": HistorySweep(self.tenant, before=self._cut, counted=counted_for_ever(snapshot)),
            "decision": DecisionSweep(self.tenant, before=self._now - timedelta(days=settings.DECISION_RETENTION_DAYS)),
            "configuration": ManifestSweep(self.tenant, now=self._now),
            "idempotency key": IdempotencySweep(self.tenant, now=self._now),
        }

    def _refusal(self, found: Sequence[Overlooked]) -> str:
        words = [f'"{each.name}" looks back to {clock.text(each.since)}' for each in found[:NAMED]]
        days = max((self._now - each.since).days for each in found) + 1
        return (
            f"--days: nothing is deleted that a limit in force looks back to; {'; '.join(words)}. "
            f"Keep {days} days at least, or pause it."
        )
