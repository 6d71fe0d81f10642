"""Which offers stand best in which places: named placements as an assignment problem.

It is solved exactly: D. Crouse, "On implementing 2D rectangular assignment algorithms", IEEE Transactions on Aerospace
and Electronic Systems 52(4), 2016, as scipy implements it; the classic method for it is the Hungarian algorithm.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Sequence
from functools import cached_property
from itertools import accumulate
from operator import or_
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    import numpy as np

    Weights = np.ndarray[tuple[int, int], np.dtype[np.float64]]
    Ranks = np.ndarray[tuple[int, int], np.dtype[np.intp]]
    Flags = np.ndarray[tuple[int], np.dtype[np.bool_]]

# Scores that differ by less are equal: what is added for rank never reaches it. An earlier place is worth less still.
TIE = 1e-7
EARLIER = 1e-3

Cell = tuple[int, int]  # the row of an offer, the column of a slot


class Entry(NamedTuple):
    """A candidate that may be shown, the same for every customer; `age` is smallest for the oldest offer."""

    position: int
    offer: int
    channel: int | None = None
    placement: int | None = None
    priority: int = 50
    age: int = 0


class Place(NamedTuple):
    """A placement that was asked for, with room for so many offers."""

    placement: int
    channel: int
    slots: int = 1


class Options:
    """Every candidate in every place it suits and what it is worth there; never changed once it is made.

    Candidates go by their rank among the `entries`, which are all that suit some place. Worth is the value, that is
    the score, and more for mandatory offers than all scores together, and a trace for rank. `slots` holds the number of
    each slot's place; slots that outnumber the offers are left out.
    """

    def __init__(
        self, ranked: Iterable[Entry], scores: Sequence[float], places: Sequence[Place], *, mandatory: int = 0
    ) -> None:
        import numpy as np  # a request without placements never needs it

        self.channels = [place.channel for place in places]
        self.entries: list[Entry] = []
        self._rows: dict[int, int] = {}
        self._rank, self._row, self._place = np.array(self._fitting(ranked, places), dtype=np.intp).reshape(-1, 3).T
        self.slots = [n for n, place in enumerate(places) for _ in range(min(place.slots, len(self._rows)))]
        self.values = [scores[entry.position] for entry in self.entries]
        if mandatory:
            # More than the scores of all slots together, every trace included.
            first = 1 + (1 + max(self.values, default=0.0)) * len(self.slots)
            flags = (mandatory >> entry.position & 1 for entry in self.entries)
            self.values = [value + first * flag for value, flag in zip(self.values, flags, strict=True)]
        # Of two ranks the higher goes to the earlier place, because that makes the sum of the products larger.
        trace = (1 - self._rank / (len(self.entries) + 1)) * (1 - EARLIER * self._place / max(1, len(places)))
        self._worth = np.array(self.values)[self._rank] + TIE * trace
        self._position = np.array([entry.position for entry in self.entries], dtype=np.intp)[self._rank]
        self.mandatory = mandatory

    def laid(self, out: int) -> tuple[Weights, Ranks]:
        """What each offer's best candidate is worth in each slot, 0 without one, and by place its rank.

        `out` are the positions left out, as a mask.
        """
        import numpy as np

        shape, staying = (len(self._rows), len(self.channels)), self._staying(out)
        weights, ranks = np.zeros(shape), np.full(shape, len(self.entries))
        cells = self._row[staying], self._place[staying]
        np.maximum.at(weights, cells, self._worth[staying])
        np.minimum.at(ranks, cells, self._rank[staying])
        return weights[:, self.slots], ranks

    def priced(self, out: int, together: int, price: float) -> Weights:
        """As `laid`, each of the positions `together`, a mask, being worth less by a price, and 0 at the least."""
        import numpy as np

        weights, staying = np.zeros((len(self._rows), len(self.channels))), self._staying(out)
        worth = self._worth - price * self._flags(together)
        np.maximum.at(weights, (self._row[staying], self._place[staying]), worth[staying])
        return weights[:, self.slots]

    def position(self, rank: int) -> int:
        """The position of a candidate."""
        return self.entries[rank].position

    def value(self, ranks: Iterable[int]) -> float:
        """What some candidates are worth together, without the traces."""
        return sum(self.values[rank] for rank in ranks)

    def below(self, rank: int) -> int:
        """The positions of all lower ranks, as a mask."""
        return self._from[rank + 1]

    def on(self, channels: Collection[int]) -> int:
        """The positions on some channels, as a mask."""
        return sum(1 << entry.position for entry in self.entries if entry.channel in channels) if channels else 0

    @cached_property
    def _from(self) -> list[int]:
        return list(accumulate((1 << entry.position for entry in reversed(self.entries)), or_, initial=0))[::-1]

    def _staying(self, out: int) -> Flags | slice:
        return ~self._flags(out) if out else slice(None)

    def _flags(self, mask: int) -> Flags:
        """Which options have their candidate in a mask of positions."""
        import numpy as np

        size = self._from[0].bit_length() // 8 + 1
        octets = np.frombuffer((mask & (1 << 8 * size) - 1).to_bytes(size, "little"), dtype=np.uint8)
        flags: Flags = np.unpackbits(octets, bitorder="little").astype(bool)[self._position]
        return flags

    def _fitting(self, ranked: Iterable[Entry], places: Sequence[Place]) -> list[int]:
        """Rank, row and place wherever a candidate may stand: at its placement, or without one all over its channel."""
        numbers: dict[tuple[int | None, int | None], list[int]] = defaultdict(list)
        for number, place in enumerate(places):
            numbers[place.channel, place.placement].append(number)
            numbers[place.channel, None].append(number)
        fitting: list[int] = []
        for entry in ranked:
            if own := numbers.get((entry.channel, entry.placement)):
                row = self._rows.setdefault(entry.offer, len(self._rows))
                for number in own:
                    fitting += (len(self.entries), row, number)
                self.entries.append(entry)
        return fitting


def _best(weights: Weights, most: int) -> list[Cell]:
    """The cells of the highest total, one per row and column at most, and so many altogether."""
    import numpy as np
    from scipy.optimize import linear_sum_assignment  # 0.2 s that only the first such request pays

    offers, slots = weights.shape
    if most < slots:
        # Rows worth more than any offer keep the other slots empty.
        weights = np.vstack([weights, np.full((slots - most, slots), 1 + weights.max(initial=0))])
    rows, columns = linear_sum_assignment(weights, maximize=True)
    found = ((rows < offers) & (weights[rows, columns] > 0)).tolist()
    return [(row, column) for row, column, real in zip(rows.tolist(), columns.tolist(), found, strict=True) if real]


def _greedy(weights: Weights, most: int) -> list[Cell]:
    """The highest cell, then the highest of the rows and columns that are left, and so on; who comes first stays."""
    left, cells = weights.copy(), []
    while left.size and left.max() > 0:
        row, column = divmod(int(left.argmax()), left.shape[1])
        cells.append((row, column))
        left[row] = 0
        left[:, column] = 0
    return cells


METHODS: dict[str, Callable[[Weights, int], list[Cell]]] = {"optimal": _best, "greedy": _greedy}
