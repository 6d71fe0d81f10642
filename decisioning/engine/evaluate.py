"""Deciding: which candidates are blocked for a customer now, and, when somebody looks, why and until when."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from operator import itemgetter

from decisioning.engine.candidates import Candidate
from decisioning.engine.counting import WithHolds, counted, lets_go, matching
from decisioning.engine.facts import Facts, Record
from decisioning.engine.program import Local, Program
from decisioning.engine.snapshot import Snapshot, Source
from policies.limits import AtMost, Finding, Spend, Total
from policies.windows import DAY, Calendar, Window

HORIZON = 400 * DAY
NOTHING = Total()

# What stands behind a breach: what a counter counted, newest first; the number of closed hours; or a finding.
Evidence = list[Record] | int | Finding
# A breached limit, the candidates it blocks, and its evidence.
Breach = tuple[int, int, Evidence]


@dataclass(frozen=True, kw_only=True)
class Reason:
    """One breached limit: whose it is, what it says with its numbers, when it lifts, whether it was set aside."""

    source: Source
    reason: str
    evidence: Mapping[str, object]
    free_at: int | None
    lifted: bool


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """Whether a candidate may be shown now, all reasons against it, and the instant at which it may be.

    `free_at` is UTC milliseconds; None when it is allowed now, or never within 400 days.
    """

    candidate: Candidate
    allowed: bool
    free_at: int | None
    reasons: tuple[Reason, ...]


def evaluate(
    snapshot: Snapshot,
    facts: Facts,
    candidates: Sequence[Candidate],
    *,
    now: int,
    selected: Collection[str] | None = None,
) -> list[Verdict]:
    """One verdict per candidate, in the order given, every reason put into words.

    `selected` holds the ids of the policies whose global assignments apply; None stands for all.
    """
    program = Program(snapshot.limits, candidates)
    outcome = decide(snapshot, program, facts, now=now, skipped=program.unselected(selected))
    return [outcome.verdict(position) for position in range(len(candidates))]


def decide(
    snapshot: Snapshot, program: Program, facts: Facts, *, now: int, skipped: frozenset[int] | None = None
) -> "Outcome":
    """The outcome for one customer; O(records + holds + counters touched), hardly more for more candidates.

    `skipped` are the limits that do not apply (`Program.unselected`). Records later than `now` do not exist, nor do
    holds that have lapsed by then.
    """
    skipped = program.unselected(None) if skipped is None else skipped
    local = program.local(customer=facts.timezone, tenant=snapshot.tenant_timezone)
    since = local.since(now)
    breaches: list[Breach] = [(number, mask, Finding(now)) for number, mask in program.always]
    counters, hits = program.counters, counted(program, facts, now=now, since=min(since, default=now + 1))
    for counter, records in hits.items():
        least, caps = counters[counter]
        if (count := len(records)) >= least:
            for n, window, number, mask in caps:
                if n <= count and records[n - 1][0] >= since[window]:
                    breaches.append((number, mask, records))
    breaches += _other_breaches(program, facts, local, now)
    if skipped:
        breaches = [breach for breach in breaches if breach[0] not in skipped]
    return Outcome(
        snapshot, program, facts, local=local, now=now, since=since, skipped=skipped, breaches=breaches, hits=hits
    )


def _other_breaches(program: Program, facts: Facts, local: Local, now: int) -> Iterator[Breach]:
    """What stands against candidates apart from counted contacts: segments, hours and budgets."""
    if facts.segments:
        for test, number, mask in program.outside_segments:
            if (matched := test.found(now, facts.segments)) is not None:
                yield number, mask, matched
    for door in local.closed(now):
        _, number, mask = program.hours[door]
        yield number, mask, door
    for key, number, shares in program.budgets:
        total = facts.totals.get(key, NOTHING)
        for exhausted_at, mask in shares:
            if total.actual >= exhausted_at:
                yield number, mask, Spend.finding(now, total)


class Outcome:
    """What was decided for one customer at one instant. Reasons stay (limit, mask) until somebody looks."""

    def __init__(
        self,
        snapshot: Snapshot,
        program: Program,
        facts: Facts,
        *,
        local: Local,
        now: int,
        since: Sequence[int],
        skipped: frozenset[int],
        breaches: list[Breach],
        hits: Mapping[int, Sequence[Record]],
    ) -> None:
        self.snapshot = snapshot
        self.program = program
        self.facts = facts
        self.local = local
        self.now = now
        self.since = since
        self.skipped = skipped
        self.hits = hits
        self._breaches = breaches
        self.overridden = 0
        for number, mask in program.overrides:
            if number not in skipped:
                self.overridden |= mask
        self.mandatory = self._mandatory_at(now)
        self.blocked = self._blocked_by(breaches, self.mandatory)

    @property
    def allowed(self) -> int:
        """The candidates that may be shown, as a mask."""
        return self.program.index.everyone & ~self.blocked

    def verdict(self, position: int) -> Verdict:
        """The verdict on one candidate with all its reasons in words."""
        bit = 1 << position
        candidate = self.program.index.candidates[position]
        allowed = not self.blocked & bit
        return Verdict(
            candidate=candidate,
            allowed=allowed,
            free_at=None if allowed else self.free_at(position),
            reasons=tuple(self._reason(breach, candidate, bit) for breach in self._in_order if breach[1] & bit),
        )

    def free_at(self, position: int) -> int | None:
        """When a blocked candidate may be shown if nothing else happens; None = never within 400 days.

        Nothing that blocks now can let go before its own lift, so the latest of them is the next instant worth
        looking at; by then other hours may have closed, and a mandatory offer may be an ordinary one.
        """
        bit = 1 << position
        concerning = [breach for breach in self._breaches if breach[1] & bit]
        doors = [
            number
            for number, (_, limit, mask) in enumerate(self.program.hours)
            if mask & bit and limit not in self.skipped
        ]
        at, lifts = self.now, self._lifts(bit, concerning, doors, self.now)
        while lifts:
            if None in lifts:
                return None
            at = max(lift for lift in lifts if lift is not None)
            if at > self.now + HORIZON:
                return None
            lifts = self._lifts(bit, concerning, doors, at)
        return at

    @cached_property
    def _in_order(self) -> list[Breach]:
        return sorted(self._breaches, key=itemgetter(0))

    @cached_property
    def set_aside(self) -> tuple[int, int, int]:
        """The candidates that blocks of each class are lifted for now."""
        return 0, self.overridden, self.overridden | self.mandatory

    def _mandatory_at(self, at: int) -> int:
        mandatory = 0
        for until, bit in self.program.mandatory:
            if at < until:
                mandatory |= bit
        return mandatory

    def _blocked_by(self, breaches: Sequence[Breach], mandatory: int) -> int:
        """`A | (B & ~override) | (C & ~(override | mandatory))` over the classes of limits."""
        blocked, classes = [0, 0, 0], self.program.classes
        for number, mask, _ in breaches:
            blocked[classes[number]] |= mask
        firm, lifted_by_override, lifted_by_both = blocked
        return firm | (lifted_by_override & ~self.overridden) | (lifted_by_both & ~(self.overridden | mandatory))

    def _lifts(self, bit: int, concerning: Sequence[Breach], doors: Sequence[int], at: int) -> list[int | None]:
        """When each limit that stands against the candidate at an instant lets go."""
        mandatory = self._mandatory_at(at)
        standing = [breach for breach in concerning if not self.lifted(breach[0], bit, mandatory)]
        lifts = [lift for breach in standing for lift in self._lift(breach, at)]
        for door in doors:
            number = self.program.hours[door][1]
            if not self.local.hours[door].is_open(at) and not self.lifted(number, bit, mandatory):
                lifts.append(self.local.hours[door].opens_after(at))
        return lifts

    def _lift(self, breach: Breach, at: int) -> Iterator[int | None]:
        """When a breach ends, if at that instant it still is one; closed hours are looked at as doors."""
        number, _, evidence = breach
        if isinstance(evidence, Finding):
            yield None
        elif isinstance(evidence, list):
            lift, window = self._lets_go(number, evidence), self._window(number)
            if lift is None or lift > at:
                yield lift
            elif not isinstance(evidence, WithHolds) and evidence[self._most(number) - 1][0] >= window.since(at):
                # Clocks put back over midnight bring a day again that was left before; it ends with the next.
                yield window.leaves(at)

    def standing(self) -> Iterator[tuple[int | None, int]]:
        """When each limit that blocks now lets go, and the candidates it blocks."""
        for breach in self._breaches:
            number, mask, evidence = breach
            blocked = mask & ~self.set_aside[self.program.classes[number]]
            if blocked:
                test = self.local.hours[evidence] if isinstance(evidence, int) else None
                yield (next(self._lift(breach, self.now)) if test is None else test.opens_after(self.now)), blocked

    def suppressing(self, among: int) -> set[str]:
        """The ids of the policies that block any of these candidates and are not set aside."""
        classes, limits = self.program.classes, self.program.limits
        blocking = (number for number, mask, _ in self._breaches if mask & among & ~self.set_aside[classes[number]])
        return {limits[number].source.policy_id for number in blocking}

    def windows(self, position: int) -> Iterator[tuple[Source, int]]:
        """The limits on contacts that were reached for a candidate, and the first instant each of them counts."""
        for number, mask, _ in self._in_order:
            if mask >> position & 1 and number in self.program.window_of:
                yield self.program.limits[number].source, self._window(number).since(self.now)

    def concerned(self, number: int, mask: int) -> int:
        """Those in a mask for whom a limit is now neither skipped nor set aside."""
        return 0 if number in self.skipped else mask & ~self.set_aside[self.program.classes[number]]

    def lifted(self, number: int, bit: int, mandatory: int) -> bool:
        """Whether a block by this limit is set aside for the candidate with this bit."""
        placed = self.program.limits[number]
        return placed.lifted(override=bool(self.overridden & bit), mandatory=bool(mandatory & bit))

    def _reason(self, breach: Breach, candidate: Candidate, bit: int) -> Reason:
        number, _, evidence = breach
        placed, finding = self.program.limits[number], self._finding(number, evidence, candidate)
        sentence, numbers = placed.limit.explain(finding, candidate, self.snapshot)
        return Reason(
            source=placed.source,
            reason=sentence,
            evidence=numbers,
            free_at=finding.free_at,
            lifted=self.lifted(number, bit, self.mandatory),
        )

    def _finding(self, number: int, evidence: Evidence, candidate: Candidate) -> Finding:
        """The numbers a sentence needs."""
        if isinstance(evidence, list):
            return self._count(number, evidence, self._lets_go(number, evidence))
        if isinstance(evidence, int):
            return self.local.hours[evidence].found(self.now) or Finding(self.now)
        test = self.program.limits[number].limit.test
        if isinstance(test, AtMost):
            # A limit of 0 blocks whatever it would count, so nobody has counted it before.
            met = matching(self.facts, test.contacts, test.contacts.key(candidate), now=self.now)
            return self._count(number, met, None)
        return evidence

    def _count(self, number: int, records: Sequence[Record], free_at: int | None) -> Finding:
        window = self._window(number)
        since = window.since(self.now)
        inside = [record for record in records if record[0] >= since]
        zone = window.clock.zone if isinstance(window, Calendar) else None
        latest = self.facts.contact(*inside[0]) if inside else None
        held = isinstance(records, WithHolds)  # they come first
        return Finding(self.now, free_at, len(inside), latest, held, zone=zone)

    def _window(self, number: int) -> Window:
        return self.local.windows[self.program.window_of[number]]

    def _lets_go(self, number: int, records: list[Record]) -> int | None:
        return lets_go(records, self._most(number), self._window(number))

    def _most(self, number: int) -> int:
        test = self.program.limits[number].limit.test
        assert isinstance(test, AtMost)
        return test.n
