"""Compares the contact ledgers with history."""

from collections import Counter
from collections.abc import Iterable, Sequence

from decisioning.contacts.ledgers import faults
from decisioning.models import Interaction, Reservation
from decisioning.upkeep.backfills import customers_with
from kaireon.batching import Backfill


class Command(Backfill[str]):
    """`manage.py verify_ledgers --tenant KEY`; names the customers whose ledger is wrong and ends with 1."""

    help = "Compare every customer's contact ledger with history."
    noun = "customers"
    batch_size = 500

    def rows(self) -> Iterable[str]:
        places = Reservation.objects.of(self.tenant).open()
        return customers_with(Interaction.objects.of(self.tenant), places, after=self.after)

    def carry_out(self, batch: Sequence[str]) -> Counter[str]:
        wrong = list(faults(self.tenant, batch))
        for customer_id in wrong:
            self.stderr.write(f"The ledger of {customer_id} does not say what history says; run rebuild_ledgers.")
        return Counter({"right": len(batch) - len(wrong), "failed": len(wrong)})
