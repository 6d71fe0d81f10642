"""Every example of the two contract pages, replayed: real ids go in, come back, and are read as the contract's again.

Where Kaireon answers more than the contract shows, the difference is written out here: `rowVersion`, `description`,
`warnings` on writes, both cursor names. The contract lists `placement: null` beside a placementId; Kaireon embeds it.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from kaireon.tenancy import Tenant
from tests.conftest import Catalogue, Door
from tests.witness import stored

PAGES = Path(__file__).parent / "contract"
CREATIVES = json.loads((PAGES / "creatives.json").read_text())
POLICIES = json.loads((PAGES / "contact-policies.json").read_text())
INSTANT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")
OUTCOME_MESSAGE = "outcome_based requires afterOutcome as a non-empty string or non-empty string array"


def swapped(value: Any, names: dict[str, str]) -> Any:
    """The JSON value with whole strings replaced."""
    if isinstance(value, dict):
        return {key: swapped(item, names) for key, item in value.items()}
    if isinstance(value, list):
        return [swapped(item, names) for item in value]
    return names.get(value, value) if isinstance(value, str) else value


def timeless(value: Any) -> Any:
    """The JSON value with every instant, which must be well written, replaced by one word."""
    if isinstance(value, dict):
        return {key: timeless(item) for key, item in value.items()}
    if isinstance(value, list):
        return [timeless(item) for item in value]
    return "<instant>" if isinstance(value, str) and INSTANT.fullmatch(value) else value


@pytest.fixture
def real(tenant: Tenant, catalogue: Catalogue) -> dict[str, str]:
    """The real id of each of the contract's."""
    return {
        "t_001": tenant.public_id,
        "off_001": catalogue.offer,
        "ch_email": catalogue.channel,
        "pl_email_hero": catalogue.placement,
        "cat_001": catalogue.category,
    }


def as_contract(body: Any, real: dict[str, str]) -> Any:
    return timeless(swapped(body, {ours: theirs for theirs, ours in real.items()}))


def test_a_created_creative_is_the_contracts(editor: Door, real: dict[str, str]) -> None:
    status, body = editor("POST", "creatives", swapped(CREATIVES["create"], real))
    assert status == 201
    listed = timeless(CREATIVES["listed"])
    expected = listed | CREATIVES["create"] | {"status": "draft", "description": "", "rowVersion": 1, "warnings": []}
    assert as_contract(body, real | {"cre_abc123": body["id"]}) == expected
    assert body["createdAt"] == body["updatedAt"]


def test_the_list_of_creatives_is_the_contracts(editor: Door, real: dict[str, str], catalogue: Catalogue) -> None:
    for number in range(16):
        editor.make("creatives", name=f"Variant {number}", offerId=catalogue.offer, channelId=catalogue.channel)
    listed = CREATIVES["listed"]
    writable = ["name", "offerId", "channelId", "placementId", "status", "templateType", "content", "personalization"]
    payload = {name: listed[name] for name in [*writable, "constraints", "abTestVariant", "weight", "metrics"]}
    made = editor.make("creatives", **swapped(payload, real))
    status, page = editor("GET", "creatives")
    assert status == 200
    assert page.keys() == {"data", "pagination"}
    assert page["pagination"] == CREATIVES["pagination"] | {"cursor": None}
    assert len(page["data"]) == 18
    newest = as_contract(page["data"][0], real | {"cre_abc123": made["id"]})
    assert newest == timeless(listed) | {"description": "", "rowVersion": 1}
    order = [(row["createdAt"], row["name"]) for row in page["data"]]
    assert [instant for instant, _ in order] == sorted((instant for instant, _ in order), reverse=True)


def test_an_updated_creative_is_the_contracts(editor: Door, real: dict[str, str]) -> None:
    made = editor.make("creatives", **swapped(CREATIVES["create"], real))
    status, body = editor("PUT", "creatives", swapped(CREATIVES["update"], {"cre_abc123": made["id"]}))
    assert status == 200
    assert body.pop("updatedAt") >= made.pop("updatedAt")
    assert body == made | {"status": "active", "weight": 80, "version": 2, "rowVersion": 2}


def test_a_deleted_creative_answers_as_the_contract(editor: Door, catalogue: Catalogue) -> None:
    status, body = editor("DELETE", f"creatives?id={catalogue.creative}")
    assert (status, body) == (200, swapped(CREATIVES["deleted"], {"cre_abc123": catalogue.creative}))
    _, page = editor("GET", "creatives?includeDeleted=true")
    gone = page["data"][0]
    assert (gone["id"], gone["version"]) == (catalogue.creative, 2)
    assert INSTANT.fullmatch(gone["deletedAt"])
    assert editor("GET", "creatives")[1]["data"] == []


def test_a_deleted_creative_is_restored_by_the_contracts_address(admin: Door, catalogue: Catalogue) -> None:
    admin("DELETE", f"creatives?id={catalogue.creative}")
    status, body = admin("POST", f"restore?entityType=creative&id={catalogue.creative}")
    assert (status, body) == (200, {"restored": True, "entityType": "creative", "id": catalogue.creative})


def test_a_created_policy_is_the_contracts(admin: Door, real: dict[str, str]) -> None:
    status, body = admin("POST", "contact-policies", swapped(POLICIES["create"], real))
    assert status == 201
    names = real | {"cp_001": body["id"], "cps_001": body["scopes"][0]["id"]}
    assert as_contract(body, names) == timeless(POLICIES["listed"]) | {"rowVersion": 1, "warnings": []}
    assert body["createdAt"] == body["updatedAt"] == body["scopes"][0]["createdAt"]


