"""The customers a creative can be looked at for. Who they are is known further up: there a finder is added."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from kaireon.tenancy import Tenant

Sample = tuple[str, Mapping[str, Any]]  # the client's id and what is known of the customer
Finder = Callable[[Tenant, str, int], Sequence[Sample]]

MOST_SUGGESTED = 20

# Each answers at most so many of the tenant's customers from this id on, in the order of ids.
sample_finders: list[Finder] = []


def suggested(tenant: Tenant, text: str) -> list[str]:
    """Ids that begin with the text."""
    found = [customer_id for customer_id, _ in _found(tenant, text, MOST_SUGGESTED)]
    return [customer_id for customer_id in found if customer_id.startswith(text)]


def attributes_of(tenant: Tenant, customer_id: str) -> Mapping[str, Any] | None:
    """What is known of one customer of the tenant; None where there is none with this id."""
    found = _found(tenant, customer_id, 1)
    return next((attributes for known, attributes in found if known == customer_id), None)


def _found(tenant: Tenant, text: str, most: int) -> list[Sample]:
    """Nobody's id has a NUL in it, and PostgreSQL refuses to look for one."""
    return [] if "\0" in text else [sample for find in sample_finders for sample in find(tenant, text, most)]
