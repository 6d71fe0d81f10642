import json

import pytest

from decisioning.engine.facts import Hold
from policies.options import Ref
from policies.rule import ConfigError
from policies.rules import RULES, rule_for, slugs
from tests.policies.rules.deciding import DAY, HOUR, NOW, decide, said, seen


def test_the_registry_holds_the_twelve_rules_in_documented_order():
    assert slugs() == (
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
    )
    assert [rule_for(slug) for slug in slugs()] == list(RULES)
    assert [rule.slug for rule in RULES if rule.stands_for_mandatory] == ["frequency_cap", "cross_channel_cap"]


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.slug)
def test_every_rule_is_documented_with_examples_that_hold(rule):
    assert rule.label and rule.summary and rule.examples and rule.__doc__
    assert all(option.label and option.help for option in rule.options())
    for example in rule.examples:
        parsed = rule.parse(example)
        assert (parsed.rule is None, parsed.unknown) == (False, ())
        assert parsed.rule.sentence(lambda _kind, public_id: public_id)


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.slug)
def test_every_schema_names_every_option_and_is_plain_json(rule):
    schema = json.loads(json.dumps(rule.json_schema()))
    assert list(schema["properties"]) == [option.key for option in rule.options()]
    assert schema["additionalProperties"] is True
    assert schema.get("required", []) == [option.key for option in rule.options() if option.required]


def test_unknown_keys_are_named_and_a_null_option_counts_as_absent():
    parsed = rule_for("cooldown").parse({"cooldownHours": 5.0, "colour": "red", "bypassable": None})
    assert (parsed.rule.hours, parsed.rule.bypassable, parsed.unknown) == (5, True, ("colour",))


def test_a_null_for_a_required_option_is_missing():
    with pytest.raises(ConfigError) as refused:
        rule_for("cooldown").parse({"cooldownHours": None})
    assert refused.value.problems == (("cooldownHours", "is required"),)


@pytest.mark.parametrize("config", [None, [], "text", 5])
def test_a_config_that_is_no_object_is_refused(config):
    with pytest.raises(ConfigError) as refused:
        rule_for("cooldown").parse(config)
    assert [key for key, _ in refused.value.problems] == [""]


def test_a_draft_may_lack_keys_but_not_hold_bad_ones():
    assert rule_for("cooldown").parse({}, draft=True).rule is None
    assert rule_for("cooldown").parse({"cooldownHours": 1}, draft=True).rule.hours == 1
    with pytest.raises(ConfigError) as refused:
        rule_for("cooldown").parse({"cooldownHours": -1, "bypassable": "no"}, draft=True)
    assert refused.value.problems == (
        ("cooldownHours", "-1 is not a number >= 0; give 0 or more"),
        ("bypassable", '"no" is not a boolean; give true or false'),
    )


def test_resolving_fills_in_the_keys_of_all_references():
    rule = rule_for("mutual_exclusion").parse({"excludeOfferIds": ["off_a", "off_b"]}).rule
    keys = {("offer", "off_a"): 7}
    resolved = rule.resolved(lambda kind, public_id: keys.get((kind, public_id), 0))
    assert resolved.offers == (Ref("off_a", 7), Ref("off_b", 0))
    suppression = rule_for("category_suppression").parse({"categoryId": "cat_a", "suppressionDays": 1}).rule
    assert suppression.resolved(lambda _kind, _id: 3).category == Ref("cat_a", 3)


@pytest.mark.parametrize(
    ("rule_type", "config", "sentence"),
    [
        ("cooldown", {"cooldownHours": 24}, "A contact is reserved right now; the pause is 24 hours"),
        (
            "category_suppression",
            {"categoryId": "cat_1", "suppressionDays": 7},
            "An offer of Cards is reserved right now; it rests for 7 days",
        ),
        (
            "mutual_exclusion",
            {"excludeOfferIds": ["off_1", "off_2"], "lookbackDays": 30},
            "Gold conflicts with Platinum, which is reserved right now; they exclude each other for 30 days",
        ),
        (
            "outcome_based",
            {"afterOutcome": "impression", "suppressForDays": 2},
            "impression is reserved right now; no contact for 2 days after it",
        ),
    ],
)
def test_a_reserved_place_is_not_said_to_have_happened(rule_type, config, sentence):
    platinum = {"offer": 2, "creative": 2, "category": 1}
    hold = Hold(NOW + 1000, seen(0, **platinum)[1:])
    verdict = decide(rule_type, config, seen(DAY, **platinum), holds=[hold])
    [(said_so, evidence, free_at)] = said(verdict)
    assert said_so == sentence
    assert evidence["reserved"] is True
    assert free_at is not None
    verdict = decide(rule_type, config, seen(HOUR, **platinum))
    [(said_so, evidence, _)] = said(verdict)
    assert "reserved" not in {*evidence, *said_so.split()}
