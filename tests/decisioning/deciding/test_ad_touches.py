"""Thousands of decisions over a month of advertising, compared with a brute-force reading of the same file.

The month is a real one where the shared data set is at hand, and otherwise one generated in the same shape; the test's
name says which it was.
"""

from __future__ import annotations

import random
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.db import connection

from decisioning.models import Interaction
from kaireon.tenancy import Tenant
from tests.conftest import Door
from tests.decisioning.brute_force import DAY, HOUR, Question, Thing, Touches, milliseconds, text_of, verdict
from tests.decisioning.touches import CHANNELS, COSTS, REAL, World, import_touches, shown

CATEGORIES = {"Facebook": "Social", "Instagram": "Social", "Online Display": "Brand", "Online Video": "Brand"}
SUB_CATEGORIES = {"Facebook": "Feeds", "Online Video": "Films"}
LABELS = {"Facebook": "social", "Instagram": "social", "Online Video": "moving"}
MANDATORY = "Online Display"
ZONES = ["UTC", "Europe/Berlin", "America/New_York", "Asia/Kolkata"]
SEGMENTS = ["vip", "churned", "minor"]
# Triples of a customer, an instant and the policies in force; on PostgreSQL fewer, for it is the same engine.
TRIPLES = 2000 if connection.vendor == "sqlite" else 600
CREATIVES = 2  # that one request asks about


def catalogue() -> Iterator[Thing]:
    """An offer and a creative for every channel of the file, and on each channel another one's offer too."""
    for index, name in enumerate(CHANNELS):
        yield thing(name, name, name)
        yield thing(CHANNELS[index - 1], f"{name} crossed", name)


def thing(offer: str, creative: str, channel: str) -> Thing:
    """A candidate."""
    return Thing(offer, creative, channel, CATEGORIES.get(offer), SUB_CATEGORIES.get(offer), LABELS.get(offer, ""))


def random_scopes(rng: random.Random) -> list[dict[str, Any]]:
    """One or two assignments."""
    names = {"offer": CHANNELS, "creative": CHANNELS, "channel": CHANNELS}
    names |= {"category": ["Social", "Brand"], "subcategory": ["Feeds", "Films"]}
    scopes: list[dict[str, Any]] = []
    for _ in range(rng.choice([1, 1, 2])):
        kind = rng.choice(["global", *names])
        scope_id = None if kind == "global" else rng.choice(["*", rng.choice(names[kind])])
        if {"scope": kind, "scopeId": scope_id} not in scopes:
            scopes.append({"scope": kind, "scopeId": scope_id})
    return scopes


def random_config(rule: str, rng: random.Random) -> dict[str, Any]:
    """A valid config whose limits the file's histories reach."""
    window = {"windowType": "calendar", "timezone": rng.choice(ZONES)} if rng.random() < 0.5 else {}
    period = {"periodType": rng.choice(["daily", "weekly", "monthly"])} if rng.random() < 0.8 else {}
    caps = {"maxPerDay": rng.randint(1, 2), "maxPerWeek": rng.randint(1, 3), "maxPerMonth": rng.randint(1, 6)}
    start = rng.randint(0, 23)
    chosen: dict[str, dict[str, Any]] = {
        "frequency_cap": {key: caps[key] for key in rng.sample(sorted(caps), rng.randint(1, 3))}
        | window
        | rng.choice(
            [
                {},
                {},
                {"maxTotal": rng.randint(2, 8)},
                {"withinCampaignId": "Facebook"},
                {"excludeCampaignIds": ["Facebook", "Paid Search"]},
            ]
        ),
        "cooldown": {"cooldownHours": rng.choice([0, 0.5, 24, 72, 100.25, 200, 1 / 3600])},
        "budget_exhausted": rng.choice(
            [
                {"budgetField": "impressions", "threshold": rng.randint(500, 25000)},
                {"budgetField": "spend", "threshold": rng.randint(1, 6000) + 0.5},
            ]
        ),
        "outcome_based": {
            "afterOutcome": rng.choice(["convert", ["convert", "complaint"], ["impression"]]),
            "suppressForDays": rng.choice([0, 0.25, 7, 14, 30]),
        },
        "segment_exclusion": {"excludeSegments": rng.sample(SEGMENTS, rng.randint(1, 2))},
        "time_window": {"startHour": start, "endHour": (start + rng.randint(1, 23)) % 24 or 24}
        | {"timezone": rng.choice(ZONES)}
        | rng.choice([{}, {"daysOfWeek": sorted(rng.sample(range(7), rng.randint(1, 5)))}]),
        "mutual_exclusion": {"excludeOfferIds": rng.sample(CHANNELS, rng.randint(2, 4))}
        | rng.choice([{}, {"lookbackDays": rng.choice([0, 0.5, 3, 14])}]),
        "cross_channel_cap": {"maxTotal": rng.randint(1, 2)}
        | window
        | period
        | rng.choice([{}, {"appliesAcross": rng.sample(CHANNELS, 2)}]),
        "customer_total_cap": {"maxTotal": rng.randint(1, 6)} | window | period,
        "offer_category_cap": {"targetCategory": rng.choice(["social", "moving"]), "maxTotal": rng.randint(1, 2)}
        | window
        | period,
        "allow_override": {"reason": "asked for"},
        "category_suppression": {"suppressionDays": rng.choice([0.5, 7, 30])}
        | rng.choice([{"categoryId": "Social"}, {"subCategoryId": "Films"}, {"categoryId": "Brand"}])
        | rng.choice([{}, {"categoryId": "Brand", "subCategoryId": "Films"}]),
    }
    return chosen[rule] | ({"bypassable": False} if rng.random() < 0.2 else {})


