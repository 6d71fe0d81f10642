"""Compares the contact ledgers with history."""

from collections import Counter
from collections.abc import Iterable, Sequence

from decisioning.ledgers import faults
from decisioning.management.commands.rebuild_ledgers import customers_of
from kaireon.batching import BatchCommand


class Command(BatchCommand[str]):
    """`manage.py verify_ledgers --tenant KEY`; names the customers whose ledger is wrong and ends with 1."""

    help = "Compare every customer's contact ledger with history."
    noun = "customers"
    batch_size = 500

    def rows(self) -> Iterable[str]:
        return customers_of(self)

    def work(self, batch: Sequence[str]) -> Counter[str]:
        wrong = list(faults(self.tenant, batch))
        for customer_id in wrong:
            self.stderr.write(f"The ledger of {customer_id} does not say what history says; run rebuild_ledgers.")
        return Counter({"right": len(batch) - len(wrong), "failed": len(wrong)})
