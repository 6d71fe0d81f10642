"""Counts stored decisions into the daily tallies the overview shows."""

from collections import Counter
from collections.abc import Iterable, Sequence

from decisioning.insight import tallies
from kaireon import clock
from kaireon.batching import BatchCommand


class Command(BatchCommand[int]):
    """`manage.py tally_decisions --tenant KEY`; run from time to time, before decisions are deleted.

    The overview counts a few thousand whenever it is looked at; a tenant that decides more than that needs this.
    """

    help = "Count the stored decisions that are not in the daily tallies yet."
    noun = "stretches"
    batch_size = 1

    def rows(self) -> Iterable[int]:
        self._now = clock.now()
        number = 0
        while tallies.behind(self.tenant, now=self._now):
            yield number
            number += 1

    def work(self, batch: Sequence[int]) -> Counter[str]:
        counted = tallies.catch_up(self.tenant, now=self._now, most=5_000, explained=50, remake=True)
        return Counter({"decisions counted": counted})
