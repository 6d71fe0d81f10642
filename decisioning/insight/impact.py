"""The impact preview: what a proposed policy would have done to the contacts of the last days."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

from creatives.models import Offer
from decisioning.engine.impact import Impact, impact_of, to_one_decimal
from decisioning.engine.replay import replay
from decisioning.insight.population import memberships, population
from kaireon import clock
from kaireon.database.reading import reading
from kaireon.tenancy import Tenant
from policies.limits import AtMost
from policies.preview import Trial
from policies.rule import Limit
from policies.scope import Assignment
from policies.windows import DAY, Calendar, Rolling, Window

NO_OFFER = "(no offer)"
MOST_SEGMENTS = 10
# A month and the width of the world: no customer's calendar month began earlier, wherever they live.
LONGEST_UNIT = 33 * DAY


class SegmentImpact(NamedTuple):
    """How many of a segment's analysed members would have missed a contact."""

    name: str
    affected: int
    total: int


@dataclass(frozen=True, kw_only=True)
class Preview:
    """The impact, with what was suppressed by the offers' names and the segments it concerns most."""

    impact: Impact
    offers: Mapping[str, int]
    segments: Sequence[SegmentImpact]


def preview(
    tenant: Tenant, trial: Trial, assignments: Sequence[Assignment], *, most: int | None, now: datetime
) -> Preview:
    """Tries a rule, its references resolved, where it is assigned; on at most `most` customers, None being all."""
    limits = list(trial.limits(assignments))
    windows = [limit.test.window for limit in limits if isinstance(limit.test, AtMost)]
    at = clock.milliseconds(now)
    since = Rolling(trial.looked_back * DAY).since(at)
    with reading():
        people = population(
            tenant,
            active_since=since,
            since=min([since, *(_reach(window, since) for window in windows if trial.counts_earlier)]),
            now=at,
            most=most,
            looked_at=_looked_at(limits),
            with_zones=any(isinstance(window, Calendar) and window.clock.customers for window in windows),
        )
        replayed = replay(
            people.past, limits, outcome=trial.tried_outcome, since=since, tenant_timezone=tenant.timezone
        )
        impact = impact_of(people.past, replayed, customers=len(people.customers))
        offers = _by_name(tenant, impact.suppressed)
        segments = _segments(tenant, people.customers, impact, some=most is not None)
    return Preview(impact=impact, offers=offers, segments=segments)


def wire(found: Preview) -> dict[str, Any]:
    """The answer in the contract's words."""
    impact = found.impact
    return {
        "totalCustomersAnalyzed": impact.analysed,
        "customersAffected": impact.customers_affected,
        "affectedPercent": to_one_decimal(100 * impact.customers_affected, impact.analysed),
        "offersSuppressed": dict(found.offers),
        "avgOffersBeforePolicy": to_one_decimal(impact.before, impact.analysed),
        "avgOffersAfterPolicy": to_one_decimal(impact.after, impact.analysed),
        "topAffectedSegments": [
            {"segment": segment.name, "affected": segment.affected, "total": segment.total}
            for segment in found.segments
        ],
    }


def _looked_at(limits: Iterable[Limit]) -> frozenset[str]:
    """What of an interaction is asked: by the limits, and for the names of what they suppress."""
    named = [limit.concerns.looks_at() for limit in limits]
    named += [limit.test.contacts.looks_at() for limit in limits if isinstance(limit.test, AtMost)]
    return frozenset({"outcome", "offer"}).union(*named)


def _reach(window: Window, at: int) -> int:
    """The first instant that may lie in the window at `at`, in whatever zone."""
    return at - LONGEST_UNIT if isinstance(window, Calendar) else window.since(at)


def _by_name(tenant: Tenant, suppressed: Mapping[int | None, int]) -> dict[str, int]:
    """The suppressed contacts by offer name, the most first; offers of one name count together."""
    named = Offer.everything.of(tenant).filter(pk__in=[key for key in suppressed if key is not None])
    names = dict(named.values_list("pk", "name"))
    counts: Counter[str] = Counter()
    for key, count in suppressed.items():
        counts[names.get(key or 0, NO_OFFER)] += count
    return dict(sorted(counts.items(), key=lambda item: (-item[1], item[0])))


def _segments(tenant: Tenant, customers: Sequence[str], impact: Impact, *, some: bool) -> list[SegmentImpact]:
    """The segments with the most customers affected."""
    numbers = {customer: number for number, customer in enumerate(customers)}
    affected, total = Counter[str](), Counter[str]()
    for name, customer in memberships(tenant, customers, some=some):
        number = numbers.get(customer)
        if number is not None:
            total[name] += 1
            affected[name] += bool(impact.affected[number])
    found = [SegmentImpact(name, count, total[name]) for name, count in affected.items() if count]
    return sorted(found, key=lambda segment: (-segment.affected, segment.name))[:MOST_SEGMENTS]
