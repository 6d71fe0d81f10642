"""What is reported: requests with a new idempotency key each, and rows for the rival."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import cycle, islice
from random import Random
from secrets import token_hex
from typing import Any

from django.test import Client

from creatives.models import Creative
from decisioning.models import Decision, Interaction
from kaireon.tenancy import Tenant
from tests.benchmarks.e2e.load import head
from tests.benchmarks.e2e.server import HOST
from tests.benchmarks.e2e.world import SEED, World
from tests.benchmarks.respond.plain import COLUMNS, INSTANTS

RANKS = 3  # decisions in a recommendation
LINES = 60_000  # ranks of recommendations that a group of customers has to report about
RUN = token_hex(4)  # begins all keys of a run, for those of an earlier one may be in the database

Body = dict[str, Any]


@dataclass(frozen=True)
class Reports:
    """The endless reports about customers with so many contacts, each with a key that no other has."""

    world: World
    contacts: int
    ranks: Iterator[tuple[str, str, int]]  # customers, what was recommended to them, and ranks nobody told of so far

    def about_creatives(self, name: str) -> Iterator[Body]:
        """Impressions of random creatives."""
        random, group = Random(SEED), self.world.groups[self.contacts]
        creatives = [
            Creative.id_kind.encode(key) for key in Creative.objects.order_by("pk").values_list("pk", flat=True)
        ]
        for number in range(10**9):
            customer = group.customer(random.randrange(group.customers))
            yield told(customer, f"{name} {self.contacts} {number}", creativeId=random.choice(creatives))

    def about_ranks(self, name: str) -> Iterator[Body]:
        """Impressions of what was recommended."""
        for customer, recommendation, rank in self.ranks:
            key = f"{name} {recommendation} {rank}"
            yield told(customer, key, recommendationId=recommendation, rank=rank)


def told(customer: str, key: str, **about: Any) -> Body:
    """The body of one report."""
    return {"customerId": customer, **about, "outcome": "impression", "idempotencyKey": f"{RUN} {key}"}


def reports_for(world: World, tenant: Tenant) -> dict[int, Reports]:
    """Reports about each group of customers, for whom decisions are stored to report about."""
    return {contacts: Reports(world, contacts, iter(_ranks(world, tenant, contacts))) for contacts in world.groups}


def _ranks(world: World, tenant: Tenant, contacts: int) -> list[tuple[str, str, int]]:
    """The ranks of recommendations: one that was made for a customer of the group and copied for all others."""
    group = world.groups[contacts]
    client = Client(SERVER_NAME=HOST, headers={"X-API-Key": world.key})
    for number in range(group.customers):
        body = json.dumps({"customerId": group.customer(number), "limit": RANKS})
        answer = client.post("/api/v1/recommend", body, content_type="application/json").json()
        if answer["count"] == RANKS:
            break
    made = Decision.objects.get(pk=Decision.id_kind.decode(answer["recommendationId"]))
    customers = islice(cycle(range(group.customers)), LINES // RANKS)
    copies = [
        Decision(
            tenant=tenant,
            customer_id=group.customer(number),
            decided_at=made.decided_at,
            version=made.version,
            flow_version=made.flow_version,
            record=made.record,
        )
        for number in customers
    ]
    stored = Decision.objects.bulk_create(copies, batch_size=1000)
    return [(each.customer_id, each.public_id, rank) for rank in range(1, RANKS + 1) for each in stored]


def rows(customers: Iterator[str], like: Sequence[Interaction]) -> Iterator[Body]:
    """Rows for the rival such as the product stored."""
    told = cycle([row_of(each) for each in like])
    return (strangers({**row, "customer_id": customer}) for customer, row in zip(customers, told, strict=False))


def row_of(interaction: Interaction) -> Body:
    """An interaction as the rival is told of it; when it happened is the rival's to say."""
    return {column: getattr(interaction, column) for column in COLUMNS if column not in INSTANTS}


def strangers(row: Body) -> Body:
    """The row about somebody else, for the rival writes no ledgers, and the product's are to be right in the end."""
    return {**row, "customer_id": f"p{row['customer_id'][1:]}"}


def request(world: World, path: str, body: Mapping[str, Any]) -> bytes:
    """A whole request."""
    content = json.dumps(body).encode()
    return head(path, len(content), **{"X-API-Key": world.key}) + content
