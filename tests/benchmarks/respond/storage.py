"""Storing alone, in one process and without HTTP: the plain insert against a report that was read already."""

from collections import deque
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from itertools import islice
from statistics import median
from time import perf_counter
from typing import Any

from decisioning.deciding.lookup import Caller, in_force
from decisioning.reporting.reports import RESPOND, Report, Surroundings, report_of
from decisioning.reporting.responding import respond_once
from decisioning.reporting.standing import Standing, stand
from kaireon.access import digest_of
from kaireon.tenancy import Tenant
from tests.benchmarks.e2e.world import World
from tests.benchmarks.respond.plain import insert
from tests.benchmarks.respond.rounds import CREATIVE, PLAIN, RANK, Scenario, bodies
from tests.benchmarks.respond.told import Reports

PAIRS, EACH = 7, 100


def compared(world: World, reports: Mapping[int, Reports]) -> dict[tuple[str, int], tuple[float, float]]:
    """By scenario and contacts: microseconds that storing one takes, and the plain insert's share of it."""
    found = {}
    for scenario in (*CREATIVE.values(), *RANK.values()):
        about = reports[scenario.contacts]
        ours, plain = _ours(world, scenario, about), _plain(PLAIN[scenario.contacts], about)
        pairs = [(_taken(plain), _taken(ours)) for _ in range(PAIRS)]
        share = median(theirs / own for theirs, own in pairs)
        found[scenario.name, scenario.contacts] = median(own for _, own in pairs) * 1e6, share
    return found


def _taken(work: Iterator[Callable[[], Any]]) -> float:
    """Seconds for one, on average."""
    due = list(islice(work, EACH))
    started = perf_counter()
    for each in due:
        each()
    return (perf_counter() - started) / EACH


def _plain(scenario: Scenario, about: Reports) -> Iterator[Callable[[], Any]]:
    for row in bodies(scenario, about):
        stamped = {**row, "at": "2026-01-01T00:00:00Z", "recorded_at": "2026-01-01T00:00:00Z"}
        yield partial(insert, stamped)


def _ours(world: World, scenario: Scenario, about: Reports) -> Iterator[Callable[[], Any]]:
    """Reports that were read, each about somebody else, for what was read of a customer holds until it is written."""
    lately: deque[str] = deque(maxlen=EACH)
    for body in bodies(Scenario(f"storage of {scenario.name}", scenario.contacts, scenario.path), about):
        if body["customerId"] not in lately:
            lately.append(body["customerId"])
            yield partial(respond_once, *_read(world, body))


def _read(world: World, body: Mapping[str, Any]) -> tuple[Tenant, Report, Standing]:
    read, caller = RESPOND.read(body), Caller(digest=digest_of(world.key))
    known, standing = stand(caller, read.values, None)
    around = Surroundings(known.tenant, in_force(caller, known), [read], now=known.at, made=standing.made)
    return known.tenant, report_of(read, body, around), standing
