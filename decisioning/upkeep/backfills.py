"""What commands do to many customers' histories at once: which customers, and what is filled in."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.db.models import OuterRef, QuerySet, Subquery, Value
from django.db.models.functions import Coalesce

from creatives.models import Offer
from decisioning.contacts.ledgers import lock, refill
from decisioning.models import Interaction
from kaireon.tenancy import Tenant


def customers_with(*rows: QuerySet[Any], after: str | None = None) -> Sequence[str]:
    """The customers of these rows, in order, from behind `after` on; read once, so that batches may write meanwhile."""
    customers: set[str] = set()
    for some in rows:
        customers |= set(some.values_list("customer_id", flat=True).distinct())
    return sorted(customer_id for customer_id in customers if after is None or customer_id > after)


def record_labels(tenant: Tenant, customer_ids: Sequence[str]) -> int:
    """Gives contacts whose label was never recorded their offer's present one; the number of contacts.

    "" stands for an offer without a label, and for no offer.
    """
    lock(tenant, customer_ids)
    label = Offer.everything.of(tenant).filter(pk=OuterRef("offer_key")).values("category_label")
    rows = Interaction.objects.of(tenant).filter(customer_id__in=customer_ids, label__isnull=True)
    labelled = rows.update(label=Coalesce(Subquery(label), Value("")))
    refill(tenant, customer_ids)
    return labelled
