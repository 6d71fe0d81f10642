"""Fills the contact ledgers from history, and adds up the totals of budgets anew."""

from collections import Counter
from collections.abc import Iterable, Sequence

from decisioning.contacts import budgets
from decisioning.contacts.ledgers import refill
from decisioning.models import Interaction, Reservation
from decisioning.upkeep.backfills import customers_with
from kaireon.batching import Backfill


class Command(Backfill[str]):
    """`manage.py rebuild_ledgers --tenant KEY`; each customer's ledger is written anew, so it may be repeated."""

    help = "Write every customer's contact ledger, and the totals that budgets ask for, anew from history."
    noun = "customers"
    batch_size = 500

    def rows(self) -> Iterable[str]:
        places = Reservation.objects.of(self.tenant).open()
        return customers_with(Interaction.objects.of(self.tenant), places, after=self.after)

    def carry_out(self, batch: Sequence[str]) -> Counter[str]:
        refill(self.tenant, batch)
        return Counter({"ledgers written": len(batch)})

    def finish(self) -> None:
        """Adds up the totals while no ledger is held: whoever writes history may wait for one, and it for them."""
        self._totals = budgets.recount(self.tenant)

    def summary(self, counts: Counter[str], *, dry_run: bool) -> str:
        return super().summary(counts + Counter({"totals added up": self._totals}), dry_run=dry_run)
