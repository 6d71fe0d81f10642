"""Which rules can be previewed, by which config, and what a policy's form asks about."""

from __future__ import annotations

import pytest

from policies.rule import ConfigError
from policies.rules import RULES, rule_for

PREVIEWED = [rule for rule in RULES if rule.preview]
BY_OWN_CONFIG = [rule for rule in PREVIEWED if rule.slug != "frequency_cap"]


def test_the_rules_that_count_contacts_over_time_can_be_previewed():
    assert [rule.slug for rule in PREVIEWED] == [
        "frequency_cap",
        "cooldown",
        "outcome_based",
        "cross_channel_cap",
        "customer_total_cap",
        "offer_category_cap",
    ]


@pytest.mark.parametrize("rule", BY_OWN_CONFIG, ids=lambda rule: rule.slug)
def test_a_rule_is_previewed_by_its_own_config_and_a_lookback(rule):
    trial = rule.preview.trial_of(rule)
    assert {o.key for o in trial.options()} == {o.key for o in rule.options()} | {"periodDays"}
    for example in rule.examples:
        asked = rule.preview.asked(example, days=30)
        parsed = trial.parse(asked)
        own = rule.parse(example).rule
        assert (parsed.unknown, parsed.rule.looked_back, parsed.rule.tried_outcome) == ((), 30, "impression")
        assert {o.attribute: getattr(parsed.rule, o.attribute) for o in rule.options()} == vars(own)
        with pytest.raises(ConfigError):
            trial.parse(example)


@pytest.mark.parametrize(
    ("config", "maximum", "days"),
    [
        ({"maxPerDay": 1}, 1, 1),
        ({"maxPerDay": 1, "maxPerWeek": 3}, 3, 7),
        ({"maxPerWeek": 3, "maxPerMonth": 8}, 8, 30),
        ({"maxPerMonth": 8, "maxTotal": 20}, 20, 365),
        ({"maxPerDay": 5, "maxPerWeek": 3}, 5, 1),
        ({"maxPerDay": 3, "maxPerWeek": 3, "maxPerMonth": None}, 3, 7),
    ],
)
def test_the_largest_cap_of_a_form_is_previewed_over_its_own_period(config, maximum, days):
    asked = rule_for("frequency_cap").preview.asked(config, days=90)
    assert asked == {"maxFrequency": maximum, "periodDays": days, "outcomeType": "impression"}


def test_a_caps_campaigns_are_asked_about_too():
    rule = rule_for("frequency_cap")
    config = {"maxTotal": 2, "withinCampaignId": "spring", "excludeCampaignIds": ["fall"]}
    trial = rule.preview.trial_of(rule).parse(rule.preview.asked(config, days=90)).rule
    assert (trial.within_campaign, trial.exclude_campaigns) == ("spring", ("fall",))
    assert trial.sentence(lambda kind, key: key) == "At most 2 contacts in 365 days"
