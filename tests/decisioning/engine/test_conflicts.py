"""Conflicts between policies, found without any customer."""

from __future__ import annotations

from typing import Any

from decisioning.engine.conflicts import conflicts
from decisioning.engine.snapshot import Policy, compile_policies
from policies.scope import Assignment

EVERYONE = Assignment("global")
CHANNEL = Assignment("channel", 1, public_id="ch_1")


def policy(name: str, rule: str, config: Any, *assignments: Assignment) -> Policy:
    return Policy(
        public_id=name, name=name, version=1, rule_type=rule, config=config, assignments=assignments or (EVERYONE,)
    )


def found(*policies: Policy) -> list[str]:
    return [it.sentence for it in conflicts(compile_policies(policies, lambda kind, key: 1))]


def test_a_limit_another_is_stricter_than_can_never_bind():
    strict, loose = (
        policy("One a week", "frequency_cap", {"maxPerWeek": 1}),
        policy("Three a day", "frequency_cap", {"maxPerDay": 3}),
    )
    assert found(strict, loose) == [
        '"Three a day" can never bind: "One a week" is at least as strict in the same place'
    ]


def test_limits_that_both_may_bind_are_no_conflict():
    assert found(policy("A", "frequency_cap", {"maxPerDay": 1}), policy("B", "frequency_cap", {"maxPerWeek": 3})) == []
    assert (
        found(policy("A", "frequency_cap", {"maxPerDay": 1}), policy("B", "frequency_cap", {"maxPerDay": 2}, CHANNEL))
        == []
    )
    assert found(policy("A", "frequency_cap", {"maxPerDay": 1, "maxPerWeek": 1})) == []


def test_a_limit_that_an_override_may_lift_stands_for_none_that_it_may_not():
    firm = policy("Firm", "frequency_cap", {"maxPerWeek": 3, "bypassable": False})
    assert found(policy("Soft", "frequency_cap", {"maxPerWeek": 1}), firm) == []


def test_hours_that_exclude_one_another_leave_none():
    morning = policy("Morning", "time_window", {"startHour": 8, "endHour": 12})
    evening = policy("Evening", "time_window", {"startHour": 18, "endHour": 22})
    assert found(morning, evening) == ['"Morning" and "Evening" leave no hour of the week open']
    assert found(morning, policy("Long", "time_window", {"startHour": 11, "endHour": 22})) == []
    assert found(morning, policy("Evening", "time_window", {"startHour": 18, "endHour": 22}, CHANNEL)) == []


def test_hours_that_run_overnight_belong_to_the_day_they_start_on():
    night = policy("Night", "time_window", {"startHour": 22, "endHour": 6, "daysOfWeek": [6]})
    sunday = policy("Sunday", "time_window", {"startHour": 4, "endHour": 5, "daysOfWeek": [0]})
    monday = policy("Monday", "time_window", {"startHour": 4, "endHour": 5, "daysOfWeek": [1]})
    assert found(night, sunday) == []
    assert found(night, monday) == ['"Night" and "Monday" leave no hour of the week open']


def test_an_override_of_everything_and_what_always_blocks_are_named():
    assert found(policy("Door", "allow_override", {})) == ['"Door" sets every other policy aside, for everything']
    assert found(policy("Door", "allow_override", {}, CHANNEL)) == []
    assert found(policy("Zero", "frequency_cap", {"maxPerDay": 0})) == ['"Zero" blocks whatever it concerns, always']
    assert found(policy("Broken", "cooldown", {"cooldownHours": "x"})) == [
        '"Broken" blocks whatever it concerns, always'
    ]
