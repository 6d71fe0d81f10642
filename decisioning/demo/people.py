"""The demo tenant's customers: what is known of those the simulated history is about, and the segments they are in."""

from __future__ import annotations

from random import Random

from decisioning.customers import CustomerBatch, audit_many, segments_by_name
from decisioning.demo.simulation import EXAMPLE_CUSTOMER
from decisioning.demo.world import SEGMENTS
from kaireon.access import operator
from kaireon.tenancy import Tenant
from kaireon.writing import writing

FIRST_NAMES = ("Ada", "Ben", "Chiara", "Deniz", "Emil", "Fatima", "Greta", "Hugo", "Ines", "Jonas", "Klara", "Luca")
SHARES = dict(zip(SEGMENTS, (0.03, 0.15, 0.6), strict=True))  # of the customers, who are in the segment


def introduce(tenant: Tenant, *, customers: int, seed: int) -> None:
    """Stores the customers that `simulate` tells of; the example customer is in no segment."""
    random, segments = Random(seed), segments_by_name(tenant)
    ids = [f"C{number:05}" for number in range(1, customers + 1)]
    with writing(operator(tenant, "quickstart")) as unit:
        batch = CustomerBatch(unit, ids)
        for customer_id in ids:
            known = {"first_name": random.choice(FIRST_NAMES), "reference": customer_id.lower()}
            within = {segments[name] for name, share in SHARES.items() if random.random() < share}
            chosen = within if customer_id != EXAMPLE_CUSTOMER else set()
            batch.put(customer_id, values={"attributes": known}, segments=chosen)
        batch.store()
        audit_many(batch, action="import")
