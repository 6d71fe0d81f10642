"""Limits within one response: whatever was admitted counts against the next as if it had happened before."""

from collections import defaultdict
from collections.abc import Sequence

from decisioning.engine.candidates import Candidate
from decisioning.engine.evaluate import NOTHING, Outcome
from decisioning.engine.facts import Contact
from policies.limits import AtMost, TotalKey
from policies.scope import IMPRESSION


class Admission:
    """Admits candidates of an outcome one after another, each counted in every limit it would count in later."""

    def __init__(self, outcome: Outcome, *, campaign: str | None = None) -> None:
        self._outcome = outcome
        self._campaign = campaign
        self._since = outcome.local.since(outcome.now)
        self._counted: defaultdict[int, int] = defaultdict(int)
        self._used: defaultdict[TotalKey, int] = defaultdict(int)

    def admit(self, positions: Sequence[int]) -> bool:
        """Admits all of these candidates, which the outcome allows, or none."""
        admitted: list[int] = []
        for position in positions:
            if not self._fits(position):
                for former in admitted:
                    self._count(former, -1)
                return False
            self._count(position, 1)
            admitted.append(position)
        return True

    def _fits(self, position: int) -> bool:
        bit = 1 << position
        return not self._capped(bit) and not self._over_budget(bit)

    def _capped(self, bit: int) -> bool:
        program, hits = self._outcome.program, self._outcome.hits
        for counter, admitted in self._counted.items():
            if not admitted:
                continue
            for n, window, number, mask in program.counters[counter][1]:
                if mask & bit and self._stands(number, bit) and self._counts_siblings(number):
                    since = self._since[window]
                    inside = sum(1 for record in hits.get(counter, ()) if record[0] >= since)
                    if inside + admitted >= n:
                        return True
        return False

    def _over_budget(self, bit: int) -> bool:
        for key, number, shares in self._outcome.program.budgets:
            used = self._used.get(key, 0)
            if used and self._stands(number, bit):
                total = self._outcome.facts.totals.get(key, NOTHING).actual + used
                if any(mask & bit and total >= exhausted_at for exhausted_at, mask in shares):
                    return True
        return False

    def _stands(self, number: int, bit: int) -> bool:
        outcome = self._outcome
        return number not in outcome.skipped and not outcome.lifted(number, bit, outcome.mandatory)

    def _counts_siblings(self, number: int) -> bool:
        test = self._outcome.program.limits[number].limit.test
        return isinstance(test, AtMost) and test.counts_siblings

    def _count(self, position: int, step: int) -> None:
        program = self._outcome.program
        candidate = program.index.candidates[position]
        for counter in self._route(candidate):
            self._counted[counter] += step
        for key in {key for key, _, _ in program.budgets}:
            field, dimension, target = key
            if dimension is None or getattr(candidate, dimension) == target:
                self._used[key] += step * (candidate.cost if field == "spend" else 1)

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
