"""Settles the reservations whose time has run out."""

from collections import Counter
from collections.abc import Iterable, Sequence

from decisioning.contacts.reservations import lapse
from decisioning.models import Reservation
from kaireon.batching import BatchCommand
from kaireon.database.statements import present


class Command(BatchCommand[Reservation]):
    """`manage.py expire_reservations --tenant KEY`; several may run at once, each place is settled once.

    A place whose time has run out counts in no window and no budget, with or without this command, which takes it out
    of the ledgers and totals, so that nobody has to look for it. Whether it has is asked of the database's clock, by
    which it was given: another machine's may be ahead.
    """

    help = "Settle the reservations whose time has run out, and give their room in ledgers and budgets back."
    noun = "reservations"
    batch_size = 200

    def rows(self) -> Iterable[Reservation]:
        self._now = present()
        due = Reservation.objects.of(self.tenant).open().filter(expires_at__lte=self._now)
        return list(due.order_by("pk"))

    def work(self, batch: Sequence[Reservation]) -> Counter[str]:
        lapsed = lapse(self.tenant, batch, now=self._now)
        return Counter({"lapsed": lapsed, "settled meanwhile": len(batch) - lapsed})
