"""The run itself: what SQL each address speaks, then all of them measured in turns."""

from collections.abc import Iterator
from itertools import cycle
from typing import Any

from django.test import Client

from tests.benchmarks.e2e.load import Load, Measured
from tests.benchmarks.e2e.scenarios import ALL, FLOOR, RECOMMEND, Scenario, asked
from tests.benchmarks.e2e.server import HOST
from tests.benchmarks.e2e.statements import Spoken, spoken
from tests.benchmarks.e2e.world import World

WARMING = 2.0  # seconds for each address; both workers load their configuration in it
COUNTED = 20  # requests whose statements are counted

Round = dict[Scenario, Measured]


def said(world: World) -> dict[Scenario, Spoken]:
    """What each address but the floor says to the database, asked within this process."""
    return {scenario: spoken(_asking(world, scenario), times=COUNTED) for scenario in ALL if scenario != FLOOR}


def an_answer(world: World) -> str:
    """One answer of the product, which the floor repeats."""
    return _asking(world, RECOMMEND[25])()


def measured(world: World, port: int, *, rounds: int, seconds: float) -> Iterator[Round]:
    """Round after round, each address in turn for so many seconds."""
    requests = {scenario: scenario.requests(world) for scenario in ALL}
    load = Load(port)
    for scenario in ALL:
        load.drive(requests[scenario], seconds=WARMING)
    for _ in range(rounds):
        yield {scenario: load.drive(requests[scenario], seconds=seconds) for scenario in ALL}


def _asking(world: World, scenario: Scenario) -> Any:
    client = Client(SERVER_NAME=HOST, headers={"X-API-Key": world.key})
    bodies = cycle([asked(customer) for customer in scenario.customers(world, COUNTED)])

    def ask() -> str:
        response = client.post(scenario.path, data=next(bodies), content_type="application/json")
        if response.status_code != 200:
            raise RuntimeError(f"{scenario.path} answered {response.status_code}: {response.content.decode()}")
        return response.content.decode()

    return ask
