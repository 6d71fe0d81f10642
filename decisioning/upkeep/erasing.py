"""Erasing a customer: whatever is stored under their id goes, totals over all customers stay."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from django.db.models import Model

from decisioning.contacts import budgets
from decisioning.contacts.carried import carry
from decisioning.contacts.fingerprints import of_interaction
from decisioning.contacts.ledgers import lock
from decisioning.models import (
    CarriedSummary,
    ContactLedger,
    Customer,
    Decision,
    ErasedRow,
    IdempotencyKey,
    Interaction,
    InteractionSummary,
    Presentation,
    Reservation,
    SegmentMember,
)
from decisioning.upkeep.legal_holds import refuse_if_held
from kaireon.batching import in_batches
from kaireon.tenancy import Tenant
from kaireon.writing import Writing

AT_ONCE = 1000
# What is told about and in which order it goes: the ledger last, because it holds other writers back until then.
ERASED: Mapping[str, tuple[type[Model], ...]] = {
    "interactions": (Interaction,),
    "summaries": (InteractionSummary, CarriedSummary),
    "presentations": (Presentation,),
    "reservations": (Reservation,),
    "decisions": (Decision,),
    "answers": (IdempotencyKey,),
    "ledgers": (ContactLedger,),
}


def erase(unit: Writing, customer_id: str) -> dict[str, int]:
    """Removes everything known of a customer, stored or not; the number of rows of each kind.

    What they used of budgets is carried forward, what they reserved is free again, and an import does not bring back
    what happened. Raises UnderLegalHold.
    """
    [ledger] = lock(unit.tenant, [customer_id]).values()
    refuse_if_held(unit.tenant, customer_id)
    history = Interaction.objects.of(unit.tenant).filter(customer_id=customer_id)
    carry(unit.tenant, history.filter(void=False).iterator())
    _never_again(unit.tenant, history.iterator())
    members = SegmentMember.objects.filter(customer__tenant=unit.tenant, customer__customer_id=customer_id)
    gone = {"memberships": members.delete()[0]}
    gone["customers"] = Customer.objects.of(unit.tenant).filter(customer_id=customer_id).delete()[0]
    budgets.hold(unit.tenant, list(Reservation.objects.of(unit.tenant).open().filter(customer_id=customer_id)), step=-1)
    for name, models in ERASED.items():
        rows: list[Any] = [each._default_manager.filter(tenant=unit.tenant, customer_id=customer_id) for each in models]
        gone[name] = sum(some.delete()[0] for some in rows)
    if not ledger.revision:
        gone["ledgers"] = 0  # it was made to be locked
    return gone


def _never_again(tenant: Tenant, interactions: Iterable[Interaction]) -> None:
    for some in in_batches(interactions, AT_ONCE):
        rows = [ErasedRow(tenant=tenant, import_key=of_interaction(interaction)) for interaction in some]
        ErasedRow.objects.bulk_create(rows, ignore_conflicts=True)
