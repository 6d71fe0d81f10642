from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from policies.limits import Spend, whole
from policies.windows import DAY, HOUR, Calendar, Clock, Ever, Rolling, duration_phrase, first_instant, milliseconds


def ms(text):
    return round(datetime.fromisoformat(text).timestamp() * 1000)


def calendar(unit, zone):
    return Calendar(unit, Clock(zone))


def test_a_rolling_window_contains_now_and_not_its_far_edge():
    assert [Rolling(10).inside(t, 100) for t in (90, 91, 100, 101)] == [False, True, True, False]
    assert Rolling(10).leaves(91) == 101


def test_a_rolling_window_of_no_length_contains_nothing():
    assert not Rolling(0).inside(100, 100)


def test_what_leaves_after_the_year_9999_never_leaves():
    assert Rolling(10**30).leaves(0) is None
    assert calendar("month", "UTC").leaves(ms("9999-12-15T00:00:00+00:00")) is None
    assert Ever().leaves(0) is None


@pytest.mark.parametrize(
    ("unit", "start", "end"),
    [
        ("day", "2024-03-31T00:00:00+01:00", "2024-04-01T00:00:00+02:00"),
        ("week", "2024-03-25T00:00:00+01:00", "2024-04-01T00:00:00+02:00"),
        ("month", "2024-03-01T00:00:00+01:00", "2024-04-01T00:00:00+02:00"),
    ],
)
def test_calendar_windows_run_from_local_midnight_across_a_change_of_clocks(unit, start, end):
    window, now = calendar(unit, "Europe/Berlin"), ms("2024-03-31T23:59:59+02:00")
    assert [window.inside(t, now) for t in (ms(start) - 1, ms(start), now, now + 1)] == [False, True, True, False]
    assert window.leaves(ms(start)) == window.leaves(now) == ms(end)


def test_a_day_whose_midnight_is_skipped_begins_at_the_jump():
    # Cairo put its clocks from 00:00 to 01:00 on 26 April 2024.
    jump = ms("2024-04-25T22:00:00+00:00")
    assert calendar("day", "Africa/Cairo").leaves(jump - 1) == jump


def test_a_midnight_inside_a_gap_is_the_instant_of_the_jump():
    # Toronto went from 23:30 straight to 00:30 on 30 March 1919.
    toronto = ZoneInfo("America/Toronto")
    jump = first_instant(datetime(1919, 3, 31), toronto)
    before, after = (
        (datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=at)).astimezone(toronto) for at in (jump - 1, jump)
    )
    assert (before.hour, before.minute, after.hour, after.minute) == (23, 29, 0, 30)


def test_a_clock_prefers_the_customer_only_if_asked_and_known():
    zones = {"customer": "Asia/Tokyo", "tenant": "America/New_York"}
    assert Clock("Europe/Berlin", True).localised(**zones) == Clock("Asia/Tokyo")
    assert Clock("Europe/Berlin").localised(**zones) == Clock("Europe/Berlin")
    assert Clock(None, True).localised(customer="Nowhere", tenant="America/New_York") == Clock("America/New_York")
    assert Clock().localised(customer="Asia/Tokyo", tenant=None) == Clock("UTC")


def test_amounts_become_whole_milliseconds_and_whole_contacts():
    assert (milliseconds(0.5, HOUR), milliseconds(10**400, 1)) == (HOUR // 2, 10**400)
    assert (whole(2), whole(2.5), whole(0), whole(0.1)) == (2, 3, 0, 1)


def test_durations_are_said_in_units_people_use():
    said = [duration_phrase(d) for d in (DAY, 2 * DAY, HOUR, 90 * 60_000, 1000, 7)]
    assert said == ["24 hours", "2 days", "1 hour", "90 minutes", "1 second", "7 milliseconds"]


def test_spend_is_exact_at_the_threshold():
    budget = Spend("spend", 0.3)
    # The smallest total that blocks: what is left must pay for the candidate, and something must be left.
    assert [budget.exhausted_at(cost) for cost in (0, 1, 100_000, 100_001)] == [300_000, 300_000, 200_001, 200_000]
    assert [Spend("impressions", n).exhausted_at(7) for n in (0, 2, 2.5)] == [0, 2, 2]
