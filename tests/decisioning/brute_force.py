"""A second, slow reading of what policies mean, straight from the product's description and a CSV of touches.

It shares no code with the engine: its own parsing, its own windows, its own clock. Whether something blocks is asked
again at every instant at which anything could change, so there is no cleverness in it that could be wrong the same way.
"""

from __future__ import annotations

import csv
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from functools import cache, cached_property
from itertools import accumulate
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

HOUR = 3_600_000
DAY = 24 * HOUR
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
PERIOD_DAYS = {"daily": 1, "weekly": 7, "monthly": 30}
CAPS = {"maxPerDay": "daily", "maxPerWeek": "weekly", "maxPerMonth": "monthly", "maxTotal": "alltime"}


@dataclass(frozen=True)
class Thing:
    """A touch or a candidate: a value or None in every dimension a scope can name."""

    offer: str
    creative: str
    channel: str
    category: str | None
    subcategory: str | None
    label: str
    at: int = 0
    outcome: str = "impression"
    campaign: str = ""


def milliseconds(text: str) -> int:
    """`2018-07-01T13:24:46Z` or with a fraction."""
    pattern = "%Y-%m-%dT%H:%M:%S.%fZ" if "." in text else "%Y-%m-%dT%H:%M:%SZ"
    return (datetime.strptime(text, pattern).replace(tzinfo=UTC) - EPOCH) // timedelta(milliseconds=1)


def text_of(at: int | None) -> str | None:
    """The instant as the API writes it."""
    if at is None:
        return None
    shown = EPOCH + timedelta(milliseconds=at)
    return f"{shown:%Y-%m-%dT%H:%M:%S}.{at % 1000:03}Z"


@cache
def local(at: int, zone: str) -> datetime:
    """The wall clock of a zone."""
    return (EPOCH + timedelta(milliseconds=at)).astimezone(ZoneInfo(zone))


@cache
def start_of(day: date, zone: str, hour: int = 0) -> int:
    """The instant at which a local day reaches an hour; the zones used have no clock change in these months."""
    shown = datetime(day.year, day.month, day.day, hour, tzinfo=ZoneInfo(zone))
    return (shown.astimezone(UTC) - EPOCH) // timedelta(milliseconds=1)


class Touches:
    """The file: every customer's touches, and the running totals over all customers.

    Things are named like the channels of the file; a row is a touch with the thing of its channel.
    """

    def __init__(self, path: Path, things: dict[str, Thing], costs: dict[str, Decimal]) -> None:
        self.costs = costs
        self.of: dict[str, list[Thing]] = defaultdict(list)
        self._spent: dict[tuple[str, str | None], list[tuple[int, Decimal]]] = defaultdict(list)
        with path.open(newline="") as stream:
            for row in csv.DictReader(stream):
                self._add(row, things[row["channel"]])
        self._times, self._sums = {}, {}
        for key, entries in self._spent.items():
            entries.sort()
            self._times[key] = [at for at, _ in entries]
            self._sums[key] = list(accumulate((cost for _, cost in entries), initial=Decimal(0)))

    def _add(self, row: dict[str, str], thing: Thing) -> None:
        outcome = {"impression": "impression", "conversion": "convert"}[row["interaction"]]
        touch = replace(thing, at=milliseconds(row["time"]), outcome=outcome, campaign=row["channel"])
        self.of[row["customer_id"]].append(touch)
        if outcome == "impression":
            for scope in ("global", "offer", "creative", "channel", "category", "subcategory"):
                value = None if scope == "global" else getattr(touch, scope)
                if scope == "global" or value is not None:
                    self._spent[scope, value].append((touch.at, self.costs[touch.channel]))

    def total(self, scope: str, value: str | None, field: str, at: int) -> Decimal:
        """Impressions or money over all customers up to an instant."""
        key = scope, value
        seen = bisect_right(self._times.get(key, []), at)
        return Decimal(seen) if field == "impressions" or not seen else self._sums[key][seen]


