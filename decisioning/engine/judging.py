"""One customer's facts held against limits, each counter filled once however many candidates ask for it."""

from collections import defaultdict
from collections.abc import Sequence
from operator import attrgetter

from decisioning.engine.facts import Contact, Facts
from decisioning.engine.snapshot import Candidate, PolicyLimit, Snapshot
from policies.limits import AtMost, Blocked, Exempt, Finding, NotIn, Open, Spend, Total

Counters = dict[int | None, list[Contact]]


class Judge:
    """Judges limits at any instant from `now` on, seeing no contact later than `now`."""

    def __init__(self, snapshot: Snapshot, facts: Facts, *, now: int) -> None:
        self._zones = {"customer": facts.timezone, "tenant": snapshot.tenant_timezone}
        self._facts = facts
        self._contacts = sorted((c for c in facts.contacts if c.at <= now), key=attrgetter("at"))
        self._tests: dict[int, AtMost | Open] = {}
        self._counters: dict[int, Counters] = {}
        self._findings: dict[tuple[int, int | None, int], Finding | None] = {}

    def finding(self, placed: PolicyLimit, candidate: Candidate, at: int) -> Finding | None:
        """What stands against a candidate the limit concerns, or None if it holds."""
        test = placed.limit.test
        if isinstance(test, Exempt):
            return None
        if isinstance(test, Spend):
            return test.found(at, self._facts.totals.get(test.total_key(candidate), Total()), candidate.cost)
        key = test.contacts.key(candidate) if isinstance(test, AtMost) else None
        # Limits live as long as the snapshot, so an identity is a safe and cheap name within one judgement.
        asked = (id(placed), key, at)
        if asked not in self._findings:
            self._findings[asked] = self._judge(placed, test, key, at)
        return self._findings[asked]

    def _judge(
        self, placed: PolicyLimit, test: AtMost | NotIn | Open | Blocked, key: int | None, at: int
    ) -> Finding | None:
        if isinstance(test, AtMost | Open):
            test = self._local(placed, test)
        if isinstance(test, AtMost):
            return test.found(at, self._matching(placed, test).get(key, ()))
        return test.found(at, self._facts.segments) if isinstance(test, NotIn) else test.found(at)

    def _local(self, placed: PolicyLimit, test: AtMost | Open) -> AtMost | Open:
        if id(placed) not in self._tests:
            self._tests[id(placed)] = test.localised(**self._zones)
        return self._tests[id(placed)]

    def _matching(self, placed: PolicyLimit, test: AtMost) -> "Counters":
        """The contacts the limit counts, in time order, by the value they share with a candidate."""
        if id(placed) not in self._counters:
            self._counters[id(placed)] = _grouped(test, self._contacts)
        return self._counters[id(placed)]


def _grouped(test: AtMost, contacts: Sequence[Contact]) -> Counters:
    groups: Counters = defaultdict(list)
    for contact in contacts:
        key = test.contacts.key(contact)
        # What lacks the shared dimension belongs to no candidate's count.
        if test.contacts.include(contact) and (key is not None or test.contacts.shared is None):
            groups[key].append(contact)
    return groups
