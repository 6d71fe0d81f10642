"""Which candidates a response shows, and where, within the limits it is under.

The limits are known only as somebody who says yes or no to the next candidates. So the total score is the best possible
one of each assignment, and of all together as far as asking in rank order allows.
"""

from collections.abc import Callable, Collection, Iterable, Sequence
from typing import NamedTuple

from decisioning.engine.assignment import METHODS, Board, Entry, Place

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
    admit: Admit,
    *,
    mandatory: int = 0,
    method: str = "optimal",
    atomic: Collection[int] = (),
    limit: int | None = None,
) -> list[Placed]:
    """At most one candidate per offer, each in a named placement, in rank order; at most `limit`, else every slot.

    `admit` is asked in rank order and takes all the positions it is given, counting them, or none. What it admits
    stays. What it refuses is taken out and everything else assigned again before anybody is asked, so that lower ranks
    make way for the offer that lost its place. A channel in `atomic` fills each of its named placements or none, and is
    asked for as one where its best candidate stands; refused, it is out. Every question takes something in or out, so
    there are at most as many as entries. Raises `ValueError` for a method that does not exist.
    """
    if method not in METHODS:
        raise ValueError(f"there is no allocation method {method!r}; choose one of {', '.join(METHODS)}")
    board = Board(ranked, scores, places, mandatory=mandatory, method=method)
    coupled, room = frozenset(atomic), board.slots if limit is None else limit
    placed: list[tuple[Entry, int]] = []
    units = board.proposal(coupled)
    while units and len(placed) < room:
        unit, *units = units
        channel = places[board.place(unit[0])].channel
        chosen = [board.candidate(cell) for cell in unit]
        if len(placed) + len(unit) <= room and admit([entry.position for entry in chosen]):
            placed += [(entry, board.take(cell)) for entry, cell in zip(chosen, unit, strict=True)]
            coupled -= {channel}
        else:
            board.close(channel) if channel in coupled else board.refuse(chosen[0])
            units = board.proposal(coupled)
    placed.sort(key=lambda pair: board.order(pair[0]))
    return [Placed(entry.position, places[place].placement) for entry, place in placed]
