"""Thousands of worlds against the oracle: `python -m tests.decisioning.engine.long_run [N]`, 10,000 unless told.

Every world is held to all that `test_against_oracle.py` asks of one. Worlds come in batches with seeds of their own, on
all cores; what is found is printed with its world. It exits with 1 on any difference.
"""

import os
import sys
import traceback
from multiprocessing import Pool
from pprint import pformat
from time import perf_counter

from hypothesis import HealthCheck, Phase, given, seed, settings

from tests.decisioning.engine import test_against_oracle as agreement
from tests.decisioning.engine.worlds import worlds

BATCH = 250
CHECKS = (
    agreement.reasons_are_the_oracles,
    agreement.reasons_are_in_order,
    agreement.free_at_is_the_first_free_moment,
    agreement.reasons_hold_until_their_own_free_at,
)
# Nothing is remembered or made smaller: what differs is counted, and the run goes on.
drawing = settings(deadline=None, database=None, phases=[Phase.generate], suppress_health_check=list(HealthCheck))


def main(wanted: int) -> int:
    """The exit code."""
    start, drawn, different = perf_counter(), 0, []
    batches = [(number, min(BATCH, wanted - first)) for number, first in enumerate(range(0, wanted, BATCH))]
    with Pool(os.cpu_count()) as pool:
        for worlds_of_batch, differences in pool.imap_unordered(batch, batches):
            drawn += worlds_of_batch
            different += differences
    for difference in different[:3]:
        print(difference)
    print(f"{drawn} worlds, {len(different)} differences, {perf_counter() - start:.0f} seconds")
    return int(bool(different))


def batch(numbered: tuple[int, int]) -> tuple[int, list[str]]:
    """How many worlds were drawn from a seed, and what differed in them."""
    number, size = numbered
    drawn, differences = 0, []

    @seed(number)
    @settings(drawing, max_examples=size)
    @given(worlds())
    def one(world):
        nonlocal drawn
        drawn += 1
        differences.extend(differing(world))

    one()
    return drawn, differences


def differing(world) -> list[str]:
    """What the engine and the oracle disagree about in a world."""
    verdicts, found = agreement.judged(world), []
    for check in CHECKS:
        try:
            check(world, verdicts)
        except AssertionError:
            found.append(f"{traceback.format_exc()}\n{pformat(world)}\n")
    return found


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]) if len(sys.argv) > 1 else 10_000))
