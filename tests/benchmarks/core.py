"""P1 and P2: the engine on W-CORE against the brute-force oracle and a memoising evaluator, and how it grows.

Run with `python -m tests.benchmarks.core`; it checks that all sides agree before it times anything.
"""

import platform
import statistics
import sys
from collections.abc import Callable
from time import perf_counter

from decisioning.engine.candidates import Candidate
from decisioning.engine.evaluate import decide
from decisioning.engine.facts import Facts
from decisioning.engine.program import Program
from decisioning.engine.snapshot import Snapshot
from tests.benchmarks import memoising, w_core
from tests.decisioning.engine import oracle

CUSTOMERS = 40
PAIRS = 7
ORACLE_CUSTOMERS = 2


def main() -> None:
    """Prints the two tables."""
    print(f"W-CORE, {platform.python_implementation()} {platform.python_version()}, seeds 0..{CUSTOMERS - 1}\n")
    print("| contacts | engine ms | memoising ms | ratio (>= 20) | oracle ms | ratio (>= 300) |\n" + "|---" * 6 + "|")
    for contacts in (20, 200):
        print(compared(contacts))
    print("\n| growth, 200 contacts | factor | goal |\n|---|---|---|")
    for name, factor, goal in growth():
        print(f"| {name} | {factor:.2f} | {goal} |")


def compared(contacts: int) -> str:
    """One row: the engine beside the two others, interleaved, medians."""
    snapshot, candidates = w_core.snapshot(), w_core.candidates()
    program, concerned = Program(snapshot.limits, candidates), memoising.prepared(snapshot, candidates)
    everybody = [w_core.facts(contacts, seed) for seed in range(CUSTOMERS)]
    agree(snapshot, program, everybody, contacts)

    def engine() -> object:
        return [decide(snapshot, program, facts, now=w_core.NOW) for facts in everybody]

    def naive() -> object:
        return [memoising.blocked(snapshot, facts, concerned, w_core.NOW) for facts in everybody]

    pairs = [(timed(engine), timed(naive)) for _ in range(PAIRS)]
    ours, theirs = (statistics.median(side) / CUSTOMERS for side in zip(*pairs, strict=True))
    brute = timed(lambda: oracle_mask(w_core.world(contacts, 0)))
    return f"| {contacts} | {ours:.3f} | {theirs:.2f} | {theirs / ours:.0f} | {brute:.0f} | {brute / ours:.0f} |"


def growth() -> list[tuple[str, float, str]]:
    """How the time grows with candidates, policies and history outside every window."""
    base = workload(w_core.snapshot(), w_core.candidates())
    return [
        ("10x candidates", factor(base, workload(w_core.snapshot(), w_core.candidates(5000))), "<= 1.3"),
        ("2x policies", factor(base, workload(w_core.snapshot(copies=2), w_core.candidates())), "<= 2"),
        (
            "200 contacts more, older than every window",
            factor(base, workload(w_core.snapshot(), w_core.candidates(), old=200)),
            "1",
        ),
    ]


def workload(snapshot: Snapshot, candidates: list[Candidate], old: int = 0) -> Callable[[], object]:
    """Deciding for every customer once, each with `old` more records beyond every window."""
    program = Program(snapshot.limits, candidates)
    everybody = [w_core.facts(200, seed, old=old) for seed in range(CUSTOMERS)]
    return lambda: [decide(snapshot, program, facts, now=w_core.NOW) for facts in everybody]


def factor(base: Callable[[], object], other: Callable[[], object]) -> float:
    """How many times longer the other takes: the median over interleaved pairs, after one run of each to warm up."""
    timed(base), timed(other)
    pairs = [(timed(base), timed(other)) for _ in range(PAIRS * 3)]
    return statistics.median(theirs / ours for ours, theirs in pairs)


def agree(snapshot: Snapshot, program: Program, everybody: list[Facts], contacts: int) -> None:
    """Stops when the sides do not answer the same."""
    concerned = memoising.prepared(snapshot, program.index.candidates)
    for seed, facts in enumerate(everybody):
        mine = decide(snapshot, program, facts, now=w_core.NOW).blocked
        if mine != memoising.blocked(snapshot, facts, concerned, w_core.NOW):
            sys.exit(f"The memoising evaluator disagrees about customer {seed}.")
        if seed < ORACLE_CUSTOMERS and mine != oracle_mask(w_core.world(contacts, seed)):
            sys.exit(f"The oracle disagrees about customer {seed}.")


def oracle_mask(world: dict) -> int:
    """What the oracle says, as a mask."""
    return sum(
        1 << position
        for position, candidate in enumerate(world["candidates"])
        if not oracle.allowed(world, candidate, world["now"])
    )


def timed(run: Callable[[], object]) -> float:
    """Milliseconds."""
    start = perf_counter()
    run()
    return (perf_counter() - start) * 1000


if __name__ == "__main__":
    main()
