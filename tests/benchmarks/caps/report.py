"""The tables."""

import os
import platform
from collections.abc import Iterable, Iterator, Sequence
from importlib.metadata import version
from statistics import median

from django.db import connection

from tests.benchmarks.caps.attempts import CONNECTIONS, WORKERS
from tests.benchmarks.caps.exactness import Run
from tests.benchmarks.caps.speed import ADMISSIONS, INSERTS, MIX, Round
from tests.benchmarks.caps.world import CAP, CUSTOMERS
from tests.benchmarks.e2e.load import Measured

HEAD = "| seed | way | database | attempts | told yes | stored | most of one | told no | 503 | unanswered | s | amiss |"


def print_versions() -> None:
    """What runs on what."""
    with connection.cursor() as cursor:
        cursor.execute("SHOW server_version" if connection.vendor == "postgresql" else "SELECT sqlite_version()")
        database = cursor.fetchone()[0]
    packages = ", ".join(f"{name} {version(name)}" for name in ("django", "granian", "psycopg"))
    print(f"W-CAP, {platform.python_implementation()} {platform.python_version()}, {packages},")
    print(f"{connection.display_name} {database}, {os.cpu_count()} cores,")
    print(f"{CONNECTIONS} connections to {WORKERS} server processes")
    print(f"At most {CAP} for each of {CUSTOMERS} customers: {CAP * CUSTOMERS} in all\n")


def print_runs(runs: Iterable[Run]) -> bool:
    """One row for each run, as soon as it is through; whether all were exact."""
    print(HEAD + "\n" + "|---" * (HEAD.count("|") - 1) + "|")
    exact = True
    for run in runs:
        print(f"| {' | '.join(_cells(run))} |", flush=True)
        exact = exact and not run.amiss
    return exact


def _cells(run: Run) -> Iterator[str]:
    told, found = run.told, run.found
    yield f"{run.seed}, one killed" if run.killed else str(run.seed)
    yield from (run.way, connection.display_name, f"{told.answered + len(told.unanswered):,}")
    yield from (str(len(told.admitted)), str(found.admissions), str(max(found.largest, told.largest)))
    yield from (f"{told.refused:,}", str(told.unavailable), str(len(told.unanswered)))
    yield from (f"{told.seconds:.1f}", "; ".join(run.amiss) or "-")


def print_speed(rounds: Sequence[Round]) -> None:
    """The throughput of each address, and what it is of the plain inserts'."""
    print(f"\n| address | requests/s | p50 ms | p99 ms | {' | '.join(f'of {name}' for name in INSERTS)} |", end="")
    print("\n" + "|---" * (4 + len(INSERTS)) + "|")
    for name in rounds[0]:
        rate, p50, p99 = (median(of(each[name]) for each in rounds) for of in (_rate, _p50, _p99))
        shares = (median(each[name].rate / each[plain].rate for each in rounds) for plain in INSERTS)
        print(f"| {name} | {rate:,.0f} | {p50:.1f} | {p99:.1f} | {' | '.join(f'{share:.2f}' for share in shares)} |")
    print(f"\nMedians of {len(rounds)} rounds. P8 wants >= 0.40 of a plain insert for {ADMISSIONS} and {MIX}.")


def _rate(measured: Measured) -> float:
    return measured.rate


def _p50(measured: Measured) -> float:
    return measured.percentile(0.50)


def _p99(measured: Measured) -> float:
    return measured.percentile(0.99)