def test_the_list_of_policies_is_the_contracts(admin: Door, real: dict[str, str]) -> None:
    made = admin.make("contact-policies", **swapped(POLICIES["create"], real))
    for number in range(7):
        admin.make("contact-policies", name=f"Other {number}", scope="global", ruleType="allow_override", priority=79)
    status, page = admin("GET", "contact-policies")
    assert status == 200
    assert page.keys() == {"data", "pagination"}
    assert page["pagination"] == POLICIES["pagination"] | {"nextCursor": None}
    names = real | {"cp_001": made["id"], "cps_001": made["scopes"][0]["id"]}
    assert as_contract(page["data"][0], names) == timeless(POLICIES["listed"]) | {"rowVersion": 1}
    assert [row["name"] for row in page["data"][1:]] == [f"Other {number}" for number in reversed(range(7))]


def test_an_updated_policy_is_the_contracts(admin: Door, real: dict[str, str]) -> None:
    made = admin.make("contact-policies", **swapped(POLICIES["create"], real))
    status, body = admin("PUT", "contact-policies", swapped(POLICIES["update"], {"cp_001": made["id"]}))
    assert status == 200
    assert body.pop("updatedAt") >= made.pop("updatedAt")
    assert body == made | {"config": {"maxPerDay": 2, "maxPerWeek": 5}, "version": 2, "rowVersion": 2}


def test_a_deleted_policy_names_the_flows_in_the_contracts_words(admin: Door, real: dict[str, str]) -> None:
    policy = admin.make("contact-policies", **swapped(POLICIES["create"], real))["id"]
    filtering = {"stages": {"filter": {"contactPolicyIds": ["cp_other", policy]}}}
    admin.make("decision-flows", key="cards", name="Credit Card NBA", draftConfig=filtering)
    admin.make("decision-flows", key="other", name="Loans", draftConfig={"stages": {"filter": {}}})
    status, body = admin("DELETE", f"contact-policies?id={policy}")
    assert (status, body) == (200, POLICIES["deleted"])
    _, page = admin("GET", "contact-policies?includeDeleted=true")
    assert [row["id"] for row in page["data"] if INSTANT.fullmatch(row["deletedAt"])] == [policy]
    assert admin("GET", "contact-policies")[1]["data"] == []


def test_a_deleted_policy_that_nothing_mentions_answers_an_empty_list_of_warnings(admin: Door) -> None:
    for route in ("contact-policies?id={}", "contact-policies/{}"):
        policy = admin.make("contact-policies", name="Free", scope="global", ruleType="allow_override")["id"]
        assert admin("DELETE", route.format(policy)) == (200, {"deleted": True, "warnings": []})


@pytest.mark.parametrize("rule_type", sorted(POLICIES["configs"]))
def test_every_config_shape_of_the_contract_is_stored_as_sent(
    admin: Door, real: dict[str, str], rule_type: str
) -> None:
    config = swapped(POLICIES["configs"][rule_type], real)
    made = admin.make(
        "contact-policies", name=rule_type, ruleType=rule_type, scope="channel", scopeId=real["ch_email"], config=config
    )
    assert (made["ruleType"], made["config"]) == (rule_type, config)


@pytest.mark.parametrize("after", ["", [], [""], ["complaint", ""], [1], {}, 7, True])
def test_an_empty_after_outcome_is_refused_in_the_contracts_words(admin: Door, after: Any) -> None:
    before = stored()
    payload = {"name": "Quarantine", "scope": "global", "ruleType": "outcome_based"}
    status, body = admin(
        "POST", "contact-policies", payload | {"config": {"afterOutcome": after, "suppressForDays": 9}}
    )
    assert status == 400
    (detail,) = body["error"]["details"]
    assert detail["field"] == "config.afterOutcome"
    assert OUTCOME_MESSAGE in detail["message"]
    assert stored() == before


def test_defaults_are_the_contracts(admin: Door, catalogue: Catalogue) -> None:
    policy = admin.make(
        "contact-policies", name="P", ruleType="cooldown", config={"cooldownHours": 1}, scopeId=catalogue.offer
    )
    assert {name: policy[name] for name in ("status", "scope", "priority", "description")} == {
        "status": "active",
        "scope": "offer",
        "priority": 50,
        "description": "",
    }
    creative = admin.make("creatives", name="C", offerId=catalogue.offer, channelId=catalogue.channel)
    assert {name: creative[name] for name in creative if name not in {"id", "tenantId", "createdAt", "updatedAt"}} == {
        "name": "C",
        "description": "",
        "offerId": catalogue.offer,
        "channelId": catalogue.channel,
        "placementId": None,
        "contentItemId": None,
        "status": "draft",
        "templateType": "email_html",
        "content": {},
        "personalization": [],
        "constraints": {},
        "abTestVariant": None,
        "weight": 100,
        "metrics": {},
        "version": 1,
        "rowVersion": 1,
        "deletedAt": None,
        "offer": {"id": catalogue.offer, "name": "Platinum Card Upgrade"},
        "channel": {"id": catalogue.channel, "name": "Email"},
        "placement": None,
        "warnings": [],
    }
