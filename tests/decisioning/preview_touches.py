"""The impact preview over a month of advertising: `python -m tests.decisioning.preview_touches [--policies N]`.

Random policies of every rule that can be previewed, in every scope, on a sample and on everybody, are previewed as of
random instants, and every answer is compared with the brute-force count over the same file. It runs in a database of
its own on the server that DATABASE_URL names, prints what differs and exits with 1 if anything does.
"""

from __future__ import annotations

import argparse
import random
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter
from typing import Any

from tests.decisioning.brute_force import EPOCH, Touches, milliseconds
from tests.decisioning.brute_impact import Person, impact
from tests.decisioning.replay_touches import own_database

RULES = ["frequency_cap", "cooldown", "customer_total_cap", "cross_channel_cap", "offer_category_cap", "outcome_based"]
SCOPES = {"offer": "Facebook", "category": "Social", "channel": "Online Video"}
SEGMENTS = ["subscribers", "churned", "vip"]
FIRST, LAST = milliseconds("2018-07-10T00:00:00Z"), milliseconds("2018-08-20T00:00:00Z")


@dataclass(frozen=True)
class Compared:
    """One question, our answer, and the brute force's."""

    asked: dict[str, Any]
    ours: dict[str, Any]
    theirs: dict[str, Any]


def random_question(rule: str, rng: random.Random) -> dict[str, Any]:
    """A valid request with names for ids."""
    from tests.decisioning.deciding.test_ad_touches import random_config

    days = rng.choice([1, 3, 7, 14, 30, 365])
    config: dict[str, Any] = {
        "maxFrequency": rng.randint(1, 6),
        "outcomeType": rng.choice(["impression"] * 3 + ["convert"]),
    }
    if rule != "frequency_cap":
        config = random_config(rule, rng)
    if config.get("windowType") == "calendar" and rng.random() < 0.5:
        config["useCustomerTimezone"] = True
    asked = {"policyType": rule, "config": config | {"periodDays": days}}
    scope = rng.choice(["global", "global", *SCOPES])
    if scope != "global":
        asked |= {"scope": scope, "scopeId": rng.choice([SCOPES[scope], "*"])}
    return asked | rng.choice([{"population": "all"}, {"sampleSize": rng.choice([100, 1000])}])


def compared(admin: Any, tenant: Any, path: Path, *, rejects: Path, policies: int) -> Iterator[Compared]:
    """Imports the file and previews so many random policies, of all rules in turn."""
    from tests.decisioning.deciding.test_ad_touches import catalogue
    from tests.decisioning.touches import COSTS, World, import_touches

    rng = random.Random(20180710)
    world = World(admin, catalogue())
    import_touches(path, tenant, rejects=rejects)
    touches = Touches(path, world.candidates, COSTS)
    people = {
        name: Person(
            history, rng.sample(SEGMENTS, rng.randint(0, 2)), rng.choice([None, "Asia/Kolkata", "America/New_York"])
        )
        for name, history in touches.of.items()
    }
    introduce(admin, people)
    for number in range(policies):
        asked, now = random_question(RULES[number % len(RULES)], rng), rng.randint(FIRST, LAST)
        yield Compared(asked, answered(tenant, world, asked, now), impact(asked, people, now=now))


def introduce(admin: Any, people: dict[str, Person]) -> None:
    """Stores the customers with their segments and zones."""
    for segment in SEGMENTS:
        admin.make("segments", name=segment)
    rows = [
        {"customerId": name, "segments": list(person.segments)} | ({"timezone": person.zone} if person.zone else {})
        for name, person in people.items()
    ]
    for first in range(0, len(rows), 1000):
        status, body = admin("POST", "customers/bulk", {"customers": rows[first : first + 1000]})
        assert (status, body["failed"]) == (200, 0), body


def answered(tenant: Any, world: Any, asked: dict[str, Any], now: int) -> dict[str, Any]:
    """What the preview answers as of an instant; the endpoint's own is always now."""
    from decisioning.insight import trials
    from decisioning.insight.impact import preview, wire

    body = dict(asked, config=dict(asked["config"]))
    if asked.get("scopeId") not in {None, "*"}:
        body["scopeId"] = world.ids[asked["scope"], asked["scopeId"]]
    if "appliesAcross" in asked["config"]:
        body["config"]["appliesAcross"] = [world.ids["channel", name] for name in asked["config"]["appliesAcross"]]
    wanted = trials.asked(tenant, body)
    assert wanted.warnings == (), wanted.warnings
    moment = EPOCH + timedelta(milliseconds=now)
    return wire(preview(tenant, wanted.trial, [wanted.assignment], most=wanted.most, now=moment))


def main(policies: int) -> int:
    """The exit code."""
    with TemporaryDirectory() as name, own_database(Path(name)):
        from kaireon.access import create_tenant
        from kaireon.tenancy import Role
        from tests.conftest import door_for
        from tests.decisioning.touches import SOURCE, at_hand

        tenant, directory, started = create_tenant(key="acme", name="Acme"), Path(name), perf_counter()
        found = compared(
            door_for(tenant, Role.ADMIN),
            tenant,
            at_hand(directory),
            rejects=directory / "rejects.csv",
            policies=policies,
        )
        pairs = list(found)
        differing = [pair for pair in pairs if pair.ours != pair.theirs]
        for pair in differing[:3]:
            print(pair)
        touching = sum(bool(pair.ours["customersAffected"]) for pair in pairs)
        print(f"{len(pairs)} policies over the {SOURCE}, {touching} of which would have suppressed something")
        print(f"{len(differing)} answers differ from the brute-force count; {perf_counter() - started:.0f} seconds")
    return int(bool(differing))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="Compares impact previews with a brute-force count.")
    parser.add_argument("--policies", type=int, default=50)
    sys.exit(main(parser.parse_args().policies))
