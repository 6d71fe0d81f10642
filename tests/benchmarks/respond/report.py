"""The tables."""

import os
import platform
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from importlib.metadata import version
from statistics import median

from django.db import connection

from tests.benchmarks.e2e.load import CONNECTIONS, Measured
from tests.benchmarks.e2e.server import WORKERS
from tests.benchmarks.e2e.statements import Spoken, kind_of
from tests.benchmarks.e2e.world import SEED, World
from tests.benchmarks.respond.rounds import ALL, BULK, CREATIVE, PLAIN, RANK, Round, Scenario

SHOWN = 60  # characters of a statement, which tell most of them apart; the rest may be values


def print_world(world: World) -> None:
    """What runs on what."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_setting('server_version'), current_setting('synchronous_commit')")
        server, durable = cursor.fetchone()
    packages = ", ".join(f"{name} {version(name)}" for name in ("django", "granian", "psycopg"))
    light, heavy = world.groups.values()
    print(
        f"P7, {platform.python_implementation()} {platform.python_version()}, {packages}, PostgreSQL {server}, ", end=""
    )
    print(f"synchronous_commit {durable},\n{os.cpu_count()} cores, seed {SEED}, {WORKERS} workers, ", end="")
    print(f"{CONNECTIONS} connections; {light.customers:,} customers with 25 contacts, {heavy.customers:,} with 200")


def print_load(rounds: Sequence[Round]) -> None:
    """Every address, per report: throughput and what it takes of the cores."""
    print("\n| what | contacts | in a request | reports/s | p50 ms | p99 ms | workers' CPU us | PostgreSQL's CPU us |")
    print("|---" * 8 + "|")
    for scenario in ALL:
        rate, p50, p99 = (_middle(rounds, scenario, of) for of in (_rate, _p50, _p99))
        cpu = " | ".join(f"{_middle(rounds, scenario, of) / scenario.reports:.0f}" for of in (_workers, _database))
        named = f"{scenario.name} | {scenario.contacts} | {scenario.reports}"
        print(f"| {named} | {rate * scenario.reports:,.0f} | {p50:.2f} | {p99:.2f} | {cpu} |")


def print_goals(rounds: Sequence[Round], storage: Mapping[tuple[str, int], tuple[float, float]]) -> None:
    """P7."""
    print("\n| P7 | contacts | measured | by CPU | wanted |\n" + "|---" * 5 + "|")
    for scenario in (*CREATIVE.values(), *RANK.values()):
        plain = PLAIN[scenario.contacts]
        shares = f"{_ratio(rounds, scenario, plain):.2f} | {_by_cpu(rounds, scenario, plain):.2f}"
        print(f"| {scenario.name}, of the plain insert over HTTP | {scenario.contacts} | {shares} | >= 0.5 |")
    for (name, contacts), (micros, share) in storage.items():
        print(f"| {name}, storing alone ({micros:.0f} us) | {contacts} | {share:.2f} | | >= 0.5 |")
    for count, scenario in BULK.items():
        single = CREATIVE[scenario.contacts]
        shares = f"{_ratio(rounds, scenario, single):.1f} | {_by_cpu(rounds, scenario, single):.1f}"
        print(f"| bulk of {count}, times single | {scenario.contacts} | {shares} | >= 8 |")
    print(f"\nMedians of {len(rounds)} rounds.")


def print_statements(spoken: Mapping[Scenario, Spoken]) -> None:
    """What was said to the database, per request."""
    for scenario, said in spoken.items():
        print(f"\n{scenario.name}, {scenario.contacts} contacts, {scenario.reports} in a request: ", end="")
        print(f"{sum(said.statements.values()):.2f} statements, {said.round_trips:.2f} round trips")
        alike: Counter[str] = Counter()
        for statement, times in said.statements.items():
            alike[f"{kind_of(statement)}: {statement[:SHOWN]}"] += times
        for statement, times in alike.items():
            print(f"  {times:.2f} x {statement}")


def _middle(rounds: Sequence[Round], scenario: Scenario, of: Callable[[Measured], float]) -> float:
    return median(of(each[scenario]) for each in rounds)


def _ratio(rounds: Sequence[Round], ours: Scenario, theirs: Scenario) -> float:
    """The median over the rounds, within each of which both were measured one soon after the other."""
    return median(each[ours].rate * ours.reports / (each[theirs].rate * theirs.reports) for each in rounds)


def _by_cpu(rounds: Sequence[Round], ours: Scenario, theirs: Scenario) -> float:
    """The ratio if the cores were all that counted, the client's part left out."""
    taken = [sum(_middle(rounds, each, of) for of in (_workers, _database)) / each.reports for each in (ours, theirs)]
    return taken[1] / taken[0] if taken[0] else 0.0


def _rate(measured: Measured) -> float:
    return measured.rate


def _p50(measured: Measured) -> float:
    return measured.percentile(0.50)


def _p99(measured: Measured) -> float:
    return measured.percentile(0.99)


def _workers(measured: Measured) -> float:
    return measured.server.workers / len(measured.latencies) * 1e6


def _database(measured: Measured) -> float:
    return measured.server.database / len(measured.latencies) * 1e6
