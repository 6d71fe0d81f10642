"""After a process was killed: what was told is reported as shown, what was not lapses, and nothing is lost."""

from io import StringIO
from time import sleep

from django.core.management import call_command

from decisioning.contacts.ledgers import faults
from decisioning.models import Interaction, Reservation
from decisioning.models.outcomes import IMPRESSION
from decisioning.models.reservations import ReservationState
from tests.benchmarks.caps.attempts import Crowd, Told
from tests.benchmarks.caps.world import CAP, RESERVED, World


def settled(world: World, crowd: Crowd, customers: list[str], told: Told, *, lapse_after: float) -> list[str]:
    """Settles every place and attempts again; what then is not as it must be."""
    crowd.report(
        [
            {"customerId": customer, "recommendationId": recommendation, "rank": 1, "outcome": IMPRESSION}
            for customer, recommendation in told.admitted
        ]
    )
    sleep(lapse_after)
    call_command("expire_reservations", tenant=world.tenant.key, verbosity=0, stdout=StringIO())
    mine = {"tenant": world.tenant, "customer_id__in": customers}
    states = list(Reservation.objects.filter(**mine).values_list("state", flat=True))
    contacts = Interaction.objects.filter(**mine, outcome=IMPRESSION, void=False).count()
    again = crowd.attempt([(customer, world.body(RESERVED, customer)) for customer in customers for _ in range(CAP)])
    amiss = []
    if contacts != len(told.admitted) or states.count(ReservationState.COMMITTED) != contacts:
        amiss.append(f"{contacts} contacts, {states.count(ReservationState.COMMITTED)} places used")
    lapsed = states.count(ReservationState.LAPSED)
    if lapsed != len(states) - contacts or len(again.admitted) != CAP * len(customers) - contacts:
        amiss.append(f"{lapsed} places lapsed, {len(again.admitted)} could be taken again")
    return amiss + [f"the ledger of {customer}" for customer in faults(world.tenant, customers)]
