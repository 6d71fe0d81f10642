"""The runs whose outcome must be exact."""

from collections.abc import Iterator
from dataclasses import dataclass

from tests.benchmarks.caps.aftermath import settled
from tests.benchmarks.caps.attempts import Crowd, Told
from tests.benchmarks.caps.checks import Found, found
from tests.benchmarks.caps.world import IMPLICIT, RESERVED, World, customers, drawn

KEPT = 60  # seconds places are kept where a process is killed: longer than the run, and then they are waited for


@dataclass(frozen=True)
class Run:
    """One run of W-CAP and what came of it."""

    way: str
    seed: int
    killed: bool
    told: Told
    found: Found
    amiss: tuple[str, ...]


def runs(world: World, port: int, *, seeds: int, attempts: int) -> Iterator[Run]:
    """Every seed in both ways, and each way once with a process killed in the middle."""
    for way in (RESERVED, IMPLICIT):
        for seed in range(seeds):
            yield _run(world, port, way, seed, attempts=attempts)
        if seeds:
            yield _run(world, port, way, seeds, attempts=attempts, killed=True)


def _run(world: World, port: int, way: str, seed: int, *, attempts: int, killed: bool = False) -> Run:
    everybody, seconds = customers(way, seed), KEPT if killed else None
    due = [(customer, world.body(way, customer, seconds=seconds)) for customer in drawn(way, seed, attempts)]
    with Crowd(port, world) as crowd:
        # Early, while most are still admitted, for a place that is being taken is what may be lost.
        told = crowd.attempt(due, kill_after=len(everybody) if killed else None)
        said = found(world, way, everybody, told)
        amiss = list(said.amiss)
        if killed and not told.unanswered:
            amiss.append("nobody was left unanswered by the process that was killed")
        if killed and way == RESERVED:
            amiss += settled(world, crowd, everybody, told, lapse_after=KEPT)
    return Run(way, seed, killed, told, said, tuple(amiss))
