"""Limits within one response: whatever was admitted counts against the next as if it had happened before."""

from collections import defaultdict
from collections.abc import Sequence

from decisioning.engine.candidates import Candidate
from decisioning.engine.evaluate import NOTHING, Outcome
from decisioning.engine.facts import Contact
from policies.limits import TotalKey
from policies.scope import IMPRESSION


class Admission:
    """Admits candidates of an outcome one after another, each counted in every limit it would count in later.

    What an admission uses up is told at once to all candidates, as a mask: it touches a few counters, and many more
    candidates are asked for than are admitted.
    """

    def __init__(self, outcome: Outcome, *, campaign: str | None = None) -> None:
        self._outcome = outcome
        self._campaign = campaign
        self._counted: dict[int, int] = defaultdict(int)
        self._used: dict[TotalKey, int] = defaultdict(int)
        self._refused = 0

    def admit(self, positions: Sequence[int]) -> bool:
        """Admits all of these candidates, which the outcome allows, or none."""
        if len(positions) > 1:
            before = self._refused, self._counted.copy(), self._used.copy()
        for number, position in enumerate(positions):
            if self._refused >> position & 1:
                if number:
                    self._refused, self._counted, self._used = before
                return False
            self._count(self._outcome.program.index.candidates[position])
        return True

    def _count(self, candidate: Candidate) -> None:
        for counter in self._route(candidate):
            self._counted[counter] += 1
            self._cap(counter, self._counted[counter])
        if self._outcome.program.budgets:
            self._spend(candidate)

    def _cap(self, counter: int, admitted: int) -> None:
        """Refuses whom the caps of a counter concern that are reached with so many admissions."""
        outcome = self._outcome
        records = outcome.hits.get(counter, ())
        for n, window, number, mask in outcome.program.counters[counter][1]:
            room = n - admitted  # with so many contacts inside the window the cap is reached
            reached = room <= 0 or (room <= len(records) and records[room - 1][0] >= outcome.since[window])
            if reached and outcome.program.counts_siblings[number]:
                self._refuse(number, mask)

    def _spend(self, candidate: Candidate) -> None:
        """Refuses whom the budgets concern that are exhausted by the candidate, too."""
        used = set()
        for key, number, shares in self._outcome.program.budgets:
            field, dimension, target = key
            if dimension is None or getattr(candidate, dimension) == target:
                if key not in used:
                    used.add(key)
                    self._used[key] += candidate.cost if field == "spend" else 1
                total = self._outcome.facts.totals.get(key, NOTHING).actual + self._used[key]
                for exhausted_at, mask in shares:
                    if total >= exhausted_at:
                        self._refuse(number, mask)

    def _refuse(self, number: int, mask: int) -> None:
        """Refuses the candidates of a mask that the limit is not lifted for."""
        outcome = self._outcome
        if number not in outcome.skipped:
            self._refused |= mask & ~outcome.set_aside[outcome.program.classes[number]]

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
