"""Counts interaction summaries from history: everybody's anew, or those that are behind."""

from argparse import ArgumentParser
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any

from decisioning.contacts import summaries
from kaireon.batching import BatchCommand


class Command(BatchCommand[str]):
    """`manage.py backfill_interaction_summaries --tenant KEY [--due]`; may be repeated, and run beside everything."""

    help = (
        "Count every customer's interaction summaries anew from history. With --due only those of customers with "
        "interactions that are not in them yet; run from time to time, that keeps the answers quick."
    )
    noun = "customers"
    batch_size = 200

    def add_arguments(self, parser: ArgumentParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("--due", action="store_true", help="only customers whose summaries are behind history")

    def prepare(self, options: dict[str, Any]) -> None:
        self._due: bool = options["due"]

    def rows(self) -> Iterable[str]:
        self._begun = summaries.mark(self.tenant)
        return summaries.customers_due(self.tenant) if self._due else summaries.customers(self.tenant)

    def work(self, batch: Sequence[str]) -> Counter[str]:
        count = summaries.refresh if self._due else summaries.redo
        return Counter({"customers counted": len(batch), "summaries written": count(self.tenant, batch)})

    def finish(self) -> None:
        summaries.conclude(self.tenant, self._begun)
