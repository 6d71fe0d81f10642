"""The evaluator one would write first: candidate by candidate, with every counter remembered per (limit, key)."""

from collections import defaultdict
from collections.abc import Sequence

from decisioning.engine.candidates import Candidate
from decisioning.engine.facts import Contact, Facts
from decisioning.engine.snapshot import PolicyLimit, Snapshot
from policies.limits import AtMost, Blocked, Exempt, NotIn, Open, Spend, Total

Concerned = list[tuple[Candidate, list[PolicyLimit]]]


def prepared(snapshot: Snapshot, candidates: Sequence[Candidate]) -> Concerned:
    """Which limits concern which candidate; worked out once per configuration, outside of what is timed."""
    return [
        (candidate, [placed for placed in snapshot.limits if placed.limit.concerns.include(candidate)])
        for candidate in candidates
    ]


def blocked(snapshot: Snapshot, facts: Facts, concerned: Concerned, now: int) -> int:
    """The blocked candidates as a mask."""
    judge = Judge(snapshot, facts, now)
    mask = 0
    for position, (candidate, concerning) in enumerate(concerned):
        mask |= judge.blocks(candidate, concerning) << position
    return mask


class Judge:
    """One customer's facts, and what was counted in them so far."""

    def __init__(self, snapshot: Snapshot, facts: Facts, now: int) -> None:
        self.snapshot = snapshot
        self.facts = facts
        self.now = now
        self.contacts = [facts.contact(*record) for record in facts.records if record[0] <= now]
        self.counters: dict[int, dict[int | None, list[Contact]]] = {}
        self.stands: dict[tuple[int, int | None], bool] = {}

    def blocks(self, candidate: Candidate, concerning: Sequence[PolicyLimit]) -> bool:
        """Whether some limit that nothing sets aside stands against the candidate."""
        override = any(isinstance(placed.limit.test, Exempt) for placed in concerning)
        mandatory = candidate.mandatory_until is not None and self.now < candidate.mandatory_until
        return any(
            self.stands_against(placed, candidate) and not placed.lifted(override=override, mandatory=mandatory)
            for placed in concerning
        )

    def stands_against(self, placed: PolicyLimit, candidate: Candidate) -> bool:
        """Whether the limit is reached for the candidate."""
        test = placed.limit.test
        if isinstance(test, Exempt):
            return False
        if isinstance(test, Spend):
            total = self.facts.totals.get(test.total_key(candidate), Total()).actual
            return total >= test.exhausted_at(candidate.cost)
        key = test.contacts.key(candidate) if isinstance(test, AtMost) else None
        asked = id(placed), key
        if asked not in self.stands:
            self.stands[asked] = self._reached(placed, test, key)
        return self.stands[asked]

    def _reached(self, placed: PolicyLimit, test: AtMost | NotIn | Open | Blocked, key: int | None) -> bool:
        if isinstance(test, AtMost):
            window = test.window.localised(customer=self.facts.timezone, tenant=self.snapshot.tenant_timezone)
            counted = self.counter(placed, test).get(key, [])
            return sum(window.inside(contact.at, self.now) for contact in counted) >= test.n
        if isinstance(test, NotIn):
            return test.found(self.now, self.facts.segments) is not None
        if isinstance(test, Open):
            local = test.localised(customer=self.facts.timezone, tenant=self.snapshot.tenant_timezone)
            return not local.is_open(self.now)
        return True

    def counter(self, placed: PolicyLimit, test: AtMost) -> dict[int | None, list[Contact]]:
        """What the limit counts, by what it must share with the candidate."""
        if id(placed) not in self.counters:
            groups: dict[int | None, list[Contact]] = defaultdict(list)
            for contact in self.contacts:
                if test.contacts.include(contact):
                    groups[test.contacts.key(contact)].append(contact)
            self.counters[id(placed)] = groups
        return self.counters[id(placed)]