@dataclass(frozen=True)
class Question:
    """One customer at one instant: what happened up to then, and the segments the request names."""

    touches: Touches
    history: list[Thing]
    now: int
    segments: frozenset[str]

    @cached_property
    def contacts(self) -> list[Thing]:
        """The impressions."""
        return [touch for touch in self.history if touch.outcome == "impression"]

    @cached_property
    def _placed(self) -> dict[tuple[str, str | None], list[Thing]]:
        return {}

    def in_scope(self, scope: dict[str, Any], candidate: Thing) -> list[Thing]:
        """What happened where the assignment looks when it judges the candidate."""
        if scope["scope"] == "global":
            return self.history
        kind = scope["scope"]
        wanted = getattr(candidate, kind) if scope["scopeId"] == "*" else scope["scopeId"]
        if (kind, wanted) not in self._placed:
            found = [touch for touch in self.history if wanted is not None and getattr(touch, kind) == wanted]
            self._placed[kind, wanted] = found
        return self._placed[kind, wanted]


Key = tuple[str, int, str]  # policy, assignment, limit


def breached(policy: dict[str, Any], candidate: Thing, question: Question, at: int) -> Iterator[Key]:
    """The limits of one policy that stand against a candidate at an instant, nothing more having happened by then."""
    if policy["ruleType"] == "mutual_exclusion":
        yield from _mutual_exclusion(policy, candidate, question, at)
        return
    for index, scope in enumerate(policy["scopes"]):
        if _concerns(scope, candidate):
            for name in _broken(policy["ruleType"], policy["config"], scope, candidate, question, at):
                yield policy["name"], index, name


def _concerns(scope: dict[str, Any], candidate: Thing) -> bool:
    if scope["scope"] == "global":
        return True
    value = getattr(candidate, scope["scope"])
    return value is not None if scope["scopeId"] == "*" else value == scope["scopeId"]


def _inside(config: dict[str, Any], period: str, t: int, at: int) -> bool:
    if period == "alltime":
        return t <= at
    if config.get("windowType") != "calendar":
        return at - PERIOD_DAYS[period] * DAY < t <= at
    zone = config.get("timezone", "UTC")
    then, today = local(t, zone).date(), local(at, zone).date()
    same = {
        "daily": then == today,
        "weekly": then.isocalendar()[:2] == today.isocalendar()[:2],
        "monthly": (then.year, then.month) == (today.year, today.month),
    }
    return t <= at and same[period]


def _broken(rule: str, c: dict[str, Any], scope: Any, candidate: Thing, q: Question, at: int) -> Iterator[str]:
    contacts, scoped = q.contacts, q.in_scope(scope, candidate)
    period = c.get("periodType", "alltime")
    if rule == "frequency_cap":
        scoped = [t for t in scoped if t.outcome == "impression" and c.get("withinCampaignId") in (None, t.campaign)]
        scoped = [t for t in scoped if t.campaign not in c.get("excludeCampaignIds", [])]
        for key, window in CAPS.items():
            if key in c and sum(_inside(c, window, t.at, at) for t in scoped) >= c[key]:
                yield key
    elif rule == "cooldown":
        if any(t.outcome == "impression" and at - c["cooldownHours"] * HOUR < t.at <= at for t in scoped):
            yield rule
    elif rule == "outcome_based":
        outcomes = [c["afterOutcome"]] if isinstance(c["afterOutcome"], str) else c["afterOutcome"]
        if any(t.outcome in outcomes and at - c["suppressForDays"] * DAY < t.at <= at for t in scoped):
            yield rule
    elif rule == "customer_total_cap":
        if sum(_inside(c, period, t.at, at) for t in contacts) >= c["maxTotal"]:
            yield rule
    elif rule == "cross_channel_cap":
        across = c.get("appliesAcross") or list(q.touches.costs)
        counted = [t for t in contacts if t.offer == candidate.offer and t.channel in across]
        if sum(_inside(c, period, t.at, at) for t in counted) >= c["maxTotal"]:
            yield rule
    elif rule == "offer_category_cap":
        counted = [t for t in contacts if t.label == c["targetCategory"]]
        if (
            candidate.label == c["targetCategory"]
            and sum(_inside(c, period, t.at, at) for t in counted) >= c["maxTotal"]
        ):
            yield rule
    else:
        yield from _broken_otherwise(rule, c, scope, candidate, q, at)


