"""The run over HTTP: every address in turn, round after round, over the same connections."""

import json
from collections import deque
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from itertools import islice

from django.test import Client

from decisioning.models import Interaction
from tests.benchmarks.e2e import database
from tests.benchmarks.e2e.load import Load, Measured
from tests.benchmarks.e2e.server import HOST
from tests.benchmarks.e2e.statements import Spoken, spoken
from tests.benchmarks.e2e.world import World
from tests.benchmarks.respond.told import Body, Reports, request, rows

WARMING = 1.0
# Requests that are made before a stretch begins, by the reports in each; making them is not to take time from the rest.
AHEAD = {1: 5000, 100: 250, 1000: 40}


@dataclass(frozen=True)
class Scenario:
    """One address, asked about customers with so many contacts, with so many reports in a request."""

    name: str
    contacts: int
    path: str
    reports: int = 1


@dataclass
class Requests:
    """Requests without end, some of them ready."""

    source: Iterator[bytes]
    ready: deque[bytes] = field(default_factory=deque)

    def prepare(self, count: int) -> None:
        """Makes so many ready."""
        self.ready.extend(islice(self.source, max(count - len(self.ready), 0)))

    def __iter__(self) -> Iterator[bytes]:
        while True:
            yield self.ready.popleft() if self.ready else next(self.source)


PLAIN = {contacts: Scenario("plain", contacts, "/plain") for contacts in (25, 200)}
CREATIVE = {contacts: Scenario("respond, creative", contacts, "/api/v1/respond") for contacts in (25, 200)}
RANK = {contacts: Scenario("respond, rank", contacts, "/api/v1/respond") for contacts in (25, 200)}
BULK = {count: Scenario("bulk, creative", 25, "/api/v1/respond/bulk", count) for count in (100, 1000)}
ALL = (*PLAIN.values(), *CREATIVE.values(), *RANK.values(), *BULK.values())

Round = Mapping[Scenario, Measured]


def measured(
    world: World, reports: Mapping[int, Reports], port: int, *, rounds: int, seconds: float
) -> Iterator[Round]:
    """Round after round, each address in turn for so many seconds; the first one, which warms, is shorter."""
    requests = {scenario: Requests(_requests(world, scenario, reports[scenario.contacts])) for scenario in ALL}
    database.settle()  # which takes longest the first time, and the server hangs up on whoever is idle for long
    load = Load(port)
    for number in range(rounds + 1):
        database.settle()
        found = {}
        for scenario, waiting in requests.items():
            lasting = seconds if number else WARMING
            waiting.prepare(int(AHEAD[scenario.reports] * lasting))
            found[scenario] = load.drive(iter(waiting), seconds=lasting)
        yield found


def bodies(scenario: Scenario, reports: Reports) -> Iterator[Body]:
    """The bodies of a scenario's requests."""
    name = f"{scenario.name} {scenario.reports}"
    if scenario.path == PLAIN[25].path:
        about = (body["customerId"] for body in reports.about_creatives(name))
        yield from rows(about, list(Interaction.objects.order_by("pk")[:1000]))
    each = reports.about_ranks(name) if "rank" in scenario.name else reports.about_creatives(name)
    while scenario.reports > 1:
        yield {"outcomes": list(islice(each, scenario.reports))}
    yield from each


def _requests(world: World, scenario: Scenario, reports: Reports) -> Iterator[bytes]:
    return (request(world, scenario.path, body) for body in bodies(scenario, reports))


def said(world: World, reports: Mapping[int, Reports], *, times: int) -> dict[Scenario, Spoken]:
    """What each address says to the database, asked within this process."""
    found = {}
    for scenario in (*CREATIVE.values(), *RANK.values(), *BULK.values()):
        client = Client(SERVER_NAME=HOST, headers={"X-API-Key": world.key})
        named = replace(scenario, name=f"statements of {scenario.name}")
        asked = bodies(named, reports[scenario.contacts])

        def ask(client: Client = client, path: str = scenario.path, asked: Iterator[Body] = asked) -> None:
            answer = client.post(path, data=json.dumps(next(asked)), content_type="application/json")
            if answer.status_code not in {200, 201}:
                raise RuntimeError(f"{path} answered {answer.status_code}: {answer.content.decode()}")

        found[scenario] = spoken(ask, times=times)
    return found
