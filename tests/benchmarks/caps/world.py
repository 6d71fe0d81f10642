"""W-CAP's world: one offer on two channels, a cap of 3 per rolling day, and customers nobody has heard of."""

import json
from dataclasses import dataclass
from random import Random
from typing import Any

from kaireon.access import create_tenant
from kaireon.tenancy import Role, Tenant
from tests.conftest import catalogue_through, door_for

CAP = 3
CUSTOMERS = 50
RESERVED, IMPLICIT = "reserved", "implicit"


@dataclass(frozen=True)
class World:
    """A tenant, its key of the role delivery, and its channels by how a place is taken."""

    tenant: Tenant
    key: str
    channels: dict[str, str]

    def body(self, way: str, customer: str, *, seconds: int | None = None) -> bytes:
        """A request for one place; a reserved one is kept for so many seconds, or as long as by default."""
        asked: dict[str, Any] = {"customerId": customer, "limit": 1, "channelId": self.channels[way]}
        if way == RESERVED:
            asked["reserve"] = seconds or True
        return json.dumps(asked).encode()


def prepared() -> World:
    """The world, made through the API."""
    tenant = create_tenant(key="caps", name="Caps")
    admin = door_for(tenant, Role.ADMIN)
    made = catalogue_through(admin)
    push = admin.make("channels", name="Push", status="active", impressionMode="implicit")["id"]
    admin.make("creatives", name="Push", status="active", offerId=made.offer, channelId=push)
    cap = {"maxPerDay": CAP}
    admin.make("contact-policies", name="Three", ruleType="frequency_cap", config=cap, scope="global", status="active")
    key = door_for(tenant, Role.DELIVERY).headers["X-API-Key"]
    return World(tenant, key, {RESERVED: made.channel, IMPLICIT: push})


def customers(way: str, seed: int | str) -> list[str]:
    """The customers of one run."""
    return [f"{way} {seed} {number}" for number in range(CUSTOMERS)]


def drawn(way: str, seed: int, attempts: int) -> list[str]:
    """The customer of each attempt."""
    return Random(seed).choices(customers(way, seed), k=attempts)
