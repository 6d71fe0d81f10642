"""A seeded history for the demo tenant: a few thousand customers with contacts and what became of them."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from random import Random
from typing import Any

from creatives.models import Creative
from decisioning.contacts import budgets
from decisioning.contacts.ledgers import refill
from decisioning.models import Interaction
from decisioning.models.outcomes import IMPRESSION
from kaireon import clock
from kaireon.batching import in_batches
from kaireon.tenancy import Tenant

DAYS = 60
OUTCOMES = {"click": 0.12, "dismiss": 0.05, "accept": 0.02, "complaint": 0.002, "unsubscribe": 0.004}
MINUTES_UNTIL_REACTION = (1, 600)
CAMPAIGNS = (None, None, None, "spring-cards", "mortgage-week")
BATCH = 2000

# The customer whom the printed example asks about: three e-mails within the last days of the history.
EXAMPLE_CUSTOMER = "C00001"
EXAMPLE_HOURS_AGO = (20, 50, 90)


def simulate(tenant: Tenant, *, customers: int, seed: int, until: datetime) -> int:
    """Stores the history up to an instant and answers the number of interactions."""
    creatives = list(Creative.objects.filter(tenant=tenant).select_related("offer", "channel").order_by("pk"))
    rows = list(_history(tenant, creatives, customers, Random(seed), until))
    rows.sort(key=lambda row: row.at)
    Interaction.objects.bulk_create(rows, batch_size=BATCH)
    budgets.count(tenant, rows)
    for customers_in_batch in in_batches(sorted({row.customer_id for row in rows}), BATCH):
        refill(tenant, customers_in_batch)
    return len(rows)


def _history(
    tenant: Tenant, creatives: list[Creative], customers: int, random: Random, until: datetime
) -> Iterator[Interaction]:
    emails = [creative for creative in creatives if creative.channel.channel_type == "email"]
    for creative, hours in zip(emails, EXAMPLE_HOURS_AGO, strict=False):
        contact = _contact(tenant, EXAMPLE_CUSTOMER, creative)
        yield _recorded(contact, IMPRESSION, until - timedelta(hours=hours))
    for number in range(2, customers + 1):
        for _ in range(min(30, int(random.expovariate(1 / 8)) + 1)):
            contact = _contact(tenant, f"C{number:05}", random.choice(creatives))
            contact["campaign_id"] = random.choice(CAMPAIGNS)
            yield from _episode(contact, random, until)


def _episode(contact: dict[str, Any], random: Random, until: datetime) -> Iterator[Interaction]:
    """A contact and what became of it."""
    at = until - timedelta(days=DAYS * random.random() ** 2)
    yield _recorded(contact, IMPRESSION, at)
    for outcome, share in OUTCOMES.items():
        later = at + timedelta(minutes=random.uniform(*MINUTES_UNTIL_REACTION))
        if random.random() < share and later <= until:
            yield _recorded({**contact, "cost_micros": 0}, outcome, later)


def _contact(tenant: Tenant, customer: str, creative: Creative) -> dict[str, Any]:
    return {
        "tenant": tenant,
        "customer_id": customer,
        "offer_key": creative.offer_id,
        "creative_key": creative.pk,
        "channel_key": creative.channel_id,
        "placement_key": creative.placement_id,
        "category_key": creative.offer.category_id,
        "sub_category_key": creative.offer.sub_category_id,
        "label": creative.offer.category_label,
        "cost_micros": int(creative.channel.cost_per_contact * 1_000_000),
    }


def _recorded(contact: dict[str, Any], outcome: str, at: datetime) -> Interaction:
    instant = clock.cut(at)
    return Interaction(**contact, outcome=outcome, at=instant, recorded_at=instant)
