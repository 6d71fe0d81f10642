"""W-SMALL in PostgreSQL: offers, policies, the customers that are asked about, and a crowd beside them."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random

from django.db import transaction

from creatives.models import Creative, Offer
from decisioning.contacts.ledgers import refill
from decisioning.models import Interaction
from decisioning.models.outcomes import IMPRESSION
from kaireon import clock
from kaireon.access import create_tenant
from kaireon.database.inserting import insert
from kaireon.tenancy import Role, Tenant
from tests.conftest import door_for

OFFERS, CONTACTS, CUSTOMERS, CROWD = 100, 25, 20, 4000
SPAN = timedelta(days=8)
EACH = {"scope": "offer", "scopeId": "*", "status": "active"}
POLICIES = {
    "Three a day, ten a week": {"ruleType": "frequency_cap", "config": {"maxPerDay": 3, "maxPerWeek": 10}},
    "A day of rest": {"ruleType": "cooldown", "config": {"cooldownHours": 24}},
}

Contacts = list[tuple[datetime, int]]  # (instant, offer's number)


@dataclass(frozen=True)
class World:
    """A tenant with a key of the role delivery, the keys of its offers' rows, and what happened to whom."""

    tenant: Tenant
    key: str
    offers: list[int]
    histories: dict[str, Contacts]


def prepared() -> World:
    """The world; whose contacts they are decides when they were."""
    tenant, now = create_tenant(key="small", name="Small"), clock.now()
    admin = door_for(tenant, Role.ADMIN)
    channel = admin.make("channels", name="Email", status="active")["id"]
    for number in range(OFFERS):
        offer = admin.make("offers", name=f"Offer {number}", status="active")["id"]
        admin.make("creatives", name=f"Creative {number}", status="active", offerId=offer, channelId=channel)
    for name, policy in POLICIES.items():
        admin.make("contact-policies", name=name, **policy, **EACH)
    creatives = list(Creative.objects.order_by("pk").values_list("pk", "offer_id", "channel_id"))
    everybody = {f"customer {seed}": history(seed, now) for seed in range(CUSTOMERS + CROWD)}
    for some in range(0, len(everybody), 500):
        names = list(everybody)[some : some + 500]
        with transaction.atomic():
            insert(Interaction, [row for name in names for row in _rows(tenant, name, everybody[name], creatives)])
            refill(tenant, names)
    asked = {name: everybody[name] for name in list(everybody)[:CUSTOMERS]}
    key = door_for(tenant, Role.DELIVERY).headers["X-API-Key"]
    return World(tenant, key, list(Offer.objects.order_by("pk").values_list("pk", flat=True)), asked)


def history(seed: int, now: datetime) -> Contacts:
    """25 impressions at random instants of the last 8 days, of some offers more than of others, the oldest first."""
    random = Random(seed)
    return sorted((now - SPAN * random.random(), int(random.random() ** 2 * OFFERS)) for _ in range(CONTACTS))


def _rows(tenant: Tenant, name: str, contacts: Contacts, creatives: list[tuple[int, int, int]]) -> list[Interaction]:
    rows = []
    for at, number in contacts:
        creative, offer, channel = creatives[number]
        keys = {"creative_key": creative, "offer_key": offer, "channel_key": channel}
        told = {"at": clock.cut(at), "recorded_at": clock.cut(at), "outcome": IMPRESSION, "label": ""}
        rows.append(Interaction(tenant=tenant, customer_id=name, **keys, **told))
    return rows
