"""What decisioning does for its callers, one function per question."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from decisioning.deciding.histories import recall
from decisioning.deciding.lookup import Known
from decisioning.engine.candidates import Candidate
from decisioning.engine.evaluate import Verdict, decide, evaluate
from decisioning.engine.facts import Facts
from decisioning.engine.snapshot import Snapshot
from decisioning.in_force.configuration import Configuration
from kaireon import clock


@dataclass(frozen=True, kw_only=True)
class Filtered:
    """The verdicts on candidates, in their order, and the instant they hold for."""

    decided_at: datetime
    verdicts: Sequence[Verdict]
    warnings: Sequence[str]


def filter_candidates(
    known: Known,
    configuration: Configuration,
    *,
    candidates: Sequence[Candidate] | None = None,
    segments: Collection[str] = (),
    policy_ids: Collection[str] | None = None,
    as_of: datetime | None = None,
) -> Filtered:
    """Judges candidates, or one for each creative of the inventory, now or at a past instant; nothing is stored."""
    now = as_of or known.at
    snapshot = configuration.snapshot(policy_ids)
    facts = recall(known, snapshot, as_of=as_of, segments=segments).facts
    warnings = [warning for stored in configuration.in_force(policy_ids) for warning in stored.warnings]
    if candidates is None:
        judged = [item.candidate for item in configuration.inventory(now)]
    else:
        judged = list(candidates)
        warnings += _absences(configuration, judged, now)
    verdicts = _verdicts(configuration, snapshot, facts, judged, now=clock.milliseconds(now))
    return Filtered(decided_at=now, verdicts=verdicts, warnings=warnings)


def _verdicts(
    configuration: Configuration, snapshot: Snapshot, facts: Facts, judged: Sequence[Candidate], *, now: int
) -> Sequence[Verdict]:
    """The verdicts; candidates that are wares as they stand are judged by the program laid out for all customers."""
    stock = configuration.stock
    if snapshot is not stock.snapshot:
        return evaluate(snapshot, facts, judged, now=now)
    places = [stock.position_of.get(candidate) for candidate in judged]
    wares = [place for place in places if place is not None]
    if len(wares) < len(places):
        return evaluate(snapshot, facts, judged, now=now)
    outcome = decide(snapshot, stock.program, facts, now=now)
    return [outcome.verdict(place) for place in wares]


def _absences(configuration: Configuration, candidates: Sequence[Candidate], at: datetime) -> Iterator[str]:
    """Names each creative that was asked for but would not be recommended."""
    for key in dict.fromkeys(candidate.creative for candidate in candidates):
        item = configuration.items[key]
        if reasons := item.absent_because(at):
            yield f'The creative "{item.name}" ({item.public_id}) was judged, but {" and ".join(reasons)}.'
