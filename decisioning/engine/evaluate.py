"""The verdict on every candidate: what blocks it, what was set aside, and when it may be shown again."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass

from decisioning.engine.facts import Facts
from decisioning.engine.judging import Judge
from decisioning.engine.snapshot import Candidate, PolicyLimit, Snapshot, Source
from policies.limits import Exempt, Finding
from policies.windows import DAY

HORIZON = 400 * DAY


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


@dataclass(frozen=True)
class Block:
    """A breached limit at an instant, before anybody puts it into words."""

    placed: PolicyLimit
    finding: Finding
    lifted: bool


def evaluate(
    snapshot: Snapshot,
    facts: Facts,
    candidates: Sequence[Candidate],
    *,
    now: int,
    selected: Collection[str] | None = None,
) -> list[Verdict]:
    """One verdict per candidate, in the order given.

    `selected` holds the ids of the policies whose global assignments apply; None stands for all. Each counter is
    filled once; beyond that the cost is candidates x limits.
    """
    bench = Bench(snapshot, facts, now=now, selected=selected)
    return [bench.verdict(candidate) for candidate in candidates]


class Bench:
    """The limits in force for one customer at one instant, and the judge of them."""

    def __init__(self, snapshot: Snapshot, facts: Facts, *, now: int, selected: Collection[str] | None = None) -> None:
        self._snapshot = snapshot
        self._now = now
        self._judge = Judge(snapshot, facts, now=now)
        self._limits = [placed for placed in snapshot.limits if _applies(placed, selected)]

    def verdict(self, candidate: Candidate) -> Verdict:
        concerning = [placed for placed in self._limits if placed.concerns(candidate)]
        blocks = list(self._blocks(candidate, concerning, self._now))
        allowed = all(block.lifted for block in blocks)
        return Verdict(
            candidate=candidate,
            allowed=allowed,
            free_at=None if allowed else self._free_at(candidate, concerning, blocks),
            reasons=tuple(self._worded(block, candidate) for block in blocks),
        )

    def _blocks(self, candidate: Candidate, concerning: Sequence[PolicyLimit], at: int) -> Iterator[Block]:
        override = any(isinstance(placed.limit.test, Exempt) for placed in concerning)
        mandatory = candidate.mandatory_until is not None and at < candidate.mandatory_until
        for placed in concerning:
            finding = self._judge.finding(placed, candidate, at)
            if finding is not None:
                yield Block(placed, finding, placed.lifted(override=override, mandatory=mandatory))

    def _free_at(self, candidate: Candidate, concerning: Sequence[PolicyLimit], blocks: Sequence[Block]) -> int | None:
        """Jumps from lift to lift until nothing blocks.

        Nothing that blocks now can let go before its own lift, so the latest of them is the next instant worth
        looking at; by then another limit may block, and a mandatory offer may be an ordinary one.
        """
        at = self._now
        while standing := [block for block in blocks if not block.lifted]:
            lifts = [block.finding.free_at for block in standing if block.finding.free_at is not None]
            if len(lifts) < len(standing):
                return None
            at = max(lifts)
            if at > self._now + HORIZON:
                return None
            blocks = list(self._blocks(candidate, concerning, at))
        return at

    def _worded(self, block: Block, candidate: Candidate) -> Reason:
        sentence, evidence = block.placed.limit.explain(block.finding, candidate, self._snapshot)
        return Reason(
            source=block.placed.source,
            reason=sentence,
            evidence=evidence,
            free_at=block.finding.free_at,
            lifted=block.lifted,
        )


def _applies(placed: PolicyLimit, selected: Collection[str] | None) -> bool:
    # A flow chooses among global assignments only; every other assignment always applies.
    return selected is None or placed.source.scope != "global" or placed.source.policy_id in selected
