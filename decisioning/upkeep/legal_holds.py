"""Legal holds: customers of whom nothing is deleted, neither for its age nor on request, until they are released."""

from __future__ import annotations

from collections.abc import Collection

from decisioning.contacts.ledgers import lock
from decisioning.customers import WITHHELD, audited_id
from decisioning.models import LegalHold
from kaireon.tenancy import Tenant
from kaireon.writing import Writing


class UnderLegalHold(Exception):
    """A customer about whom nothing may be deleted; `reason` is what whoever placed the hold said."""

    def __init__(self, hold: LegalHold) -> None:
        super().__init__(f"Nothing of this customer may be deleted: there is a legal hold ({hold.reason}).")
        self.reason = hold.reason


def refuse_if_held(tenant: Tenant, customer_id: str) -> None:
    """Raises UnderLegalHold. Called with the customer's ledger locked, a hold cannot come before the end."""
    hold = LegalHold.objects.of(tenant).filter(customer_id=customer_id).first()
    if hold is not None:
        raise UnderLegalHold(hold)


def held_among(tenant: Tenant, customer_ids: Collection[str]) -> set[str]:
    """Those of the customers who are under a hold."""
    rows = LegalHold.objects.of(tenant).filter(customer_id__in=customer_ids)
    return set(rows.values_list("customer_id", flat=True))


def place(unit: Writing, customer_id: str, *, reason: str) -> bool:
    """Puts the customer under a hold; False when there is one already, which stays as it is.

    Waits for whoever deletes something of the customer at this moment.
    """
    lock(unit.tenant, [customer_id])
    _, placed = LegalHold.objects.get_or_create(
        tenant=unit.tenant, customer_id=customer_id, defaults={"reason": reason, "created_at": unit.now}
    )
    if placed:
        _audit(unit, customer_id, action="legal_hold", before=None, after={"reason": WITHHELD})
    return placed


def release(unit: Writing, customer_id: str) -> bool:
    """Takes the hold off the customer; False when there was none."""
    hold = LegalHold.objects.of(unit.tenant).filter(customer_id=customer_id).first()
    if hold is None:
        return False
    hold.delete()
    _audit(unit, customer_id, action="legal_release", before={"reason": WITHHELD}, after=None)
    return True


def _audit(
    unit: Writing, customer_id: str, *, action: str, before: dict[str, str] | None, after: dict[str, str] | None
) -> None:
    unit.audit(
        action=action,
        entity_type="customer",
        entity_id=audited_id(customer_id),
        entity_name=customer_id,
        before=before,
        after=after,
    )
