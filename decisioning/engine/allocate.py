"""Which candidates a response shows, and where, within the limits it is under.

The limits are known only as somebody who says yes or no to the next candidates. So the total score is the best possible
one of each assignment, and of all together as far as asking in rank order allows.
"""

from collections.abc import Callable, Collection, Iterable, Sequence
from operator import attrgetter
from typing import NamedTuple

from decisioning.engine.assignment import METHODS, Board, Entry, Place

Admit = Callable[[Sequence[int]], bool]


class Placed(NamedTuple):
    """A candidate that was given a place; without named placements it is the candidate's own, if any."""

    position: int
    placement: int | None


def listed(entries: Iterable[Entry], admit: Admit, *, limit: int) -> list[Placed]:
    """The best of each offer in rank order, until `limit` were admitted; O(n log n)."""
    placed: list[Placed] = []
    offers: set[int] = set()
    for entry in sorted(entries, key=attrgetter("rank")):
        if len(placed) >= limit:
            break
        if entry.offer not in offers and admit((entry.position,)):
            offers.add(entry.offer)
            placed.append(Placed(entry.position, entry.placement))
    return placed


def allocated(
    entries: Iterable[Entry],
    places: Sequence[Place],
    admit: Admit,
    *,
    method: str = "optimal",
    atomic: Collection[int] = (),
    limit: int | None = None,
) -> list[Placed]:
    """At most one candidate per offer, each in a named placement, in rank order; at most `limit`, else every slot.

    `admit` is asked in rank order and takes all the positions it is given, counting them, or none. What it admits
    stays. What it refuses is taken out and everything else assigned again before anybody is asked, so that lower ranks
    make way for the offer that lost its place. A channel in `atomic` fills each of its named placements or none, and is
    asked for as one where its best candidate stands; refused, it is out. One question takes something in or out, so
    there are at most as many as entries. Raises `ValueError` for a method that does not exist.
    """
    if method not in METHODS:
        raise ValueError(f"there is no allocation method {method!r}; choose one of {', '.join(METHODS)}")
    board = Board(sorted(entries, key=attrgetter("rank")), places, method)
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
    placed.sort(key=lambda pair: pair[0].rank)
    return [Placed(entry.position, places[place].placement) for entry, place in placed]
