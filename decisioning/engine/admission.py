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


class Cap(NamedTuple):
    """How much of a counter or budget may be used up until some candidates are closed, and how much of it is left."""

    key: Key
    room: int
    closes: int


class Admission:
    """Admits candidates of an outcome one after another, each counted in every limit it would count in later.

    `closed` are the candidates that the limits leave no room for any more, as a mask; it only grows. What was admitted
    is counted when that is asked for.
    """

    def __init__(self, outcome: Outcome, *, campaign: str | None = None) -> None:
        self._outcome = outcome
        self._campaign = campaign
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
        return Reached(cap.closes, users, together, cap.room)

    def _begin(self, admitted: Sequence[int] = ()) -> None:
        self._closed = 0
        self._admitted, self._uncounted = [*admitted], [*admitted]
        self._used: dict[Key, int] = {}
        self._users: dict[Key, int] = {}
        self._reached: list[tuple[Cap, int]] = []

    def _count(self, position: int) -> None:
        """Counts a candidate's impression, and closes what there is no room for after it."""
        outcome, program = self._outcome, self._outcome.program
        candidate = program.index.candidates[position]
        for counter in self._route(candidate):
            used, records = self._use(counter, 1, position), outcome.hits.get(counter, ())
            for n, window, number, mask in program.counters[counter][1]:
                # Of the records only the one counts that, with what was used, makes n.
                left = n - used
                if left <= len(records) and (left <= 0 or records[left - 1][0] >= outcome.since[window]):
                    inside = bisect_right(records, -outcome.since[window], key=_age)
                    self._close(counter, n - inside, outcome.concerned(number, mask), number)
        drawn = {key: amount for key, _, _ in program.budgets if (amount := _drawn(candidate, key))}
        used_up = {key: self._use(key, amount, position) for key, amount in drawn.items()}
        for key, number, shares in program.budgets:
            if key in used_up:
                total = outcome.facts.totals.get(key, NOTHING).actual
                for most, mask in shares:
                    if total + used_up[key] >= most:
                        self._close(key, most - total, outcome.concerned(number, mask), number)

    def _use(self, key: Key, amount: int, position: int) -> int:
        """How much of a counter or budget this response has used up with so much more."""
        self._users[key] = self._users.get(key, 0) | 1 << position
        used = self._used[key] = self._used.get(key, 0) + amount
        return used

    def _close(self, key: Key, room: int, closes: int, number: int) -> None:
        if closes and (not isinstance(key, int) or self._outcome.program.counts_siblings[number]):
            self._closed |= closes
            self._reached.append((Cap(key, room, closes), self._users[key]))

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
