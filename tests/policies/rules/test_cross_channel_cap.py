from dataclasses import replace

from tests.policies.rules.deciding import DAY, EMAIL, GOLD, decide, parsed, plain, problems, said, seen

SLUG = "cross_channel_cap"


def test_an_offers_contacts_are_added_up_over_channels_outside_the_scope_too():
    config = {"maxTotal": 2, "periodType": "weekly"}
    verdict = decide(SLUG, config, seen(DAY), seen(2 * DAY, channel=2), seen(1, offer=2), assignments=[EMAIL])
    assert said(verdict) == [(
        "2 of 2 contacts for Gold over all channels in the last 7 days",
        {"period": "weekly", "max": 2, "actual": 2, "windowType": "rolling"},
        5 * DAY,
    )]  # fmt: skip
    on_push = replace(GOLD, channel=2)
    assert decide(SLUG, config, seen(DAY), seen(DAY), assignments=[EMAIL], candidate=on_push).allowed


def test_listed_channels_narrow_the_count_and_an_unknown_one_counts_nothing():
    push, gone = {"maxTotal": 1, "appliesAcross": ["ch_2"]}, {"maxTotal": 1, "appliesAcross": ["ch_0"]}
    assert decide(SLUG, push, seen(1)).allowed
    assert decide(SLUG, gone, seen(1)).allowed
    assert not decide(SLUG, push, seen(1, channel=2)).allowed
    assert not decide(SLUG, {"maxTotal": 1, "appliesAcross": []}, seen(1)).allowed


def test_without_a_period_all_time_counts():
    verdict = decide(SLUG, {"maxTotal": 1}, seen(900 * DAY))
    assert (verdict.allowed, verdict.free_at) == (False, None)


def test_a_fractional_maximum_is_reached_by_the_next_whole_contact():
    assert decide(SLUG, {"maxTotal": 1.5}, seen(1)).allowed
    assert not decide(SLUG, {"maxTotal": 1.5}, seen(1), seen(2)).allowed


def test_a_bad_config_is_refused():
    assert list(problems(SLUG, {"periodType": "alltime", "appliesAcross": [1]})) == [
        "periodType", "appliesAcross", "maxTotal"
    ]  # fmt: skip


def test_it_warns_and_reads_back_as_a_sentence():
    rule = parsed(SLUG, {"maxTotal": 0, "periodType": "daily", "appliesAcross": ["ch_1", "ch_2"]})
    assert list(rule.warnings()) == ["maxTotal is 0: it allows no contact at all"]
    assert rule.sentence(plain) == "At most 0 contacts a day per offer over ch_1 and ch_2"
    assert list(rule.references()) == [("appliesAcross", "channel", "ch_1"), ("appliesAcross", "channel", "ch_2")]
