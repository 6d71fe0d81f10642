"""A slow second reading of the impact preview, straight from its description and a CSV of touches."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from fractions import Fraction
from hashlib import md5
from math import floor
from typing import Any

from tests.decisioning.brute_force import DAY, HOUR, PERIOD_DAYS, Thing, local, start_of


@dataclass(frozen=True)
class Person:
    """What is known of a customer."""

    touches: Sequence[Thing]
    segments: Sequence[str] = ()
    zone: str | None = None


@dataclass
class Count:
    """What was counted so far."""

    tried: int = 0
    suppressed: Counter[str] = field(default_factory=Counter)
    affected: set[str] = field(default_factory=set)


def impact(asked: Mapping[str, Any], people: Mapping[str, Person], *, now: int) -> dict[str, Any]:
    """The answer to a request whose ids are names."""
    since = now - asked["config"]["periodDays"] * DAY
    active = [name for name, person in people.items() if any(touch.at > since for touch in person.touches)]
    if asked.get("population") != "all":
        active.sort(key=lambda name: md5(f"impact-preview {name}".encode()).hexdigest())
        active = active[: asked.get("sampleSize", 1000)]
    count = Count()
    for name in active:
        _try_out(asked, name, people[name], count, since=since, now=now)
    segments = []
    for segment in {segment for name in active for segment in people[name].segments}:
        members = [name for name in active if segment in people[name].segments]
        missed = len([name for name in members if name in count.affected])
        segments += [{"segment": segment, "affected": missed, "total": len(members)}] if missed else []
    segments.sort(key=lambda found: (-found["affected"], found["segment"]))
    return {
        "totalCustomersAnalyzed": len(active),
        "customersAffected": len(count.affected),
        "affectedPercent": _to_one_decimal(100 * len(count.affected), len(active)),
        "offersSuppressed": dict(count.suppressed),
        "avgOffersBeforePolicy": _to_one_decimal(count.tried, len(active)),
        "avgOffersAfterPolicy": _to_one_decimal(count.tried - count.suppressed.total(), len(active)),
        "topAffectedSegments": segments[:10],
    }


def _try_out(asked: Mapping[str, Any], name: str, person: Person, count: Count, *, since: int, now: int) -> None:
    rule, config = asked["policyType"], asked["config"]
    tried_outcome = config.get("outcomeType", "impression")
    happened: list[Thing] = []
    for touch in sorted((replace(touch, at=min(touch.at, now)) for touch in person.touches), key=lambda one: one.at):
        if touch.at > since and touch.outcome == tried_outcome and _concerned(asked, touch):
            count.tried += 1
            start = since if rule == "frequency_cap" else _start(rule, config, touch.at, person.zone)
            counted = [one for one in happened if one.at > start and _counts(asked, one, touch)]
            if len(counted) >= _most(rule, config):
                count.suppressed[touch.offer] += 1
                count.affected.add(name)
                continue
        happened.append(touch)


def _most(rule: str, config: Mapping[str, Any]) -> int:
    return int(
        {"frequency_cap": config.get("maxFrequency"), **dict.fromkeys(("cooldown", "outcome_based"), 1)}.get(
            rule, config.get("maxTotal")
        )
    )


def _value(touch: Thing, scope: str) -> str | None:
    return None if scope == "global" else getattr(touch, scope)


def _in_scope(asked: Mapping[str, Any], touch: Thing) -> bool:
    scope, scope_id = asked.get("scope", "global"), asked.get("scopeId")
    value = _value(touch, scope)
    return scope == "global" or (value is not None if scope_id == "*" else value == scope_id)


def _concerned(asked: Mapping[str, Any], touch: Thing) -> bool:
    target = asked["config"].get("targetCategory")
    return _in_scope(asked, touch) and target in {None, touch.label}


def _counts(asked: Mapping[str, Any], one: Thing, touch: Thing) -> bool:
    """Whether what happened counts when the touch is tried."""
    rule, config = asked["policyType"], asked["config"]
    if rule == "outcome_based":
        after = config["afterOutcome"]
        wanted = one.outcome in ([after] if isinstance(after, str) else after)
    else:
        wanted = one.outcome == config.get("outcomeType", "impression")
    if rule == "cross_channel_cap":
        across = config.get("appliesAcross")
        return wanted and one.offer == touch.offer and (not across or one.channel in across)
    if rule == "customer_total_cap":
        return wanted
    if rule == "offer_category_cap":
        return wanted and one.label == config["targetCategory"]
    scope = asked.get("scope", "global")
    same = asked.get("scopeId") != "*" or _value(one, scope) == _value(touch, scope)
    return wanted and same and _in_scope(asked, one)


def _start(rule: str, config: Mapping[str, Any], at: int, zone: str | None) -> float:
    """The instant after which things count at `at`."""
    if rule == "cooldown":
        return at - round(Fraction(config["cooldownHours"]) * HOUR)
    if rule == "outcome_based":
        return at - round(Fraction(config["suppressForDays"]) * DAY)
    period = config.get("periodType", "alltime")
    if period == "alltime":
        return float("-inf")
    if config.get("windowType") != "calendar":
        return at - PERIOD_DAYS[period] * DAY
    named = (zone if config.get("useCustomerTimezone") else None) or config.get("timezone") or "UTC"
    day = local(at, named).date()
    back = {"daily": 0, "weekly": day.weekday(), "monthly": day.day - 1}[period]
    return start_of(day - timedelta(days=back), named) - 1


def _to_one_decimal(part: int, whole: int) -> float:
    return floor(Fraction(part, whole) * 10 + Fraction(1, 2)) / 10 if whole else 0.0
