"""What decisioning does for its callers, one function per question."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from decisioning.configuration import Configuration
from decisioning.engine.candidates import Candidate
from decisioning.engine.evaluate import Verdict, evaluate
from decisioning.loading import load_facts
from kaireon import clock
from kaireon.tenancy import Tenant


@dataclass(frozen=True, kw_only=True)
class Filtered:
    """The verdicts on candidates, in their order, and the instant they hold for."""

    decided_at: datetime
    verdicts: Sequence[Verdict]
    warnings: Sequence[str]


def filter_candidates(
    tenant: Tenant,
    configuration: Configuration,
    *,
    read_at: datetime,
    customer_id: str,
    candidates: Sequence[Candidate] | None = None,
    segments: Collection[str] = (),
    policy_ids: Collection[str] | None = None,
    as_of: datetime | None = None,
) -> Filtered:
    """Judges candidates, or one for each creative of the inventory, at `read_at` or a past instant; nothing is stored.

    Called inside the `reading()` the configuration was loaded in, it decides on facts of the same instant.
    """
    now = as_of or read_at
    snapshot = configuration.snapshot(policy_ids)
    facts = load_facts(tenant, customer_id, snapshot, now=now, as_of=as_of, segments=segments)
    warnings = [warning for stored in configuration.in_force(policy_ids) for warning in stored.warnings]
    if candidates is None:
        judged = [item.candidate for item in configuration.inventory(now)]
    else:
        judged = list(candidates)
        warnings += _absences(configuration, judged, now)
    verdicts = evaluate(snapshot, facts, judged, now=clock.milliseconds(now))
    return Filtered(decided_at=now, verdicts=verdicts, warnings=warnings)


def _absences(configuration: Configuration, candidates: Sequence[Candidate], at: datetime) -> Iterator[str]:
    """Names each creative that was asked for but would not be recommended."""
    for key in dict.fromkeys(candidate.creative for candidate in candidates):
        item = configuration.items[key]
        if reasons := item.absent_because(at):
            yield f'The creative "{item.name}" ({item.public_id}) was judged, but {" and ".join(reasons)}.'
