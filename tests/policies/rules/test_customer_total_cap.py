from dataclasses import replace

from tests.policies.rules.deciding import DAY, EMAIL, GOLD, decide, parsed, plain, problems, said, seen

SLUG = "customer_total_cap"


def test_every_contact_counts_whatever_the_scope():
    config = {"maxTotal": 2, "periodType": "monthly"}
    verdict = decide(SLUG, config, seen(DAY, channel=2, offer=5), seen(2 * DAY, offer=None), assignments=[EMAIL])
    assert said(verdict) == [(
        "2 of 2 contacts over all offers and channels in the last 30 days",
        {"period": "monthly", "max": 2, "actual": 2, "windowType": "rolling"},
        28 * DAY,
    )]  # fmt: skip
    on_push = replace(GOLD, channel=2)
    assert decide(SLUG, config, seen(DAY), seen(DAY), assignments=[EMAIL], candidate=on_push).allowed


def test_without_a_period_all_time_counts():
    for config in ({"maxTotal": 1}, {"maxTotal": 1, "periodType": "alltime"}):
        assert not decide(SLUG, config, seen(900 * DAY)).allowed


def test_a_bad_config_is_refused():
    assert problems(SLUG, {"periodType": "yearly"}) == {
        "periodType": '"yearly" is not a known value; give one of daily, weekly, monthly, alltime',
        "maxTotal": "is required",
    }


def test_calendar_without_a_period_is_warned_of():
    rule = parsed(SLUG, {"maxTotal": 1, "windowType": "calendar"})
    assert [warning.split(":")[0] for warning in rule.warnings()] == ["windowType calendar has no effect"]


def test_it_reads_back_as_a_sentence():
    config = {"maxTotal": 5, "periodType": "weekly", "windowType": "calendar", "useCustomerTimezone": True}
    assert parsed(SLUG, config).sentence(plain) == (
        "At most 5 contacts a week per customer, counting everything, "
        "by the calendar in the customer's time zone, else the tenant's time zone"
    )
