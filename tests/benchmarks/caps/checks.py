"""What the database says after a run, and whether that agrees with what callers were told."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from decisioning.contacts.ledgers import faults
from decisioning.models import Decision, Interaction, Presentation, Reservation
from decisioning.models.outcomes import IMPRESSION
from tests.benchmarks.caps.attempts import Told
from tests.benchmarks.caps.world import CAP, CUSTOMERS, RESERVED, World


@dataclass(frozen=True)
class Found:
    """What is stored of some customers: decisions, and places by customer; `amiss` says what does not agree."""

    decisions: int
    places: Counter[str]
    amiss: tuple[str, ...]

    @property
    def admissions(self) -> int:
        """The places of all customers."""
        return self.places.total()

    @property
    def largest(self) -> int:
        """The largest number of places of one customer."""
        return max(self.places.values(), default=0)


def found(world: World, way: str, customers: Sequence[str], told: Told) -> Found:
    """Counts what is stored. Nothing is read that the servers keep in memory."""
    mine = {"tenant": world.tenant, "customer_id__in": customers}
    rows = Reservation.objects.filter(**mine) if way == RESERVED else Interaction.objects.filter(**mine)
    lines = list(rows.values_list("customer_id", "decision_key"))
    decisions = set(Decision.objects.filter(**mine).values_list("pk", flat=True))
    stored = Found(len(decisions), Counter(customer for customer, _ in lines), ())
    return Found(stored.decisions, stored.places, (*_amiss(world, way, customers, told, stored, decisions, lines),))


def _amiss(
    world: World,
    way: str,
    customers: Sequence[str],
    told: Told,
    stored: Found,
    decisions: set[int],
    lines: Sequence[tuple[str, int | None]],
) -> Iterator[str]:
    if stored.admissions != CAP * CUSTOMERS or stored.largest > CAP or told.largest > CAP:
        yield f"{stored.admissions} places, {stored.largest} of one customer, {told.largest} by the answers"
    answered = {(customer, Decision.id_kind.decode(recommendation)) for customer, recommendation in told.admitted}
    if lost := len(answered - set(lines)):
        yield f"{lost} places of those that were told of are not stored"
    if len(lines) - len(answered) > len(told.unanswered):
        yield f"{len(lines) - len(answered)} places nobody was told of, {len(told.unanswered)} callers unanswered"
    if strays := len({decision for _, decision in lines} - decisions):
        yield f"{strays} places without a decision"
    yes_and_no = len(told.admitted) + told.refused
    if not yes_and_no <= len(decisions) <= yes_and_no + len(told.unanswered):
        yield f"{len(decisions)} decisions are stored, {yes_and_no} were told"
    if way != RESERVED:
        contacts = Interaction.objects.of(world.tenant).filter(customer_id__in=customers, outcome=IMPRESSION)
        gates = Presentation.objects.of(world.tenant).filter(customer_id__in=customers, void=False)
        if set(contacts.values_list("pk", flat=True)) != set(gates.values_list("interaction_key", flat=True)):
            yield "contacts and the gates that keep them the only ones differ"
    if faulty := sorted(faults(world.tenant, customers)):
        yield f"{len(faulty)} ledgers do not say what history and reservations say"
