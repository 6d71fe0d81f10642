from tests.policies.rules.deciding import DAY, EMAIL, HOUR, decide, ms, parsed, plain, problems, said, seen

SLUG = "frequency_cap"


def test_the_contact_that_reaches_the_maximum_is_allowed_and_the_next_is_not():
    assert decide(SLUG, {"maxPerWeek": 2}, seen(HOUR)).allowed
    verdict = decide(SLUG, {"maxPerWeek": 2}, seen(HOUR), seen(2 * DAY), assignments=[EMAIL])
    assert (verdict.allowed, said(verdict)) == (False, [(
        "2 of 2 contacts on Email in the last 7 days",
        {"period": "weekly", "max": 2, "actual": 2, "windowType": "rolling"},
        5 * DAY,
    )])  # fmt: skip


def test_each_maximum_breached_is_a_reason_of_its_own():
    verdict = decide(SLUG, {"maxPerDay": 1, "maxPerWeek": 1, "maxPerMonth": 1, "maxTotal": 1}, seen(0))
    assert [(r.evidence["period"], r.free_at is None) for r in verdict.reasons] == [
        ("daily", False), ("weekly", False), ("monthly", False), ("alltime", True)
    ]  # fmt: skip


def test_a_rolling_day_ends_to_the_millisecond():
    assert not decide(SLUG, {"maxPerDay": 1}, seen(DAY - 1)).allowed
    assert decide(SLUG, {"maxPerDay": 1}, seen(DAY)).allowed


def test_with_more_contacts_than_allowed_enough_of_them_must_leave():
    verdict = decide(SLUG, {"maxPerDay": 1}, seen(3 * HOUR), seen(2 * HOUR), seen(HOUR))
    assert [r.free_at for r in verdict.reasons] == [verdict.free_at]
    assert said(verdict)[0][2] == 23 * HOUR


def test_zero_always_blocks_and_never_lifts():
    verdict = decide(SLUG, {"maxPerDay": 0}, seen(HOUR))
    assert (verdict.allowed, verdict.free_at, said(verdict)) == (False, None, [(
        "No contacts allowed at all: the limit in the last 24 hours is 0",
        {"period": "daily", "max": 0, "actual": 1, "windowType": "rolling"},
        None,
    )])  # fmt: skip


def test_a_calendar_day_begins_at_the_customers_midnight():
    config = {"maxPerDay": 1, "windowType": "calendar", "timezone": "UTC", "useCustomerTimezone": True}
    yesterday_in_tokyo = seen(22 * HOUR)  # 23:00 there; now it is 21:00 the next day
    assert decide(SLUG, config, yesterday_in_tokyo, timezone="Asia/Tokyo").allowed
    verdict = decide(SLUG, config, seen(20 * HOUR), timezone="Asia/Tokyo")
    assert said(verdict) == [(
        "1 of 1 contacts today",
        {"period": "daily", "max": 1, "actual": 1, "windowType": "calendar", "timezone": "Asia/Tokyo"},
        ms("2024-06-12T15:00:00+00:00") - ms("2024-06-12T12:00:00+00:00"),
    )]  # fmt: skip


def test_campaign_filters_count_to_or_away_from_campaigns():
    contacts = [seen(1, campaign="spring"), seen(2, campaign="autumn"), seen(3)]
    actual = [
        decide(SLUG, {"maxTotal": 1, **options}, *contacts).reasons[0].evidence["actual"]
        for options in ({}, {"withinCampaignId": "spring"}, {"excludeCampaignIds": ["spring"]})
    ]
    assert actual == [3, 1, 2]


def test_contacts_outside_the_scope_and_other_outcomes_do_not_count():
    assert decide(SLUG, {"maxTotal": 1}, seen(1, channel=2), seen(2, outcome="click"), assignments=[EMAIL]).allowed


def test_a_bad_config_is_refused_with_all_its_problems():
    assert problems(SLUG, {"maxPerDay": -1, "maxPerWeek": True, "maxPerMonth": 1.5, "withinCampaignId": "",
                           "excludeCampaignIds": [], "windowType": "sliding", "timezone": "Mars/Base"}) == {
        "maxPerDay": "-1 is not an integer >= 0; give 0 or more",
        "maxPerWeek": "true is not an integer >= 0; give 0 or more",
        "maxPerMonth": "1.5 is not an integer >= 0; give 0 or more",
        "withinCampaignId": '"" is not a non-empty string; give one',
        "excludeCampaignIds": "[] is not a non-empty array of non-empty strings; give one",
        "windowType": '"sliding" is not a known value; give one of rolling, calendar',
        "timezone": '"Mars/Base" is not an IANA time zone; give one such as "Europe/Berlin"',
    }  # fmt: skip


def test_without_any_maximum_it_is_refused_unless_a_draft():
    missing = {"maxPerDay": "is missing: give at least one of maxPerDay, maxPerWeek, maxPerMonth, maxTotal"}
    assert (problems(SLUG, {}), problems(SLUG, {"maxPerDay": None})) == (missing, missing)
    assert problems(SLUG, {}, draft=True) == {}


def test_it_warns_of_zeros_and_of_caps_that_never_bind():
    assert list(parsed(SLUG, {"maxPerDay": 3, "maxPerWeek": 3}).warnings()) == [
        "maxPerDay 3 can never bind: maxPerWeek 3 is reached no later"
    ]
    assert list(parsed(SLUG, {"maxPerDay": 1, "maxPerWeek": 7}).warnings()) == [
        "maxPerWeek 7 can never bind while maxPerDay 1 holds"
    ]
    assert list(parsed(SLUG, {"maxPerDay": 0}).warnings()) == ["maxPerDay is 0: it allows no contact at all"]
    calendar = {"windowType": "calendar"}
    assert list(parsed(SLUG, {"maxPerWeek": 5, "maxPerMonth": 4, **calendar}).warnings()) == []
    assert len(list(parsed(SLUG, {"maxTotal": 5, **calendar}).warnings())) == 1
    assert list(parsed(SLUG, {"maxPerDay": 1, "maxPerWeek": 3}).warnings()) == []


def test_it_reads_back_as_a_sentence():
    config = {"maxPerDay": 1, "maxPerWeek": 3, "maxTotal": 9, "withinCampaignId": "run_1"}
    assert parsed(SLUG, config).sentence(plain) == "At most 1 contact a day, 3 a week and 9 in all of campaign run_1"
