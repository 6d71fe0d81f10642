"""What commands do to many customers' histories at once: which customers, and what is filled in."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.db.models import QuerySet


def customers_with(*rows: QuerySet[Any], after: str | None = None) -> Sequence[str]:
    """The customers of these rows, in order, from behind `after` on; read once, so that batches may write meanwhile."""
    customers: set[str] = set()
    for some in rows:
        customers |= set(some.values_list("customer_id", flat=True).distinct())
    return sorted(customer_id for customer_id in customers if after is None or customer_id > after)
