"""One attempt at an allocation: everybody is assigned the best places, and the limits are asked in rank order.

The limits are known only as somebody who says yes or no to the next candidates, and what stands against them.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NamedTuple, Protocol

from decisioning.engine.assignment import METHODS, TIE, Cell, Options
from decisioning.engine.board import Board


class Reached(NamedTuple):
    """A limit without room for more: all the positions it closes, and the admitted that it counts, as masks.

    No response can show more than `room` of those `together`, a mask, whatever else it shows.
    """

    closed: int
    by: int
    together: int = 0
    room: int = 0


class Limits(Protocol):
    """What one response may show: it counts what it admits, and knows whom it would refuse by now."""

    @property
    def closed(self) -> int:
        """The positions it would refuse, as a mask that only grows."""

    def admit(self, positions: Sequence[int]) -> bool:
        """Takes all of these positions or none; refuses whoever is `closed`."""

    def against(self, position: int) -> Reached:
        """A limit that closes this position."""


@dataclass(frozen=True, kw_only=True)
class Task:
    """What every attempt is at: `limits` begins a response that shows nothing yet, `room` is how many it may show."""

    options: Options
    limits: Callable[[], Limits]
    method: str
    atomic: frozenset[int]
    room: int


class Attempt:
    """What comes of asking in rank order, without the positions that are `out`, a mask.

    What the limits admit stays. What they refuse is taken out, with all that they would refuse by now, and everything
    else is assigned again before anybody is asked, so that lower ranks make way for the offer that lost its place. An
    atomic channel fills each of its places or none, and is asked for as one where its best candidate stands; refused,
    it is out.

    `placed` holds, in rank order, the ranks of who stands in which place, and `total` what they are worth. Without the
    same positions nothing is worth more than `bound`, and whatever is worth more than `total` lacks all the positions
    of one of `instead`, masks that include `out`; the method `greedy` does not ask for better. `assignments` counts how
    often everything was assigned: that is what an attempt costs.
    """

    def __init__(self, task: Task, out: int = 0) -> None:
        self._task, self._options, self._limits, self._coupled = task, task.options, task.limits(), task.atomic
        self._board, self._out = Board(task.options, method=task.method, out=out), out
        self.placed: list[tuple[int, int]] = []
        self._units: list[list[tuple[int, int]]] = []
        self.instead: list[int] = []
        self.assignments = 0
        units = self._proposal()
        self._first = [self._board.rank(cell) for unit in units for cell in unit]
        self.bound = self._options.value(self._first)
        while units and len(self.placed) < task.room:
            unit, *units = units
            if not self._admitted(unit):
                self._refuse(unit)
                units = self._proposal()
        self.placed = sorted(pair for unit in self._ordered() for pair in unit)
        self.total = self._options.value(rank for rank, _ in self.placed)

    def keeps(self, other: "Attempt") -> bool:
        """Whether it shows every mandatory offer that the other does."""
        return self._mandatory() >= other._mandatory()

    def _mandatory(self) -> set[int]:
        entries = [self._options.entries[rank] for rank, _ in self.placed]
        return {entry.offer for entry in entries if self._options.mandatory >> entry.position & 1}

    def _proposal(self) -> list[list[Cell]]:
        self.assignments += 1
        return self._board.proposal(self._coupled, self._task.room - len(self.placed))

    def _admitted(self, unit: Sequence[Cell]) -> bool:
        fits = len(self.placed) + len(unit) <= self._task.room
        if not fits or not self._limits.admit(self._positions(unit)):
            return False
        self._units.append([(self._board.rank(cell), self._board.take(cell)) for cell in unit])
        self.placed += self._units[-1]
        self._coupled -= {self._channel(unit)}
        return True

    def _refuse(self, unit: Sequence[Cell]) -> None:
        if not self.instead and self._task.method == "optimal":
            self._learn(self._positions(unit))
        channel = self._channel(unit)
        if channel in self._coupled:
            self._board.close(channel)
        else:
            self._board.refuse(self._limits.closed & ~self._options.on(self._coupled))

    def _ordered(self) -> list[list[tuple[int, int]]]:
        """What was admitted, in rank order; what would be refused in that order is left out.

        A new assignment may bring up somebody who ranks above others that were admitted before.
        """
        units = sorted(self._units)
        if units == self._units:
            return units
        limits = self._task.limits()
        return [unit for unit in units if limits.admit([self._options.position(rank) for rank, _ in unit])]

    def _learn(self, refused: Sequence[int]) -> None:
        """From the first refusal: what is better lacks one that the limit counts, or else all that it closes.

        These rank below those that it counts, because who ranks above is asked before.
        """
        position_of = self._options.position
        full = next((position for position in refused if self._limits.closed >> position & 1), None)
        if full is None:  # an atomic channel exceeds the room, or its own candidates close each other
            out = [1 << position for position in [*(position_of(rank) for rank, _ in self.placed), *refused]]
        else:
            reached = self._limits.against(full)
            counted = [rank for rank, _ in self.placed if reached.by >> position_of(rank) & 1]
            closed = reached.closed & self._options.below(max(counted, default=-1))
            out = [closed, *(1 << position_of(rank) for rank in counted)]
            self.bound = min(self.bound, self._priced(reached))
        self.instead = [self._out | mask for mask in out]

    def _priced(self, reached: Reached) -> float:
        """A bound that knows of the limit: its room has a price, and who pays it is worth that much less.

        The price is what the first for whom there is no room is worth. Lagrangian relaxation: M. Fisher, "The
        Lagrangian relaxation method for solving integer programming problems", Management Science 27(1), 1981.
        """
        options, (_, _, together, room) = self._options, reached
        prices = [options.values[rank] for rank in self._first if together >> options.position(rank) & 1]
        if len(prices) <= room:
            return self.bound
        self.assignments += 1
        price = sorted(prices, reverse=True)[room]
        weights = options.priced(self._out, together, price)
        # The traces for rank, which `total` knows nothing of, are no more than a tie.
        paid = sum(float(weights[cell]) - TIE for cell in METHODS["optimal"](weights, self._task.room))
        return price * room + paid

    def _positions(self, unit: Sequence[Cell]) -> list[int]:
        return [self._options.position(self._board.rank(cell)) for cell in unit]

    def _channel(self, unit: Sequence[Cell]) -> int:
        return self._options.channels[self._board.place(unit[0])]
