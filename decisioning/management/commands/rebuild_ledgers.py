"""Fills the contact ledgers from history, and adds up the totals of budgets anew."""

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any

from decisioning import budgets
from decisioning.ledgers import refill
from decisioning.models import Interaction, Reservation
from kaireon.batching import BatchCommand


class Command(BatchCommand[str]):
    """`manage.py rebuild_ledgers --tenant KEY`; each customer's ledger is written anew, so it may be repeated."""

    help = "Write every customer's contact ledger, and the totals that budgets ask for, anew from history."
    noun = "customers"
    batch_size = 500

    def rows(self) -> Iterable[str]:
        return customers_of(self)

    def prepare(self, options: dict[str, Any]) -> None:
        super().prepare(options)
        self._recounted = False

    def work(self, batch: Sequence[str]) -> Counter[str]:
        refill(self.tenant, batch)
        counts = Counter({"ledgers written": len(batch)})
        if not self._recounted:  # once, inside the transaction of a batch, so that a dry run rolls it back
            self._recounted = True
            counts["totals added up"] = budgets.recount(self.tenant)
        return counts


def customers_of(command: BatchCommand[str]) -> Iterable[str]:
    """Every customer with a history or an open place, in order; read once, so that batches may write meanwhile."""
    customers: set[str] = set()
    for rows in (Interaction.objects.of(command.tenant), Reservation.objects.of(command.tenant).open()):
        customers |= set(rows.values_list("customer_id", flat=True).distinct())
    return sorted(customers)
