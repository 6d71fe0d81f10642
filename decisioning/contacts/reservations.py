"""Places that decisions take in the limits: committed by an impression, released, or lapsed when their time runs out.

A reservation is written, settled and expired by whoever holds the customer's ledger, so it is settled once. One that
has lapsed counts in no window and no budget, whether or not anybody has noticed yet.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Self

from decisioning.contacts import budgets
from decisioning.contacts.happening import Happening
from decisioning.contacts.ledgers import lock, store, without
from decisioning.models import Reservation
from decisioning.models.outcomes import IMPRESSION
from decisioning.models.reservations import ReservationState
from kaireon.batching import in_batches
from kaireon.database.statements import dialect, listed, write
from kaireon.tenancy import Tenant

NOT_PRESENTED = "not_presented"
PRESENTING = frozenset({IMPRESSION, NOT_PRESENTED})  # what is said of a line as a contact
RELEASING = frozenset({NOT_PRESENTED, "expired"})
SETTLING = RELEASING | {IMPRESSION}
TABLE = Reservation._meta.db_table
LOOKED_UP = 400

LATE = {
    ReservationState.LAPSED: "the reservation had lapsed before; what happened is recorded all the same",
    ReservationState.RELEASED: "the reservation had been released before; what happened is recorded all the same",
}


@dataclass
class Settlement:
    """The reservations that what happened is about, to be settled with them."""

    found: dict[tuple[int, int], Reservation] = field(default_factory=dict)
    settled: list[Reservation] = field(default_factory=list)

    @classmethod
    def of(cls, place: Reservation | None) -> Self:
        """That of one place, or of none."""
        return cls({} if place is None else {(place.decision_key, place.rank): place})

    def settle(self, happening: Happening) -> list[str]:
        """Settles its place if there is one; warnings about one that was gone before."""
        line = happening.decision_key or 0, happening.rank or 0
        place = self.found.get(line) if happening.outcome in SETTLING else None
        if place is None:
            return []
        if place.state == ReservationState.OPEN:
            self._close(place, happening)
        if happening.outcome == IMPRESSION and (why := LATE.get(ReservationState(place.state))):
            return [f"Of rank {line[1]} {why}."]
        return []

    def _close(self, place: Reservation, happening: Happening) -> None:
        if place.expires_at <= happening.recorded_at:
            place.state = ReservationState.LAPSED
        else:
            presented = happening.outcome == IMPRESSION
            place.state = ReservationState.COMMITTED if presented else ReservationState.RELEASED
        self.settled.append(place)

    def store(self, tenant: Tenant) -> None:
        """Stores what was settled; taking the places out of the ledgers, which are locked, is left to the caller."""
        for state in {place.state for place in self.settled}:
            keys = [place.pk for place in self.settled if place.state == state]
            sql = f"UPDATE {TABLE} SET state = %s WHERE id {dialect()['keys']} RETURNING id"
            write(sql, [str(state), listed(keys)])
        budgets.hold(tenant, self.settled, step=-1)


def settlement_for(tenant: Tenant, happened: Sequence[Happening]) -> Settlement:
    """The reservations of the lines that what happened is about."""
    about = (each for each in happened if each.decision_key is not None and each.outcome in SETTLING)
    decisions = sorted({each.decision_key or 0 for each in about})
    found: dict[tuple[int, int], Reservation] = {}
    for some in in_batches(decisions, LOOKED_UP):
        rows = Reservation.objects.of(tenant).filter(decision_key__in=some)
        found |= {(row.decision_key, row.rank): row for row in rows}
    return Settlement(found)


def lapse(tenant: Tenant, places: Sequence[Reservation], *, now: datetime) -> int:
    """Settles those of the places that are open and whose time has run out, inside a transaction; their number.

    Somebody may have settled them meanwhile, so they are read again under the locks of the customers' ledgers.
    """
    rows = lock(tenant, sorted({place.customer_id for place in places}))
    due = Reservation.objects.of(tenant).open().filter(expires_at__lte=now)
    lapsed = list(due.filter(pk__in=[place.pk for place in places]))
    for place in lapsed:
        place.state = ReservationState.LAPSED
    Settlement(settled=lapsed).store(tenant)
    for place in lapsed:
        rows[place.customer_id].holds = without(bytes(rows[place.customer_id].holds), [place])
    store(rows.values())
    return len(lapsed)
