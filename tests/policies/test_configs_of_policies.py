"""A config is judged against the rule, and only when something it depends on changes."""

from __future__ import annotations

from typing import Any

import pytest

from tests.conftest import Catalogue, Door
from tests.witness import stored

COOLDOWN = {"name": "Quiet", "scope": "global", "ruleType": "cooldown", "config": {"cooldownHours": 4}}


def fields(answer: tuple[int, Any]) -> list[str]:
    assert answer[0] == 400
    return [detail["field"] for detail in answer[1]["error"]["details"]]


def test_all_faults_of_a_payload_come_together(admin: Door) -> None:
    before = stored()
    answer = admin(
        "POST",
        "contact-policies",
        {
            "name": "",
            "status": "live",
            "priority": "high",
            "scope": "offer",
            "ruleType": "frequency_cap",
            "config": {"maxPerDay": -1, "maxPerWeek": 1.5, "windowType": "sliding", "excludeCampaignIds": []},
        },
    )
    assert fields(answer) == ["name", "status", "priority", "scopeId"]
    config = {"maxPerDay": -1, "maxPerWeek": 1.5, "windowType": "sliding", "excludeCampaignIds": [], "bypassable": 1}
    answer = admin("POST", "contact-policies", COOLDOWN | {"ruleType": "frequency_cap", "config": config, "name": ""})
    assert sorted(fields(answer)) == sorted(["name", *(f"config.{key}" for key in config)])
    assert stored() == before


def test_a_draft_may_lack_keys_but_what_is_there_must_be_valid(admin: Door) -> None:
    draft = admin.make("contact-policies", **COOLDOWN | {"status": "draft", "config": {}})
    path = f"contact-policies/{draft['id']}"
    before = stored()
    assert fields(admin("PATCH", path, {"config": {"cooldownHours": -1}})) == ["config.cooldownHours"]
    assert fields(admin("PATCH", path, {"status": "active"})) == ["config.cooldownHours"]
    assert stored() == before
    assert admin("PATCH", path, {"status": "active", "config": {"cooldownHours": 1}})[0] == 200


def test_a_draft_is_told_of_references_that_do_not_exist(admin: Door, catalogue: Catalogue) -> None:
    before = stored()
    payload = COOLDOWN | {"ruleType": "category_suppression", "status": "draft"}
    assert fields(admin("POST", "contact-policies", payload | {"config": {"categoryId": "cat_x"}})) == [
        "config.categoryId"
    ]
    assert stored() == before


def test_references_of_a_config_must_be_live_rows_of_the_tenant_and_of_the_kind(
    admin: Door, stranger: Door, catalogue: Catalogue
) -> None:
    foreign = stranger.make("offers", name="Theirs")["id"]
    before = stored()
    payload = COOLDOWN | {"ruleType": "mutual_exclusion"}
    for bad in (foreign, catalogue.channel, "off_x"):
        answer = admin("POST", "contact-policies", payload | {"config": {"excludeOfferIds": [catalogue.offer, bad]}})
        assert fields(answer) == ["config.excludeOfferIds"]
        assert f'"{bad}"' in answer[1]["error"]["message"]
    assert stored() == before


def test_references_are_checked_when_they_change_only(admin: Door, catalogue: Catalogue) -> None:
    payload = COOLDOWN | {"ruleType": "mutual_exclusion", "config": {"excludeOfferIds": [catalogue.offer]}}
    policy = admin.make("contact-policies", **payload)
    path = f"contact-policies/{policy['id']}"
    admin("DELETE", f"offers/{catalogue.offer}")
    assert admin("PATCH", path, {"description": "Still fine"})[0] == 200
    assert admin("PATCH", path, {"config": {"excludeOfferIds": [catalogue.offer], "lookbackDays": 3}})[0] == 200
    assert fields(admin("POST", "contact-policies", payload | {"name": "New"})) == ["config.excludeOfferIds"]


