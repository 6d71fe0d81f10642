"""The throughput: plain inserts, admissions and the mix of W-CAP in turns, over the same connections."""

import json
from collections.abc import Iterator
from itertools import count
from random import Random

from tests.benchmarks.caps.attempts import CONNECTIONS, WORKERS
from tests.benchmarks.caps.world import RESERVED, World, customers
from tests.benchmarks.e2e.load import Load, Measured, head

WARMING = 2.0
ATTEMPTS = 4000

INSERTS = ("the ORM's insert", "the prepared insert")
ADMISSIONS, MIX = "admissions", "the mix of W-CAP"

Round = dict[str, Measured]


def measured(world: World, port: int, *, rounds: int, seconds: float) -> Iterator[Round]:
    """Round after round, each address in turn for so many seconds."""
    load = Load(port, connections=CONNECTIONS, workers=WORKERS)
    requests = {
        INSERTS[0]: _inserts("/insert"),
        INSERTS[1]: _inserts("/insert-prepared"),
        ADMISSIONS: _admissions(world),
        MIX: _mix(world),
    }
    for each in requests.values():
        load.drive(each, seconds=WARMING)
    for _ in range(rounds):
        yield {name: load.drive(each, seconds=seconds) for name, each in requests.items()}


def _inserts(path: str) -> Iterator[bytes]:
    for number in count():
        body = json.dumps({"customerId": f"insert {number}"}).encode()
        yield head(path, len(body)) + body


def _admissions(world: World) -> Iterator[bytes]:
    """Every customer once."""
    for number in count():
        yield _attempt(world, f"admission {number}")


def _mix(world: World) -> Iterator[bytes]:
    """Run after run of W-CAP, each with customers of its own."""
    random = Random(1)
    for run in count():
        wanted = customers(RESERVED, f"mix {run}")
        for customer in random.choices(wanted, k=ATTEMPTS):
            yield _attempt(world, customer)


def _attempt(world: World, customer: str) -> bytes:
    body = world.body(RESERVED, customer)
    return head("/api/v1/recommend", len(body), **{"X-API-Key": world.key}) + body
