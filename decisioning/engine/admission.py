"""Limits within one response: whatever was admitted counts against the next as if it had happened before."""

from bisect import bisect_right
from collections.abc import Sequence
from copy import copy
from typing import NamedTuple, Self

from decisioning.engine.attempt import Reached
from decisioning.engine.candidates import Candidate
from decisioning.engine.evaluate import NOTHING, Outcome
from decisioning.engine.facts import Contact, Record
from policies.limits import TotalKey
from policies.scope import IMPRESSION

Key = int | TotalKey  # a counter, or a budget
Draw = tuple[Key, int]  # how much of it a candidate uses up


class Cap(NamedTuple):
    """How much of a counter or budget may be used up in this response until some candidates are closed."""

    key: Key
    room: int
    closes: int


class Admission:
    """Admits candidates of an outcome one after another, each counted in every limit it would count in later.

    `closed` are the candidates that the limits leave no room for any more, as a mask; it only grows.
    """

    def __init__(self, outcome: Outcome, *, campaign: str | None = None) -> None:
        self._outcome = outcome
        self._campaign = campaign
        self._caps: dict[int, tuple[list[Draw], list[Cap]]] = {}
        self._begin()

    def afresh(self) -> Self:
        """Another response to the same customer, which shows nothing yet."""
        other = copy(self)
        other._begin()
        return other

    def admit(self, positions: Sequence[int]) -> bool:
        """Admits all of these candidates, which the outcome allows, or none."""
        before = self._admitted[:]
        for position in positions:
            if self.closed >> position & 1:
                if self._admitted != before:
                    self._begin()
                    for former in before:
                        self._count(former)
                return False
            self._count(position)
        return True

    def against(self, position: int) -> Reached:
        """The limit that was the first to close a candidate."""
        cap, users = next((cap, users) for cap, users in self._reached if cap.closes >> position & 1)
        if isinstance(cap.key, int):
            together = cap.closes & self._outcome.program.counted(cap.key)
        else:
            together = cap.closes if cap.key[0] == "impressions" else 0  # costs differ
        return Reached(cap.closes, users, together, cap.room)

    def _begin(self) -> None:
        self.closed = 0
        self._admitted: list[int] = []
        self._used: dict[Key, int] = {}
        self._users: dict[Key, int] = {}
        self._reached: list[tuple[Cap, int]] = []

    def _count(self, position: int) -> None:
        """Counts a candidate's impression, and closes what there is no room for after it."""
        if position not in self._caps:
            self._caps[position] = self._caps_on(self._outcome.program.index.candidates[position])
        draws, caps = self._caps[position]
        self._admitted.append(position)
        for key, amount in draws:
            self._used[key] = self._used.get(key, 0) + amount
            self._users[key] = self._users.get(key, 0) | 1 << position
        for cap in caps:
            if self._used[cap.key] >= cap.room:
                self.closed |= cap.closes
                self._reached.append((cap, self._users[cap.key]))

    def _caps_on(self, candidate: Candidate) -> tuple[list[Draw], list[Cap]]:
        """What a candidate uses up, and everything that limits those."""
        outcome, program = self._outcome, self._outcome.program
        draws, caps = list[Draw](), list[Cap]()
        for counter in self._route(candidate):
            draws.append((counter, 1))
            for n, window, number, mask in program.counters[counter][1]:
                closes = outcome.concerned(number, mask) if program.counts_siblings[number] else 0
                if closes:
                    inside = bisect_right(outcome.hits.get(counter, ()), -outcome.since[window], key=_age)
                    caps.append(Cap(counter, n - inside, closes))
        drawn = {key: _drawn(candidate, key) for key, _, _ in program.budgets}
        draws += [(key, amount) for key, amount in drawn.items() if amount]
        for key, number, shares in program.budgets:
            total = outcome.facts.totals.get(key, NOTHING).actual
            for most, mask in shares if drawn[key] else ():
                caps.append(Cap(key, most - total, outcome.concerned(number, mask)))
        return draws, caps

    def _route(self, candidate: Candidate) -> tuple[int, ...]:
        """The counters that would count the candidate's impression."""
        program = self._outcome.program
        contact = Contact(
            self._outcome.now,
            IMPRESSION,
            offer=candidate.offer,
            creative=candidate.creative,
            channel=candidate.channel,
            placement=candidate.placement,
            category=candidate.category,
            sub_category=candidate.sub_category,
            label=candidate.label or "",
            campaign=self._campaign,
        )
        trace = contact[1:]
        route = program.routes.get(trace)
        return program.route(trace, contact) if route is None else route


def _age(record: Record) -> int:
    return -record[0]


def _drawn(candidate: Candidate, key: TotalKey) -> int:
    """How much showing a candidate uses up of a budget."""
    field, dimension, target = key
    if dimension is not None and getattr(candidate, dimension) != target:
        return 0
    return candidate.cost if field == "spend" else 1