RULES = [
    "frequency_cap",
    "cooldown",
    "budget_exhausted",
    "outcome_based",
    "segment_exclusion",
    "time_window",
    "mutual_exclusion",
    "cross_channel_cap",
    "customer_total_cap",
    "offer_category_cap",
    "allow_override",
    "category_suppression",
]


def random_policies(rng: random.Random, *, per_rule: int) -> list[dict[str, Any]]:
    """Policies of every rule type."""
    policies = []
    for rule in RULES:
        for number in range(per_rule):
            scopes = random_scopes(rng)
            if rule == "mutual_exclusion":
                scopes = [scope for scope in scopes if scope["scopeId"] != "*"] or [
                    {"scope": "global", "scopeId": None}
                ]
            name = f"{rule} {number}"
            policies.append({"name": name, "ruleType": rule, "config": random_config(rule, rng), "scopes": scopes})
    return policies


def asked_about(policies: list[dict[str, Any]], rng: random.Random) -> list[dict[str, Any]]:
    """A few of the policies; budgets, which nearly always stand and are slow to add up, in every third question."""
    chosen = rng.sample(policies, rng.randint(2, 12))
    budgets = rng.random() < 1 / 3
    return [policy for policy in chosen if budgets or policy["ruleType"] != "budget_exhausted"]


def random_instant(rng: random.Random, history: list[Thing], policies: list[dict[str, Any]]) -> int:
    """Often the very edge of a window over one of the customer's touches."""
    spans = [0, DAY, 7 * DAY, 30 * DAY]
    spans += [round(p["config"]["cooldownHours"] * HOUR) for p in policies if "cooldownHours" in p["config"]]
    for key in ("suppressForDays", "suppressionDays", "lookbackDays"):
        spans += [round(p["config"][key] * DAY) for p in policies if key in p["config"]]
    if rng.random() < 0.7:
        # Windows over the last touch are those that are still open then, and conversions are last touches.
        touch = rng.choice([rng.choice(history), max(history, key=lambda touch: touch.at)])
        return touch.at + rng.choice(spans) + rng.choice([-1, 0, 1])
    return rng.randint(milliseconds("2018-06-28T00:00:00Z"), milliseconds("2018-08-20T00:00:00Z"))


@pytest.mark.django_db(transaction=True)
def test_every_verdict_over_a_month_of_touches_equals_the_brute_force_reading(
    admin: Door, delivery: Door, tenant: Tenant, tmp_path: Path, month: Path
) -> None:
    rng = random.Random(20180731)
    world = World(admin, catalogue(), mandatory=MANDATORY)
    import_whole(month, tenant, rejects=tmp_path / "rejects.csv")
    touches = Touches(month, world.candidates, COSTS)
    customers = sorted(touches.of)
    assert Interaction.objects.of(tenant).count() == sum(map(len, touches.of.values()))

    policies = random_policies(rng, per_rule=4)
    ids = {policy["name"]: world.add_policy(policy, status="draft") for policy in policies}
    stood: Counter[str] = Counter()
    triples = set()
    while len(triples) < TRIPLES:
        chosen = asked_about(policies, rng)
        history = touches.of[customer := rng.choice(customers)]
        now = random_instant(rng, history, chosen)
        segments = rng.sample(SEGMENTS, rng.choice([0, 0, 1, 2]))
        creatives = rng.sample(sorted(world.candidates), CREATIVES)
        question = Question(touches, [t for t in history if t.at <= now], now, frozenset(segments))
        body = {
            "customerId": customer,
            "asOf": text_of(now),
            "segments": segments,
            "contactPolicyIds": [ids[policy["name"]] for policy in chosen],
            "candidates": [{"creativeId": world.ids["creative", name]} for name in creatives],
        }
        status, answer = delivery("POST", "decisions/filter", body)
        assert status == 200, answer
        expected = [
            verdict(chosen, candidate, question, mandatory=candidate.offer == MANDATORY)
            for candidate in (world.candidates[name] for name in creatives)
        ]
        assert [shown(result) for result in answer["results"]] == expected, body
        triples.add((customer, now, *body["contactPolicyIds"]))
        stood.update(policy.partition(" ")[0] for _, _, reasons in expected for policy, _, _ in reasons)
        stood.update("a lifted block" for _, _, reasons in expected for _, lifted, _ in reasons if lifted)
        stood.update("an instant of freedom" for _, free_at, _ in expected if free_at)
    # Every rule that can block did, often enough that agreeing means something.
    assert {*stood} == {*RULES, "a lifted block", "an instant of freedom"} - {"allow_override"}
    assert min(stood.values()) > TRIPLES // 60, stood


def import_whole(path: Path, tenant: Tenant, *, rejects: Path) -> None:
    """Imports the file; of the real one its numbers are known."""
    started = time.monotonic()
    said = import_touches(path, tenant, rejects=rejects)
    took = time.monotonic() - started
    if path == REAL:
        assert said == "acme: 30,867 imported, 0 already there, 0 failed"
        assert Interaction.objects.of(tenant).values("customer_id").distinct().count() == 3909
        assert took < 60
