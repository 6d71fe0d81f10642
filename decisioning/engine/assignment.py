"""Which offers stand best in which places: named placements as an assignment problem.

It is solved exactly: D. Crouse, "On implementing 2D rectangular assignment algorithms", IEEE Transactions on Aerospace
and Electronic Systems 52(4), 2016, as scipy implements it; the classic method for it is the Hungarian algorithm.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Sequence
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    import numpy as np

    Weights = np.ndarray[tuple[int, int], np.dtype[np.float64]]

# Scores that differ by less are equal: what is added for rank never reaches it. An earlier place is worth less still.
TIE = 1e-7
EARLIER = 1e-3

Cell = tuple[int, int]  # the row of an offer, the column of a slot


class Entry(NamedTuple):
    """A candidate that may be shown. `age` is smallest for the oldest offer; `position` breaks last ties."""

    position: int
    offer: int
    channel: int | None
    placement: int | None
    score: float
    priority: int
    age: int = 0
    mandatory: bool = False

    @property
    def rank(self) -> tuple[bool, float, int, int, int]:
        """The order of a response: mandatory offers, then higher score, higher priority, older offer, creative."""
        return (not self.mandatory, -self.score, -self.priority, self.age, self.position)


class Place(NamedTuple):
    """A placement that was asked for, with room for so many offers."""

    placement: int
    channel: int
    slots: int = 1

    def suits(self, entry: Entry) -> bool:
        """Whether the candidate may stand here: it has this placement, or none but the channel."""
        return entry.channel == self.channel and entry.placement in (None, self.placement)


class Board:
    """What may still stand where: offers as rows, slots as columns, and a weight where an offer has a candidate.

    A weight is the score, more for mandatory offers than all scores together, and a trace for rank; 0 = no candidate.
    """

    def __init__(self, ranked: Sequence[Entry], places: Sequence[Place], method: str) -> None:
        import numpy as np  # a request without placements never needs it

        self._match = METHODS[method]
        self._channels = [place.channel for place in places]
        self._options: dict[Cell, list[Entry]] = defaultdict(list)  # by (row, place), in rank order
        self._row: dict[int, int] = {}
        for entry in ranked:
            for number, place in enumerate(places):
                if place.suits(entry):
                    self._options[self._row.setdefault(entry.offer, len(self._row)), number].append(entry)
        self._place = [n for n, place in enumerate(places) for _ in range(min(place.slots, len(self._row)))]
        self._columns = [[c for c, place in enumerate(self._place) if place == n] for n in range(len(places))]
        self._trace = {entry.position: TIE * (1 - n / (len(ranked) + 1)) for n, entry in enumerate(ranked)}
        self._mandatory = 1 + (1 + max((entry.score for entry in ranked), default=0.0)) * len(self._place)
        self._weights: Weights = np.zeros((len(self._row), len(self._place)))
        for cell in self._options:
            self._weigh(*cell)

    @property
    def slots(self) -> int:
        """How many offers there is room for; slots that outnumber the offers are left out."""
        return len(self._place)

    def place(self, cell: Cell) -> int:
        """The number of the place a cell's slot belongs to."""
        return self._place[cell[1]]

    def candidate(self, cell: Cell) -> Entry:
        """The offer's best candidate for the slot."""
        return self._options[cell[0], self.place(cell)][0]

    def proposal(self, coupled: frozenset[int]) -> list[list[Cell]]:
        """What to ask for, in rank order: single cells, and together all cells of a coupled channel."""
        units: dict[Cell | int, list[Cell]] = defaultdict(list)
        best = self._coupled(self._weights, coupled, frozenset())
        for cell in sorted(best[1] if best else [], key=lambda cell: self.candidate(cell).rank):
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
        for place in range(len(self._channels)):
            if entry in self._options.get((row, place), ()):
                self._options[row, place].remove(entry)
                self._weigh(row, place)

    def close(self, channel: int) -> None:
        """Takes all places of a channel out."""
        self._weights = self._without(self._weights, channel)
        for place, own in enumerate(self._channels):
            if own == channel:
                self._columns[place].clear()

    def _weigh(self, row: int, place: int) -> None:
        weight = 0.0
        if self._options[row, place]:
            entry = self._options[row, place][0]
            # The product puts the higher of two ranks into the earlier place.
            trace = self._trace[entry.position] * (1 - EARLIER * place / len(self._channels))
            weight = entry.score + trace + (self._mandatory if entry.mandatory else 0)
        self._weights[row, self._columns[place]] = weight

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
    return [cell for cell in zip(rows.tolist(), columns.tolist(), strict=True) if weights[cell] > 0]


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
