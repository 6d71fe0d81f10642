"""The week a policy leaves open, as its compiled window says it."""

from __future__ import annotations

from typing import Any

import pytest

from policies.rules import RULES, rule_for
from policies.scope import Assignment
from policies.week import Week, week_of

GLOBAL = [Assignment("global")]


def week(**config: Any) -> Week:
    rule = rule_for("time_window").parse(config).rule
    assert rule is not None
    found = week_of(rule.limits(GLOBAL))
    assert found is not None
    return found


def drawn(found: Week) -> list[str]:
    """A line of 24 signs for each day: `#` open, `+` still the evening before, `.` closed."""
    signs = {"open": "#", "carried": "+", "closed": "."}
    return ["".join(signs[hour.word] for hour in day.hours) for day in found.days]


def test_office_hours_fill_the_working_days():
    found = week(startHour=9, endHour=18, daysOfWeek=[1, 2, 3, 4, 5], timezone="Europe/Berlin")
    assert drawn(found) == ["." * 9 + "#" * 9 + "." * 6] * 5 + ["." * 24] * 2
    assert [day.text for day in found.days] == ["09-18"] * 5 + ["closed"] * 2
    assert (found.clock, found.overnight) == ("Europe/Berlin", False)


def test_the_small_hours_belong_to_the_evening_before():
    found = week(startHour=20, endHour=6, daysOfWeek=["Friday", "Sunday"], useCustomerTimezone=True)
    evening, night = "." * 20 + "#" * 4, "+" * 6 + "." * 18
    assert drawn(found) == [night, *["." * 24] * 3, evening, night, evening]
    assert [day.text for day in found.days] == [*["closed"] * 4, "20-06 next day", "closed", "20-06 next day"]
    assert (found.clock, found.overnight) == ("the customer's time zone, else the tenant's time zone", True)


@pytest.mark.parametrize(
    ("config", "text", "line"),
    [
        ({"startHour": 9}, "09-24", "." * 9 + "#" * 15),
        ({"endHour": 9}, "00-09", "#" * 9 + "." * 15),
        ({"startHour": 21, "endHour": 0}, "21-24", "." * 21 + "#" * 3),
        ({"daysOfWeek": []}, "all day", "#" * 24),
        ({"startHour": 18, "endHour": 17}, "18-17 next day", "+" * 17 + "." + "#" * 6),
    ],
)
def test_hours_left_out_reach_to_midnight(config, text, line):
    found = week(**config)
    assert {day.text for day in found.days} == {text}
    assert set(drawn(found)) == {line}


@pytest.mark.parametrize("rule", [rule for rule in RULES if rule.slug != "time_window"], ids=lambda rule: rule.slug)
def test_only_a_window_has_a_week(rule):
    assert week_of(rule.parse(rule.examples[0]).rule.limits(GLOBAL)) is None