def test_a_changed_rule_type_must_fit_the_resulting_config(admin: Door) -> None:
    policy = admin.make("contact-policies", **COOLDOWN)
    path = f"contact-policies/{policy['id']}"
    before = stored()
    assert fields(admin("PATCH", path, {"ruleType": "frequency_cap"})) == ["config.maxPerDay"]
    assert stored() == before
    status, body = admin("PATCH", path, {"ruleType": "allow_override"})
    assert (status, body["config"]) == (200, {"cooldownHours": 4})
    assert body["warnings"] == [
        "config.cooldownHours is unknown to allow_override; it is kept and has no effect.",
        "This opens everything: every bypassable policy is set aside for all it is assigned to; "
        "name the offers, creatives or channels that may pass",
    ]


def test_unknown_keys_of_a_config_are_kept_and_named(admin: Door) -> None:
    config = {"cooldownHours": 4, "note": {"by": "me"}, "CooldownHours": 5, "": None}
    policy = admin.make("contact-policies", **COOLDOWN | {"config": config})
    assert policy["config"] == config
    assert policy["warnings"] == [
        f"config.{key} is unknown to cooldown; it is kept and has no effect." for key in ("note", "CooldownHours", "")
    ]


def test_a_config_is_replaced_whole(admin: Door) -> None:
    policy = admin.make("contact-policies", **COOLDOWN | {"config": {"cooldownHours": 4, "bypassable": False}})
    _, body = admin("PATCH", f"contact-policies/{policy['id']}", {"config": {"cooldownHours": 9}})
    assert body["config"] == {"cooldownHours": 9}


@pytest.mark.parametrize(
    ("rule_type", "config", "said"),
    [
        ("frequency_cap", {"maxPerDay": 0}, "0"),
        ("cooldown", {"cooldownHours": 0}, "never"),
        ("time_window", {"startHour": 0, "daysOfWeek": []}, "every day"),
    ],
)
def test_what_is_legal_but_suspicious_is_a_warning(admin: Door, rule_type: str, config: Any, said: str) -> None:
    policy = admin.make("contact-policies", **COOLDOWN | {"ruleType": rule_type, "config": config})
    assert any(said in warning for warning in policy["warnings"])


def test_names_nobody_knows_are_warnings(admin: Door) -> None:
    admin.make("segments", name="vip")
    payload = COOLDOWN | {"ruleType": "segment_exclusion", "config": {"excludeSegments": ["vip", "vlp"]}}
    warnings = admin.make("contact-policies", **payload)["warnings"]
    assert [warning for warning in warnings if '"vlp"' in warning] == warnings != []
    payload = COOLDOWN | {"ruleType": "outcome_based", "name": "Q"}
    config = {"afterOutcome": ["click", "clack"], "suppressForDays": 3}
    warnings = admin.make("contact-policies", **payload | {"config": config})["warnings"]
    assert [warning for warning in warnings if '"clack"' in warning] == warnings != []


def test_a_priority_is_a_whole_number_from_0_to_100(admin: Door) -> None:
    before = stored()
    for priority in (-1, 101, "5", True, 1.5, [], {}, 10**30, 1e300):
        assert fields(admin("POST", "contact-policies", COOLDOWN | {"priority": priority})) == ["priority"]
    assert stored() == before
    for priority in (0, 100, 5.0):
        payload = COOLDOWN | {"name": f"At {priority}", "priority": priority}
        assert admin.make("contact-policies", **payload)["priority"] == priority


def test_a_time_zone_that_iana_does_not_know_is_refused(admin: Door) -> None:
    before = stored()
    zones = ["Mars/Olympus", "", " ", "../../etc/passwd", "localtime", "europe/berlin", 1, True, "UTC+1", "UTC\n"]
    for zone in zones:
        payload = COOLDOWN | {"ruleType": "time_window", "config": {"startHour": 9, "timezone": zone}}
        assert fields(admin("POST", "contact-policies", payload)) == ["config.timezone"]
    assert stored() == before
