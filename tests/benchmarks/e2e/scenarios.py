"""What is measured: which address is asked for which customers."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import cycle
from random import Random

from tests.benchmarks.e2e.load import head
from tests.benchmarks.e2e.world import SEED, World

LIMIT = 3
DRAWN = 50_000  # customers of a scenario, who are then asked for again in the same order


@dataclass(frozen=True)
class Scenario:
    """One address, asked for random customers with so many contacts."""

    name: str
    path: str
    contacts: int

    def customers(self, world: World, count: int = DRAWN) -> list[str]:
        """Random customers, the same in every run and for every address."""
        group = world.groups[self.contacts]
        return [group.customer(number) for number in Random(SEED).choices(range(group.customers), k=count)]

    def request(self, world: World, customer: str) -> bytes:
        """A whole request."""
        body = asked(customer)
        return head(self.path, len(body), **{"X-API-Key": world.key}) + body

    def requests(self, world: World) -> Iterator[bytes]:
        """Requests without end."""
        return cycle([self.request(world, customer) for customer in self.customers(world)])


FLOOR = Scenario("floor", "/floor", 25)
RECOMMEND = {contacts: Scenario("recommend", "/api/v1/recommend", contacts) for contacts in (25, 200)}
RIVAL = {contacts: Scenario("rival", "/rival", contacts) for contacts in (25, 200)}
ALL = (FLOOR, *RECOMMEND.values(), *RIVAL.values())


def asked(customer: str) -> bytes:
    """The body of a request."""
    return json.dumps({"customerId": customer, "limit": LIMIT}).encode()
