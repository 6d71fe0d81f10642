"""Which candidates a response shows, and where, within the limits it is under.

One list is the first in rank order whom the limits admit. For named placements `attempt` asks the limits about the best
assignment, and `search` looks for a better total where they refused something.
"""

from collections.abc import Callable, Collection, Iterable, Sequence
from functools import partial
from typing import NamedTuple

from decisioning.engine.assignment import METHODS, Entry, Options, Place
from decisioning.engine.attempt import Attempt, Limits, Task
from decisioning.engine.search import improved

Admit = Callable[[Sequence[int]], bool]


class Placed(NamedTuple):
    """A candidate that was given a place; without named placements it is the candidate's own, if any."""

    position: int
    placement: int | None


def tied(entries: Iterable[Entry]) -> list[Entry]:
    """The order among equal scores: higher priority, older offer, creative; worked out once for all customers."""
    return sorted(entries, key=lambda entry: (-entry.priority, entry.age, entry.position))


def ranked(tied: Sequence[Entry], scores: Sequence[float], mandatory: int = 0) -> list[Entry]:
    """The order of a response: mandatory offers, then higher scores, then as in `tied`.

    `scores` are by position, `mandatory` is a mask of positions. Where scores are the same for all customers, so is
    this order.
    """
    order = sorted(tied, key=lambda entry: scores[entry.position], reverse=True)
    return sorted(order, key=lambda entry: not mandatory >> entry.position & 1) if mandatory else order


def listed(ranked: Iterable[Entry], admit: Admit, *, limit: int) -> list[Placed]:
    """The best of each offer in rank order, until `limit` were admitted; it looks at no entry beyond the last."""
    placed: list[Placed] = []
    offers: set[int] = set()
    if limit < 1:
        return placed
    for entry in ranked:
        if entry.offer not in offers and admit((entry.position,)):
            offers.add(entry.offer)
            placed.append(Placed(entry.position, entry.placement))
            if len(placed) == limit:
                break
    return placed


def allocated(
    ranked: Iterable[Entry],
    scores: Sequence[float],
    places: Sequence[Place],
    limits: Callable[[], Limits],
    *,
    mandatory: int = 0,
    method: str = "optimal",
    atomic: Collection[int] = (),
    limit: int | None = None,
) -> list[Placed]:
    """At most one candidate per offer, each in a named placement, in rank order; at most `limit`, else every slot.

    The total score is the best possible within the limits, as far as `search` gets; with `greedy` the highest ranks
    come first instead. `limits` begins a response that shows nothing yet. Raises `ValueError` for a method that does
    not exist.
    """
    if method not in METHODS:
        raise ValueError(f"there is no allocation method {method!r}; choose one of {', '.join(METHODS)}")
    options = Options(ranked, scores, places, mandatory=mandatory)
    room = len(options.slots) if limit is None else limit
    task = Task(options=options, limits=limits, method=method, atomic=frozenset(atomic), room=room)
    best = Attempt(task)
    if method == "optimal":
        best = improved(best, partial(Attempt, task))
    return [Placed(options.position(rank), places[place].placement) for rank, place in best.placed]
