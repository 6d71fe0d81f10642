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
    """How much of a counter or budget may be used up, in all, until some candidates are closed.

    Of a counter's records those from `since` on are used up already, of a budget `total` is.
    """

    key: Key
    most: int
    closes: int
    since: int = 0
    total: int = 0


class Admission:
    """Admits candidates of an outcome one after another, each counted in every limit it would count in later.

    `closed` are the candidates that the limits leave no room for any more, as a mask; it only grows. What was admitted
    is counted when that is asked for.
    """

    def __init__(self, outcome: Outcome, *, campaign: str | None = None) -> None:
        self._outcome = outcome
        self._campaign = campaign
        self._caps: dict[int, tuple[list[Draw], list[Cap]]] = {}
        self._begin()

    @property
    def closed(self) -> int:
        while self._uncounted:  # the last of a response never need be
            self._count(self._uncounted.pop(0))
        return self._closed

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
                    self._begin(before)
                return False
            self._admitted.append(position)
            self._uncounted.append(position)
        return True

    def against(self, position: int) -> Reached:
        """The limit that was the first to close a candidate."""
        cap, users = next((cap, users) for cap, users in self._reached if cap.closes >> position & 1)
        if isinstance(cap.key, int):
            together = cap.closes & self._outcome.program.counted(cap.key)
        else:
            together = cap.closes if cap.key[0] == "impressions" else 0  # costs differ
        return Reached(cap.closes, users, together, cap.most - self._inside(cap))

    def _begin(self, admitted: Sequence[int] = ()) -> None:
        self._closed = 0
        self._admitted, self._uncounted = [*admitted], [*admitted]
        self._used: dict[Key, int] = {}
        self._users: dict[Key, int] = {}
        self._reached: list[tuple[Cap, int]] = []

    def _count(self, position: int) -> None:
        """Counts a candidate's impression, and closes what there is no room for after it."""
        if position not in self._caps:
            self._caps[position] = self._caps_on(self._outcome.program.index.candidates[position])
        draws, caps = self._caps[position]
        for key, amount in draws:
            self._used[key] = self._used.get(key, 0) + amount
            self._users[key] = self._users.get(key, 0) | 1 << position
        for cap in caps:
            if self._is_reached(cap, self._used[cap.key]):
                self._closed |= cap.closes
                self._reached.append((cap, self._users[cap.key]))

    def _is_reached(self, cap: Cap, used: int) -> bool:
        """Whether a cap is used up with so much used by this response; of a counter's records only one is looked at."""
        left = cap.most - used
        if isinstance(cap.key, int):
            records = self._outcome.hits.get(cap.key, ())
            return left <= 0 or (len(records) >= left and records[left - 1][0] >= cap.since)
        return cap.total >= left

    def _inside(self, cap: Cap) -> int:
        """What was used up before this response."""
        if isinstance(cap.key, int):
            return bisect_right(self._outcome.hits.get(cap.key, ()), -cap.since, key=_age)
        return cap.total

    def _caps_on(self, candidate: Candidate) -> tuple[list[Draw], list[Cap]]:
        """What a candidate uses up, and everything that limits those."""
        outcome, program = self._outcome, self._outcome.program
        draws, caps = list[Draw](), list[Cap]()
        for counter in self._route(candidate):
            draws.append((counter, 1))
            for n, window, number, mask in program.counters[counter][1]:
                closes = outcome.concerned(number, mask) if program.counts_siblings[number] else 0
                if closes:
                    caps.append(Cap(counter, n, closes, since=outcome.since[window]))
        drawn = {key: _drawn(candidate, key) for key, _, _ in program.budgets}
        draws += [(key, amount) for key, amount in drawn.items() if amount]
        for key, number, shares in program.budgets:
            total = outcome.facts.totals.get(key, NOTHING).actual
            for most, mask in shares if drawn[key] else ():
                caps.append(Cap(key, most, outcome.concerned(number, mask), total=total))
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
