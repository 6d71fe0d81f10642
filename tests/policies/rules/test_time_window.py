import pytest

from tests.policies.rules.deciding import decide, ms, parsed, plain, problems, said

SLUG = "time_window"
BERLIN = {"timezone": "Europe/Berlin"}


def free(config, at, **world):
    """None if open at `at`, else the instant it opens, as milliseconds."""
    verdict = decide(SLUG, config, now=ms(at), **world)
    return None if verdict.allowed else verdict.free_at


def test_the_start_hour_is_inside_and_the_end_hour_outside():
    config = {"startHour": 9, "endHour": 18, **BERLIN}
    assert free(config, "2024-06-12T09:00:00+02:00") is None
    assert free(config, "2024-06-12T17:59:59.999+02:00") is None
    assert free(config, "2024-06-12T18:00:00+02:00") == ms("2024-06-13T09:00:00+02:00")
    assert free(config, "2024-06-12T08:59:59.999+02:00") == ms("2024-06-12T09:00:00+02:00")


def test_overnight_hours_belong_to_the_day_they_start_on():
    config = {"startHour": 22, "endHour": 6, "daysOfWeek": ["Friday"], **BERLIN}
    assert free(config, "2024-06-15T05:59:00+02:00") is None  # Saturday morning
    assert free(config, "2024-06-14T05:59:00+02:00") == ms("2024-06-14T22:00:00+02:00")
    assert free(config, "2024-06-15T22:00:00+02:00") == ms("2024-06-21T22:00:00+02:00")


@pytest.mark.parametrize(
    ("hours", "hour", "is_open"),
    [
        ({"startHour": 20}, 23, True),
        ({"startHour": 20}, 0, False),
        ({"endHour": 8}, 0, True),
        ({"endHour": 8}, 8, False),
        ({"startHour": 20, "endHour": 0}, 23, True),
        ({"endHour": 0}, 12, True),
        ({"startHour": 0, "endHour": 0}, 0, True),
        ({"startHour": 0, "endHour": 0}, 23, True),
        ({"daysOfWeek": []}, 12, True),
        ({"daysOfWeek": [3]}, 12, True),
        ({"daysOfWeek": [0]}, 12, False),
    ],
)
def test_hours_left_out_run_from_or_to_midnight(hours, hour, is_open):
    assert (free({**hours, "timezone": "UTC"}, f"2024-06-12T{hour:02}:00:00+00:00") is None) is is_open


def test_an_opening_the_clocks_jump_over_is_at_the_jump():
    # Berlin skips 02:00-03:00; Troll skips 01:00-03:00, so 02:00 falls inside its gap.
    assert free({"startHour": 2, "endHour": 5, **BERLIN}, "2024-03-31T00:00:00+00:00") == ms("2024-03-31T01:00+00:00")
    troll = {"startHour": 2, "endHour": 5, "timezone": "Antarctica/Troll"}
    assert free(troll, "2024-03-31T00:00:00+00:00") == ms("2024-03-31T01:00+00:00")


def test_a_window_the_clocks_swallow_opens_a_week_later():
    config = {"startHour": 2, "endHour": 3, "daysOfWeek": [0], **BERLIN}
    assert free(config, "2024-03-31T00:00:00+00:00") == ms("2024-04-07T02:00:00+02:00")


def test_a_window_passed_twice_opens_twice():
    config = {"startHour": 1, "endHour": 2, "timezone": "Antarctica/Troll"}
    assert free(config, "2024-10-27T00:00:00+00:00") == ms("2024-10-27T01:00:00+00:00")
    within_the_repeated_stretch = {"startHour": 2, "endHour": 3, "timezone": "Antarctica/Troll"}
    assert free(within_the_repeated_stretch, "2024-10-27T01:30:00+00:00") == ms("2024-10-27T02:00:00+00:00")


def test_the_zone_is_the_customers_then_the_rules_then_the_tenants_then_utc():
    config = {"startHour": 9, "endHour": 10}
    asked = {**config, "useCustomerTimezone": True, **BERLIN}
    zones = [
        decide(SLUG, config, **world).reasons[0].evidence["timezone"]
        for config, world in [
            (asked, {"timezone": "Asia/Tokyo", "tenant": "America/New_York"}),
            (asked, {"timezone": "Nowhere/Atall", "tenant": "America/New_York"}),
            ({**config, **BERLIN}, {"timezone": "Asia/Tokyo"}),
            (config, {"tenant": "America/New_York"}),
            (config, {"timezone": "Asia/Tokyo"}),
        ]
    ]
    assert zones == ["Asia/Tokyo", "Europe/Berlin", "Europe/Berlin", "America/New_York", "UTC"]


def test_it_says_what_time_it_is_there():
    (reason,) = said(decide(SLUG, {"startHour": 9, "endHour": 11, "daysOfWeek": [1, 2], **BERLIN}))
    assert reason[:2] == (
        "It is 14:00 on Wednesday in Europe/Berlin; contact is allowed from 09:00 to 11:00 on Monday, Tuesday",
        {
            "localTime": "2024-06-12T14:00:00.000",
            "timezone": "Europe/Berlin",
            "startHour": 9,
            "endHour": 11,
            "daysOfWeek": [1, 2],
        },
    )


def test_a_bad_config_is_refused_with_all_its_problems():
    assert problems(SLUG, {"startHour": 24, "endHour": 25, "daysOfWeek": [7], "timezone": "Europe"}) == {
        "startHour": "24 is not an integer from 0 to 23; give one of these",
        "endHour": "25 is not an integer from 0 to 24; give one of these",
        "daysOfWeek": "7 is not a day; give 0 (Sunday) to 6 or an English name such as Monday",
        "timezone": '"Europe" is not an IANA time zone; give one such as "Europe/Berlin"',
    }
    same = {"endHour": "9 equals startHour, which leaves no time at all; give another hour (24 is midnight)"}
    assert problems(SLUG, {"startHour": 9, "endHour": 9}) == same
    assert problems(SLUG, {"startHour": 9, "endHour": 9}, draft=True) == same
    assert list(problems(SLUG, BERLIN)) == ["startHour"]
    assert list(problems(SLUG, {"daysOfWeek": [True]})) == ["daysOfWeek"]


def test_days_may_be_named():
    assert parsed(SLUG, {"daysOfWeek": ["monday", "Sun", 3, 3]}).days == (0, 1, 3)


def test_it_warns_of_windows_that_are_always_open():
    never = "The window is open at every hour of every day: the policy never blocks anything"
    assert list(parsed(SLUG, {"daysOfWeek": []}).warnings()) == ["daysOfWeek is empty: it stands for every day", never]
    assert list(parsed(SLUG, {"startHour": 0, "endHour": 24}).warnings()) == [never]
    assert list(parsed(SLUG, {"startHour": 0, "endHour": 0}).warnings()) == [never]
    assert list(parsed(SLUG, {"startHour": 9}).warnings()) == []


def test_it_reads_back_as_a_sentence():
    config = {"startHour": 9, "endHour": 18, "daysOfWeek": [1], **BERLIN}
    assert parsed(SLUG, config).sentence(plain) == "Only from 09:00 to 18:00 on Monday in Europe/Berlin"
