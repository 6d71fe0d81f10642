"""The board of one attempt at an allocation: what may still stand where, while some offers already have a place."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection
from typing import TYPE_CHECKING

from decisioning.engine.assignment import METHODS, Cell, Options

if TYPE_CHECKING:
    from decisioning.engine.assignment import Weights


class Board:
    """Offers as rows, slots as columns, and a weight where an offer has a candidate left; 0 = none.

    It begins with all options but the positions that are `out`, a mask.
    """

    def __init__(self, options: Options, *, method: str = "optimal", out: int = 0) -> None:
        self._options, self._match, self._out = options, METHODS[method], out
        self._place, self._channels = options.slots, options.channels
        self._rows: list[int] = []
        self._columns: list[int] = []
        self._weights, self._ranks = options.laid(out)

    def place(self, cell: Cell) -> int:
        """The number of the place a cell's slot belongs to."""
        return self._place[cell[1]]

    def rank(self, cell: Cell) -> int:
        """The rank of the offer's best candidate for the slot."""
        return int(self._ranks[cell[0], self.place(cell)])

    def proposal(self, coupled: frozenset[int], most: int) -> list[list[Cell]]:
        """What to ask for, in rank order: single cells, and together all cells of a coupled channel.

        With `optimal` they are no more cells than `most`.
        """
        units: dict[Cell | int, list[Cell]] = defaultdict(list)
        best = self._coupled(self._weights, most, coupled, frozenset())
        for cell in sorted(best[1] if best else [], key=self.rank):
            channel = self._channels[self.place(cell)]
            units[channel if channel in coupled else cell].append(cell)
        return list(units.values())

    def take(self, cell: Cell) -> int:
        """Gives the slot to the offer, which wants no other, and tells the slot's place."""
        row, column = cell
        self._rows.append(row)
        self._columns.append(column)
        self._weights[row] = 0
        self._weights[:, column] = 0
        return self.place(cell)

    def refuse(self, out: int) -> None:
        """Takes candidates out; their offers' next best step in."""
        self._out |= out
        self._weights, self._ranks = self._options.laid(self._out)
        self._weights[self._rows] = 0
        self._weights[:, self._columns] = 0

    def close(self, channel: int) -> None:
        """Takes all places of a channel out."""
        self._weights = self._without(self._weights, channel)
        self._columns += self._on(channel)

    def _coupled(
        self, weights: Weights, most: int, coupled: frozenset[int], forced: frozenset[int]
    ) -> tuple[float, list[Cell]] | None:
        """The best cells, and their worth, that fill each coupled channel or leave it empty; None if there are none.

        A channel filled in part is tried filled and tried empty: O(2 ** such channels) assignments.
        """
        cells = self._match(self._urged(weights, forced), most)
        filled = {self.place(cell) for cell in cells}
        broken = [channel for channel in coupled if 0 < self._share(channel, filled) < 1]
        if any(self._share(channel, filled) < 1 for channel in forced):
            return None
        if not broken:
            return sum(float(weights[cell]) for cell in cells), cells
        channel = min(broken)
        options = (
            self._coupled(weights, most, coupled, forced | {channel}),
            self._coupled(self._without(weights, channel), most, coupled - {channel}, forced),
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
        urged, first = weights.copy(), dict[int, int]()
        for column, place in enumerate(self._place):
            if self._channels[place] in forced and column not in self._columns:
                first.setdefault(place, column)
        columns = list(first.values())
        urged[:, columns] += (weights[:, columns] > 0) * (1 + weights.max() * len(self._place))
        return urged

    def _without(self, weights: Weights, channel: int) -> Weights:
        kept = weights.copy()
        kept[:, self._on(channel)] = 0
        return kept

    def _on(self, channel: int) -> list[int]:
        return [column for column, place in enumerate(self._place) if self._channels[place] == channel]