def _broken_otherwise(
    rule: str, c: dict[str, Any], scope: Any, candidate: Thing, q: Question, at: int
) -> Iterator[str]:
    if rule == "category_suppression":
        wanted = {"category": c.get("categoryId"), "subcategory": c.get("subCategoryId")}

        def within(thing: Thing) -> bool:
            return all(value in (None, getattr(thing, kind)) for kind, value in wanted.items())

        length = c["suppressionDays"] * DAY
        if within(candidate) and any(at - length < t.at <= at and within(t) for t in q.contacts):
            yield rule
    elif rule == "budget_exhausted":
        value = None if scope["scope"] == "global" else getattr(candidate, scope["scope"])
        spent = q.touches.total(scope["scope"], value, c["budgetField"], q.now)
        step = Decimal(1) if c["budgetField"] == "impressions" else q.touches.costs[candidate.channel]
        threshold = Decimal(str(c["threshold"]))
        if spent >= threshold or spent + step > threshold:
            yield rule
    elif rule == "segment_exclusion":
        if q.segments & set(c["excludeSegments"]):
            yield rule
    elif rule == "time_window":
        if not _is_open(c, at):
            yield rule
    else:
        assert rule == "allow_override", rule


def _is_open(c: dict[str, Any], at: int) -> bool:
    shown = local(at, c.get("timezone", "UTC"))
    start, end = c.get("startHour", 0), c.get("endHour", 24)
    days = c.get("daysOfWeek") or list(range(7))
    today, yesterday = shown.isoweekday() % 7, (shown.isoweekday() - 1) % 7
    if start < end:
        return start <= shown.hour < end and today in days
    return (shown.hour >= start and today in days) or (shown.hour < end and yesterday in days)


def _mutual_exclusion(policy: dict[str, Any], candidate: Thing, q: Question, at: int) -> Iterator[Key]:
    offers = [scope["scopeId"] for scope in policy["scopes"] if scope["scope"] == "offer"]
    others = [scope for scope in policy["scopes"] if scope["scope"] != "offer"]
    group = {*policy["config"]["excludeOfferIds"], *offers}
    length = policy["config"].get("lookbackDays", 30) * DAY
    others_shown = [t for t in q.contacts if t.offer in group - {candidate.offer}]
    if candidate.offer in group and any(at - length < t.at <= at for t in others_shown):
        if not others:
            yield policy["name"], 0, "group"
        for index, scope in enumerate(others):
            if _concerns(scope, candidate):
                yield policy["name"], index, "group"


def verdict(policies: list[dict[str, Any]], candidate: Thing, q: Question, *, mandatory: bool) -> Any:
    """`(allowed, freeAt, sorted [(policy, lifted, freeAt)])`."""
    override = any(
        policy["ruleType"] == "allow_override" and any(_concerns(scope, candidate) for scope in policy["scopes"])
        for policy in policies
    )

    def lifted(policy: dict[str, Any]) -> bool:
        if policy["config"].get("bypassable", True) is False:
            return False
        return override or (mandatory and policy["ruleType"] not in {"frequency_cap", "cross_channel_cap"})

    moments = sorted({at for policy in policies for at in turning_points(policy, q) if at > q.now})
    reasons = []
    for policy in policies:
        for key in breached(policy, candidate, q, q.now):
            free = (at for at in moments if key not in set(breached(policy, candidate, q, at)))
            reasons.append((policy["name"], lifted(policy), text_of(next(free, None))))
    allowed = all(is_lifted for _, is_lifted, _ in reasons)
    strict = [policy for policy in policies if not lifted(policy)]
    clear = (at for at in moments if not any(any(breached(policy, candidate, q, at)) for policy in strict))
    return allowed, None if allowed else text_of(next(clear, None)), sorted(reasons, key=str)


def turning_points(policy: dict[str, Any], q: Question) -> Iterator[int]:
    """Every instant after which the policy may judge differently: touches growing old, midnights, opening hours."""
    c, zone = policy["config"], policy["config"].get("timezone", "UTC")
    days = {1, 7, 30} if policy["ruleType"].endswith("_cap") else set()
    days |= {c[key] for key in ("suppressForDays", "suppressionDays", "lookbackDays") if key in c}
    if policy["ruleType"] == "mutual_exclusion" and "lookbackDays" not in c:
        days.add(30)
    spans = {round(count * DAY) for count in days} | {round(c[key] * HOUR) for key in ("cooldownHours",) if key in c}
    yield from (touch.at + span for touch in q.history for span in spans)
    today = local(q.now, zone).date()
    if c.get("windowType") == "calendar":
        yield from (start_of(today + timedelta(days=ahead), zone) for ahead in range(1, 33))
    if policy["ruleType"] == "time_window":
        yield from (start_of(today + timedelta(days=ahead), zone, c.get("startHour", 0)) for ahead in range(75))
