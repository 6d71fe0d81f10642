"""Fills the contact ledgers from history, and adds up the totals of budgets anew."""

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any

from decisioning import budgets
from decisioning.backfills import customers_with
from decisioning.ledgers import refill
from decisioning.models import Interaction, Reservation
from kaireon.batching import Backfill


class Command(Backfill[str]):
    """`manage.py rebuild_ledgers --tenant KEY`; each customer's ledger is written anew, so it may be repeated."""

    help = "Write every customer's contact ledger, and the totals that budgets ask for, anew from history."
    noun = "customers"
    batch_size = 500

    def rows(self) -> Iterable[str]:
        places = Reservation.objects.of(self.tenant).open()
        return customers_with(Interaction.objects.of(self.tenant), places, after=self.after)

    def prepare(self, options: dict[str, Any]) -> None:
        super().prepare(options)
        self._recounted = False

    def carry_out(self, batch: Sequence[str]) -> Counter[str]:
        refill(self.tenant, batch)
        counts = Counter({"ledgers written": len(batch)})
        if not self._recounted:  # once, inside the transaction of a batch, so that a dry run rolls it back
            counts["totals added up"] = budgets.recount(self.tenant)
            self._recounted = True
        return counts
