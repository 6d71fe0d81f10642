"""Which offers stand best in which places: named placements as an assignment problem.

It is solved exactly: D. Crouse, "On implementing 2D rectangular assignment algorithms", IEEE Transactions on Aerospace
and Electronic Systems 52(4), 2016, as scipy implements it; the classic method for it is the Hungarian algorithm.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Sequence
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    import numpy as np

    Weights = np.ndarray[tuple[int, int], np.dtype[np.float64]]

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


class Board:
    """What may still stand where: offers as rows, slots as columns, and a weight where an offer has a candidate.

    A weight is the score, more for mandatory offers than all scores together, and a trace for rank; 0 = no candidate.
    """

    def __init__(
        self,
        ranked: Iterable[Entry],
        scores: Sequence[float],
        places: Sequence[Place],
        *,
        mandatory: int = 0,
        method: str = "optimal",
    ) -> None:
        import numpy as np  # a request without placements never needs it

        self._match = METHODS[method]
        self._channels = [place.channel for place in places]
        self._scores, self._mandatory = scores, mandatory
        self._row: dict[int, int] = {}
        self._options: list[list[list[Entry]]] = []  # by row and place, in rank order
        self._order: dict[int, int] = {}
        self._fill(ranked, places)
        self._place = [n for n, place in enumerate(places) for _ in range(min(place.slots, len(self._row)))]
        self._columns = [[c for c, place in enumerate(self._place) if place == n] for n in range(len(places))]
        # More than the scores of all slots together, every trace included.
        self._first = 1 + (1 + max((scores[position] for position in self._order), default=0.0)) * len(self._place)
        by_place = [[self._weight(options, n) for n, options in enumerate(row)] for row in self._options]
        self._weights: Weights = np.array(by_place).reshape(len(self._row), len(places))[:, self._place]

    def order(self, entry: Entry) -> int:
        """Where the candidate stands among all that have a place to go to."""
        return self._order[entry.position]

    @property
    def slots(self) -> int:
        """How many offers there is room for; slots that outnumber the offers are left out."""
        return len(self._place)

    def place(self, cell: Cell) -> int:
        """The number of the place a cell's slot belongs to."""
        return self._place[cell[1]]

    def candidate(self, cell: Cell) -> Entry:
        """The offer's best candidate for the slot."""
        return self._options[cell[0]][self._place[cell[1]]][0]

    def proposal(self, coupled: frozenset[int]) -> list[list[Cell]]:
        """What to ask for, in rank order: single cells, and together all cells of a coupled channel."""
        units: dict[Cell | int, list[Cell]] = defaultdict(list)
        best = self._coupled(self._weights, coupled, frozenset())
        for cell in sorted(best[1] if best else [], key=lambda cell: self.order(self.candidate(cell))):
            channel = self._channels[self.place(cell)]
            units[channel if channel in coupled else cell].append(cell)
        return list(units.values())

    def take(self, cell: Cell) -> int:
        """Gives the slot to the offer, which wants no other, and tells the slot's place."""
        row, column = cell
        self._columns[self.place(cell)].remove(column)
        self._weights[row] = 0
        self._weights[:, column] = 0
        return self.place(cell)

    def refuse(self, entry: Entry) -> None:
        """Takes a candidate out; its offer's next best steps in."""
        row = self._row[entry.offer]
        for place, options in enumerate(self._options[row]):
            if entry in options:
                options.remove(entry)
                weight = self._weight(options, place)
                for column in self._columns[place]:
                    self._weights[row, column] = weight

    def close(self, channel: int) -> None:
        """Takes all places of a channel out."""
        self._weights = self._without(self._weights, channel)
        for place, own in enumerate(self._channels):
            if own == channel:
                self._columns[place].clear()

    def _fill(self, ranked: Iterable[Entry], places: Sequence[Place]) -> None:
        """Notes every candidate where it may stand: at its placement, or without one at all of its channel."""
        numbers: dict[tuple[int | None, int | None], list[int]] = defaultdict(list)
        for number, place in enumerate(places):
            numbers[place.channel, place.placement].append(number)
            numbers[place.channel, None].append(number)
        for entry in ranked:
            own = numbers.get((entry.channel, entry.placement))
            if own:
                self._order[entry.position] = len(self._order)
                row = self._row.setdefault(entry.offer, len(self._row))
                if row == len(self._options):
                    self._options.append([[] for _ in places])
                for number in own:
                    self._options[row][number].append(entry)

    def _weight(self, options: Sequence[Entry], place: int) -> float:
        if not options:
            return 0.0
        position = options[0].position
        # Of two ranks the higher goes to the earlier place, because that makes the sum of the products larger.
        trace = TIE * (1 - self._order[position] / (len(self._order) + 1)) * (1 - EARLIER * place / len(self._channels))
        return self._scores[position] + trace + (self._first if self._mandatory >> position & 1 else 0)

    def _coupled(
        self, weights: Weights, coupled: frozenset[int], forced: frozenset[int]
    ) -> tuple[float, list[Cell]] | None:
        """The best cells, and their worth, that fill each coupled channel or leave it empty; None if there are none.

        A channel filled in part is tried filled and tried empty: O(2 ** such channels) assignments.
        """
        cells = self._match(self._urged(weights, forced))
        filled = {self.place(cell) for cell in cells}
        broken = [channel for channel in coupled if 0 < self._share(channel, filled) < 1]
        if any(self._share(channel, filled) < 1 for channel in forced):
            return None
        if not broken:
            return sum(float(weights[cell]) for cell in cells), cells
        channel = min(broken)
        options = (
            self._coupled(weights, coupled, forced | {channel}),
            self._coupled(self._without(weights, channel), coupled - {channel}, forced),
        )
        return max((option for option in options if option), default=None)

    def _share(self, channel: int, filled: Collection[int]) -> float:
        """How much of a channel is filled: 1 stands for at least one offer in each of its places."""
        own = [place for place, other in enumerate(self._channels) if other == channel]
        return sum(place in filled for place in own) / len(own) if own else 0

    def _urged(self, weights: Weights, forced: Collection[int]) -> Weights:
        """Weights under which filling a slot of each place of the forced channels comes before everything else."""
        if not forced:
            return weights
        urged = weights.copy()
        first = [
            columns[0]
            for channel, columns in zip(self._channels, self._columns, strict=True)
            if channel in forced and columns
        ]
        urged[:, first] += (weights[:, first] > 0) * (1 + weights.max() * len(self._place))
        return urged

    def _without(self, weights: Weights, channel: int) -> Weights:
        kept = weights.copy()
        kept[:, [n for n, place in enumerate(self._place) if self._channels[place] == channel]] = 0
        return kept


def _best(weights: Weights) -> list[Cell]:
    """The cells of the highest total, one per row and column at most."""
    from scipy.optimize import linear_sum_assignment  # 0.2 s that only the first such request pays

    rows, columns = linear_sum_assignment(weights, maximize=True)
    found = (weights[rows, columns] > 0).tolist()
    return [(row, column) for row, column, real in zip(rows.tolist(), columns.tolist(), found, strict=True) if real]


def _greedy(weights: Weights) -> list[Cell]:
    """The highest cell, then the highest of the rows and columns that are left, and so on."""
    left, cells = weights.copy(), []
    while left.size and left.max() > 0:
        row, column = divmod(int(left.argmax()), left.shape[1])
        cells.append((row, column))
        left[row] = 0
        left[:, column] = 0
    return cells


METHODS: dict[str, Callable[[Weights], list[Cell]]] = {"optimal": _best, "greedy": _greedy}
