"""Settles the reservations whose time has run out."""

from collections import Counter
from collections.abc import Iterable, Sequence

from decisioning.models import Reservation
from decisioning.reservations import lapse
from kaireon import clock
from kaireon.batching import BatchCommand


class Command(BatchCommand[Reservation]):
    """`manage.py expire_reservations --tenant KEY`; several may run at once, each place is settled once.

    A place whose time has run out counts in no window, with or without this command, which gives budgets their room
    back and takes it out of the ledgers.
    """

    help = "Settle the reservations whose time has run out, and give their room in ledgers and budgets back."
    noun = "reservations"
    batch_size = 200

    def rows(self) -> Iterable[Reservation]:
        self._now = clock.now()
        due = Reservation.objects.of(self.tenant).open().filter(expires_at__lte=self._now)
        return list(due.order_by("pk"))

    def work(self, batch: Sequence[Reservation]) -> Counter[str]:
        lapsed = lapse(self.tenant, batch, now=self._now)
        return Counter({"lapsed": lapsed, "settled meanwhile": len(batch) - lapsed})
