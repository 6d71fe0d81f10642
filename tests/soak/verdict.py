"""What has to be true when everything is over."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from datetime import timedelta
from random import Random

from decisioning.contacts import summaries
from decisioning.contacts.ledgers import faults
from decisioning.models import Interaction, Reservation
from kaireon.tenancy import Tenant
from tests.conftest import Door
from tests.decisioning.summing import expected_summaries, walked
from tests.soak.clients import Told

SETTLING = ("impression", "not_presented", "expired")
LATENESS = timedelta(seconds=3)  # how long after its instant a report is stored at the latest
SAMPLE = 60


def findings(tenant: Tenant, door: Door, told: Told, *, cap: int, crashed: float) -> Iterator[tuple[str, str, bool]]:
    """(what, the numbers, whether it is right)"""
    stored = Interaction.objects.of(tenant)
    keys = {Interaction.id_kind.decode(public_id) for public_id in told.acknowledged}
    missing = keys - set(stored.values_list("pk", flat=True))
    yield "acknowledged and not in history", f"{len(missing):,}", not missing
    expected, found = len(keys) + told.in_bulk, stored.count()
    yield "acknowledged / rows in history", f"{expected:,} / {found:,}", expected == found
    people = list(stored.order_by().values_list("customer_id", flat=True).distinct())
    wrong = list(faults(tenant, people))
    yield "customers / ledgers that are wrong", f"{len(people):,} / {len(wrong)}", not wrong
    sample = Random(1).sample(sorted(people), min(SAMPLE, len(people)))
    unlike = [customer for customer in sample if not _summaries_equal(tenant, door, customer)]
    yield "summaries looked at / unlike history", f"{len(sample)} / {len(unlike)}", not unlike
    due = len(summaries.customers_due(tenant))
    yield "summaries behind history, counted when asked", f"{due:,}", True
    _, audit = door("GET", "audit-logs/verify")
    yield "audit entries verified / in all", f"{audit['verified']} / {audit['total']}", audit["intact"]
    admissions, over = _admissions(tenant, cap)
    yield "admissions / beyond the cap", f"{admissions:,} / {over}", not over
    lost = [at for at in told.forgotten if not crashed - 2 < at < crashed + 1]
    yield "unbound decisions lost with the crash / otherwise", f"{len(told.forgotten)} / {len(lost)}", not lost


def _summaries_equal(tenant: Tenant, door: Door, customer: str) -> bool:
    found, _ = walked(door, "interaction-summaries", customerId=customer.replace(" ", "%20"), limit=100)
    expected = expected_summaries(tenant, customer)
    return sorted(map(repr, map(_sorted, found))) == sorted(map(repr, map(_sorted, expected)))


def _sorted(row: dict[str, object]) -> list[tuple[str, object]]:
    return sorted(row.items())


def _admissions(tenant: Tenant, cap: int) -> tuple[int, int]:
    """How many places and implicit contacts were admitted, and how many of them although the cap was reached.

    A place counts from its decision until it is released, taken back or lapsed; used in time it goes on as a contact,
    used too late it is a contact from then on, which a decision at the same moment need not know yet.
    """
    lines = defaultdict(list)
    for row in Interaction.objects.of(tenant).exclude(decision_key=None).filter(outcome__in=SETTLING).order_by("pk"):
        lines[row.decision_key, row.rank].append(row)
    admitted, spans = defaultdict(list), defaultdict(list)
    for place in Reservation.objects.of(tenant):
        reports = lines.pop((place.decision_key, place.rank), [])
        taken_back = next((row.recorded_at for row in reports if row.outcome == "not_presented"), None)
        first = next((row for row in reports if row.recorded_at < place.expires_at), None)
        used = first is not None and first.outcome == "impression"
        end = taken_back if used else min(place.expires_at, first.recorded_at) if first else place.expires_at
        admitted[place.customer_id].append((place.reserved_at, place.decision_key, place.rank))
        spans[place.customer_id].append((place.reserved_at, end, (place.decision_key, place.rank)))
        late = [row.recorded_at + LATENESS for row in reports if row.outcome == "impression" and not row.void]
        if late and not used:
            spans[place.customer_id].append((late[0], taken_back, None))
    for line, reports in lines.items():
        contact = reports[0]
        if contact.outcome == "impression" and contact.customer_id.startswith("capped"):
            taken_back = next((row.recorded_at for row in reports if row.outcome == "not_presented"), None)
            admitted[contact.customer_id].append((contact.recorded_at, *line))
            spans[contact.customer_id].append((contact.recorded_at, taken_back, line))
    over = 0
    for customer, each in admitted.items():
        order = {(decision, rank): place for place, (_, decision, rank) in enumerate(sorted(each))}
        for at, decision, rank in each:
            mine = order[decision, rank]
            counting = sum(
                begin <= at and (end is None or at < end) and (line is None or order[line] < mine)
                for begin, end, line in spans[customer]
            )
            over += counting >= cap
    return sum(map(len, admitted.values())), over
