"""`python -m tests.benchmarks.storage [--pairs N]`."""

import platform
import statistics
import subprocess
import sys
from argparse import ArgumentParser
from collections.abc import Callable, Sequence
from importlib.metadata import version
from time import perf_counter
from typing import Any

try:
    import limits  # noqa: F401
    import redis  # noqa: F401
except ImportError:
    sys.exit("The rivals are missing: pip install --group benchmarks (or: pip install limits redis).")

from tests.benchmarks import storage
from tests.benchmarks.fresh import database

Side = Callable[[str], Any]
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
    ours = {"the whole read": sides.whole_read(world), "the ledger alone": sides.ledger_alone(world)}
    rivals = {
        "limits, moving window": (sides.moving_window(world, address), ">= 200"),
        "Lua, as one would write it": (sides.lua(world, address, tuned=False), ">= 2"),
        "Lua, tuned": (sides.lua(world, address, tuned=True), "-"),
        "the ORM's counts": (sides.orm_counts(world), ">= 500"),
    }
    sides.settle()
    customers = list(world.histories)
    answers = {}
    for name, side in {**ours, **{rival: side for rival, (side, _) in rivals.items()}}.items():
        answers[name] = [sides.read(side(customer)) for customer in customers]
        if answers[name] != answers["the whole read"]:
            sys.exit(f"{name} disagrees.")
    print_versions()
    blocked = statistics.mean(OFFERS - len(answer) for answer in answers["the whole read"])
    print(f"All answer the same, {blocked:.1f} of {OFFERS} offers blocked for each of {len(customers)} customers.\n")
    print("| rival | us |" + "".join(f" {name} us | ratio |" for name in ours) + " goal |\n" + "|---" * 7 + "|")
    for name, (side, goal) in rivals.items():
        print(f"| {name} | {compared([side, *ours.values()], customers, pairs=pairs)} | {goal} |", flush=True)


def compared(sides: Sequence[Side], customers: Sequence[str], *, pairs: int) -> str:
    """Microseconds for a customer by a rival, and by each of ours with what the rival's are of them.

    Medians over rounds, in each of which all of them are measured one soon after the other.
    """
    rounds = [[timed(side, customers) for side in sides] for _ in range(pairs)]
    rival, *ours = ([each[place] for each in rounds] for place in range(len(sides)))
    cells = [f"{statistics.median(rival) * 1e6:,.0f}"]
    for mine in ours:
        cells.append(f"{statistics.median(mine) * 1e6:.0f}")
        cells.append(f"{statistics.median(other / own for other, own in zip(rival, mine, strict=True)):.1f}")
    return " | ".join(cells)


def timed(side: Side, customers: Sequence[str]) -> float:
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
