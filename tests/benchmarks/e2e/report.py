"""The tables."""

import os
import platform
from collections.abc import Callable, Sequence
from importlib.metadata import version
from statistics import median

from django.db import connection

from tests.benchmarks.e2e.load import CONNECTIONS, Measured
from tests.benchmarks.e2e.rounds import Round
from tests.benchmarks.e2e.scenarios import ALL, FLOOR, LIMIT, RECOMMEND, RIVAL, Scenario
from tests.benchmarks.e2e.server import WORKERS
from tests.benchmarks.e2e.statements import Spoken, kind_of
from tests.benchmarks.e2e.world import SEED, World

SHOWN = 110  # characters of a statement


def print_world(world: World, *, fresh: bool) -> None:
    """What runs on what."""
    with connection.cursor() as cursor:
        cursor.execute("SHOW server_version")
        server = cursor.fetchone()[0]
    packages = ", ".join(f"{name} {version(name)}" for name in ("django", "granian", "psycopg"))
    light, heavy = world.groups.values()
    print(f"W-E2E, {platform.python_implementation()} {platform.python_version()}, {packages}, PostgreSQL {server},")
    print(f"{os.cpu_count()} cores, seed {SEED}, {WORKERS} workers, {CONNECTIONS} connections, limit {LIMIT}")
    print(f"{light.customers:,} customers with 25 contacts, {heavy.customers:,} with 200; ", end="")
    print(f"filled in {world.seconds:.0f} s" if fresh else f"filled {world.age.total_seconds() / 3600:.1f} h ago")


def print_load(rounds: Sequence[Round]) -> None:
    """Every address: throughput and latency."""
    print("\n| path | contacts | requests/s | of the floor | p50 ms | p99 ms | of the floor's p99 ", end="")
    print("| workers' CPU ms | PostgreSQL's CPU ms |\n" + "|---" * 9 + "|")
    for scenario in ALL:
        rate, p50, p99 = (_middle(rounds, scenario, of) for of in (_rate, _p50, _p99))
        shares = [f"{_ratio(rounds, scenario, FLOOR, of):.2f}" for of in (_rate, _p99)]
        cpu = " | ".join(f"{_middle(rounds, scenario, of):.3f}" for of in (_workers, _database))
        named = f"{scenario.name} | {scenario.contacts}"
        print(f"| {named} | {rate:,.0f} | {shares[0]} | {p50:.2f} | {p99:.2f} | {shares[1]} | {cpu} |")


def print_goals(rounds: Sequence[Round], spoken: dict[Scenario, Spoken]) -> None:
    """P3 and P4."""
    print("\n| goal | contacts | measured | wanted |\n" + "|---" * 4 + "|")
    for contacts, wanted in ((25, ">= 0.30"), (200, ">= 0.20")):
        ours, theirs = RECOMMEND[contacts], RIVAL[contacts]
        print(f"| P3 of the floor | {contacts} | {_ratio(rounds, ours, FLOOR, _rate):.3f} | {wanted} |")
        print(f"| the same by CPU, the client's left out | {contacts} | {_by_cpu(rounds, ours):.3f} | {wanted} |")
        print(f"| P3 times the rival | {contacts} | {_ratio(rounds, ours, theirs, _rate):.1f} | >= 5 |")
        print(f"| P4 p99 by the floor's | {contacts} | {_ratio(rounds, ours, FLOOR, _p99):.2f} | <= 3 |")
        said = spoken[ours]
        counts = " + ".join(f"{said.count(kind):.2f} {kind}" for kind in ("read", "write", "control"))
        print(f"| P4 statements | {contacts} | {counts} | 1 read + 1 write |")


def print_statements(spoken: dict[Scenario, Spoken]) -> None:
    """What was said to the database, per request; of the rival only how much."""
    for scenario, said in spoken.items():
        print(f"\n{scenario.name}, {scenario.contacts} contacts: ", end="")
        print(f"{sum(said.statements.values()):.2f} statements, {said.round_trips:.2f} round trips")
        for statement, times in said.statements.items() if scenario.name != "rival" else ():
            print(f"  {times:.2f} x {kind_of(statement)}: {statement[:SHOWN]}")


def print_client(rounds: Sequence[Round], length: int) -> None:
    """What the client takes of the cores while the floor is measured."""
    cost = median(each[FLOOR].client / len(each[FLOOR].latencies) for each in rounds)
    share = median(each[FLOOR].client / each[FLOOR].elapsed for each in rounds) / (os.cpu_count() or 1)
    print(f"\nThe client takes {cost * 1e6:.0f} us a request, {share:.0%} of the cores under the floor's load.")
    print(f"The floor answers {length:,} bytes as a recommendation does. Medians of {len(rounds)} rounds.")


def _middle(rounds: Sequence[Round], scenario: Scenario, of: Callable[[Measured], float]) -> float:
    return median(of(each[scenario]) for each in rounds)


def _ratio(rounds: Sequence[Round], ours: Scenario, theirs: Scenario, of: Callable[[Measured], float]) -> float:
    """The median over the rounds, within each of which both were measured one soon after the other."""
    return median(of(each[ours]) / of(each[theirs]) for each in rounds)


def _by_cpu(rounds: Sequence[Round], ours: Scenario) -> float:
    """The share of the floor if nobody else wanted the cores."""
    ours_ms, floor_ms = (sum(_middle(rounds, each, of) for of in (_workers, _database)) for each in (ours, FLOOR))
    return floor_ms / ours_ms if ours_ms else 0.0


def _rate(measured: Measured) -> float:
    return measured.rate


def _p50(measured: Measured) -> float:
    return measured.percentile(0.50)


def _p99(measured: Measured) -> float:
    return measured.percentile(0.99)


def _workers(measured: Measured) -> float:
    return measured.server.workers / len(measured.latencies) * 1000


def _database(measured: Measured) -> float:
    return measured.server.database / len(measured.latencies) * 1000
