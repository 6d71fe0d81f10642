"""`python -m tests.benchmarks.storage [--pairs N]`."""

import platform
import statistics
import subprocess
import sys
from argparse import ArgumentParser
from collections.abc import Callable, Sequence
from importlib.metadata import version
from time import perf_counter

try:
    import limits  # noqa: F401
    import redis  # noqa: F401
except ImportError:
    sys.exit("The rivals are missing: pip install --group benchmarks (or: pip install limits redis).")

from tests.benchmarks import storage
from tests.benchmarks.fresh import database

STRETCH = 0.3  # seconds each side is measured at a time


def main() -> None:
    """Fills both, checks that all sides answer the same, measures, prints the table."""
    parser = ArgumentParser(prog="python -m tests.benchmarks.storage", description=storage.__doc__)
    parser.add_argument("--pairs", type=int, default=15, help="of measurements of each rival (default 15)")
    options = parser.parse_args()
    with database(settings="tests.benchmarks.settings"):
        from tests.benchmarks.storage.redis_server import served

        with served() as address:
            run(address, pairs=options.pairs)


def run(address: str, *, pairs: int) -> None:
    """Everything between the first and the last breath of both databases."""
    from tests.benchmarks.storage import sides
    from tests.benchmarks.storage.world import OFFERS, prepared

    world = prepared()
    ours, customers = sides.kaireon(world), list(world.histories)
    rivals = {
        "limits, moving window": (sides.moving_window(world, address), ">= 200"),
        "Lua, as one would write it": (sides.lua(world, address, tuned=False), ">= 2"),
        "Lua, tuned": (sides.lua(world, address, tuned=True), "-"),
        "the ORM's counts": (sides.orm_counts(world), ">= 500"),
    }
    sides.settle()
    answers = [sides.read(ours(customer)) for customer in customers]
    for name, (side, _) in rivals.items():
        if [sides.read(side(customer)) for customer in customers] != answers:
            sys.exit(f"{name} disagrees.")
    print_versions()
    blocked = statistics.mean(OFFERS - len(answer) for answer in answers)
    print(f"All answer the same, {blocked:.1f} of {OFFERS} offers blocked for each of {len(customers)} customers.\n")
    print("| rival | Kaireon us | rival us | ratio | goal |\n" + "|---" * 5 + "|")
    for name, (side, goal) in rivals.items():
        print(compared(name, ours, side, customers, goal, pairs=pairs), flush=True)


def compared(
    name: str,
    ours: Callable[[str], object],
    theirs: Callable[[str], object],
    customers: Sequence[str],
    goal: str,
    *,
    pairs: int,
) -> str:
    """One row: microseconds for a customer, medians over interleaved pairs."""
    found = [(timed(ours, customers), timed(theirs, customers)) for _ in range(pairs)]
    mine, others = (statistics.median(side) for side in zip(*found, strict=True))
    ratio = statistics.median(other / mine for mine, other in found)
    return f"| {name} | {mine * 1e6:.0f} | {others * 1e6:,.0f} | {ratio:.1f} | {goal} |"


def timed(side: Callable[[str], object], customers: Sequence[str]) -> float:
    """Seconds for one customer: the mean over a stretch, in which everybody is asked about at least once."""
    start, asked = perf_counter(), 0
    while asked < len(customers) or perf_counter() - start < STRETCH:
        side(customers[asked % len(customers)])
        asked += 1
    return (perf_counter() - start) / asked


def print_versions() -> None:
    """What runs on what."""
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute("SHOW server_version")
        postgres = cursor.fetchone()[0]
    shown = subprocess.run(["redis-server", "--version"], capture_output=True, text=True, check=True).stdout
    packages = ", ".join(f"{name} {version(name)}" for name in ("django", "psycopg", "limits", "redis"))
    print(f"W-SMALL with storage, {platform.python_implementation()} {platform.python_version()}, {packages},")
    print(f"PostgreSQL {postgres}, Redis {shown.split('v=')[1].split()[0]}, seeds 0 and up")


if __name__ == "__main__":
    main()
