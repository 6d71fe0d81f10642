"""Allocations against the best possible: `python -m tests.decisioning.engine.best_allocation [N]`, 10,000 unless told.

Every world of `small_worlds.py` is recommended for, and its best selection found by trying all of them. It prints how
much of the best possible total was reached, for `optimal` and, to compare, `greedy`. It exits with 1 if `optimal` falls
short of 0.97 in any world, leaves out a mandatory offer that the best shows, or shows what is not feasible.
"""

import random
import sys
from time import perf_counter

from tests.decisioning.engine import small_worlds

ENOUGH = 0.97


def reached(seed, method="optimal"):
    """The share of the best possible total that is reached in a world, 0 if less than the best is mandatory.

    Raises `AssertionError` when what is shown is not feasible.
    """
    world = small_worlds.world(random.Random(seed))
    shown = [placed.position for placed in small_worlds.recommended(world, method)]
    assert small_worlds.seated(world, shown) and shown in map(list, small_worlds.selections(world)), seed
    assert small_worlds.feasible(world, shown), seed
    mandatory, total = small_worlds.worth(world, shown)
    most_mandatory, most = small_worlds.worth(world, small_worlds.best(world))
    if mandatory < most_mandatory:
        return 0.0
    return total / most if most else 1.0


def main(wanted):
    """The exit code."""
    worst = 1.0
    for method in ("greedy", "optimal"):
        start, shares = perf_counter(), [reached(seed, method) for seed in range(wanted)]
        worst, enough = min(shares), sum(share >= ENOUGH for share in shares)
        print(
            f"{method}: {wanted} worlds, worst {worst:.4f} (seed {shares.index(worst)}), "
            f"mean {sum(shares) / wanted:.6f}, {enough / wanted:.2%} reach {ENOUGH}, "
            f"{perf_counter() - start:.0f} seconds"
        )
    return int(worst < ENOUGH)


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]) if len(sys.argv) > 1 else 10_000))
