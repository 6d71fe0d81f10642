"""What may be asked of `POST /decisions/filter`: candidates, policies, and every fault by name."""

from __future__ import annotations

from typing import Any

import pytest

from kaireon import clock
from policies.rules import RULES
from tests.conftest import Catalogue, Door, catalogue_through
from tests.decisioning.conftest import COOLDOWN, NOON, Happened, asked, verdicts


def refused(door: Door, body: Any) -> list[tuple[str, str]]:
    """The faults of a question that must be a bad one."""
    status, answer = door("POST", "decisions/filter", body)
    assert (status, answer["error"]["code"]) == (400, "VALIDATION_ERROR"), answer
    return [(detail["field"], detail["message"]) for detail in answer["error"]["details"]]


def test_results_come_in_the_order_given_each_with_its_placement(admin: Door, catalogue: Catalogue) -> None:
    free = admin.make(
        "creatives", name="Anywhere", status="active", offerId=catalogue.offer, channelId=catalogue.channel
    )
    wanted = [
        {"creativeId": free["id"], "placementId": catalogue.placement},
        {"creativeId": catalogue.creative},
        {"creativeId": free["id"]},
        {"creativeId": catalogue.creative, "placementId": catalogue.placement},
    ]
    answer = asked(admin, candidates=wanted)
    assert [(result["creativeId"], result["placementId"]) for result in answer["results"]] == [
        (free["id"], catalogue.placement),
        (catalogue.creative, catalogue.placement),
        (free["id"], None),
        (catalogue.creative, catalogue.placement),
    ]
    assert asked(admin, candidates=[])["results"] == []


OUT_OF_THE_INVENTORY: dict[str, tuple[str, dict[str, Any], str]] = {
    "a draft creative": ("creative", {"status": "draft"}, "it is draft"),
    "a paused offer": ("offer", {"status": "paused"}, "its offer is paused"),
    "an archived channel": ("channel", {"status": "archived"}, "its channel is archived"),
    "a paused placement": ("placement", {"status": "paused"}, "its placement is paused"),
    "an offer that is over": (
        "offer",
        {"schedule": {"endsAt": "2026-03-10T12:00:00Z"}},
        "its offer is outside its schedule",
    ),
    "an offer to come": (
        "offer",
        {"schedule": {"startsAt": "2026-03-10T13:00:00+01:00", "endsAt": "2026-03-11T00:00:00Z"}},
        "",
    ),
    "an offer not yet begun": (
        "offer",
        {"schedule": {"startsAt": "2026-03-10T12:00:00.001Z"}},
        "its offer is outside its schedule",
    ),
}


@pytest.mark.parametrize("case", OUT_OF_THE_INVENTORY)
def test_what_is_not_in_the_inventory_is_judged_only_when_named_and_with_a_warning(
    admin: Door, catalogue: Catalogue, case: str
) -> None:
    kind, change, why = OUT_OF_THE_INVENTORY[case]
    assert admin("PATCH", f"{kind}s/{getattr(catalogue, kind)}", change)[0] == 200
    at = "2026-03-10T12:00:00Z"
    unnamed, named = asked(admin, asOf=at), asked(admin, asOf=at, candidates=[{"creativeId": catalogue.creative}] * 2)
    assert verdicts(unnamed) == ([] if why else [(catalogue.creative, True)])
    assert verdicts(named) == [(catalogue.creative, True)] * 2
    warning = f'The creative "Email Hero" ({catalogue.creative}) was judged, but {why}.'
    assert (unnamed["warnings"], named["warnings"]) == ([], [warning] if why else [])


def test_a_creative_whose_placement_is_deleted_is_no_candidate(admin: Door, catalogue: Catalogue) -> None:
    assert admin("DELETE", f"placements/{catalogue.placement}")[0] == 200
    assert asked(admin)["results"] == []
    answer = asked(admin, candidates=[{"creativeId": catalogue.creative}])
    assert answer["results"][0]["placementId"] is None
    assert answer["warnings"] == [
        f'The creative "Email Hero" ({catalogue.creative}) was judged, but its placement is deleted.'
    ]


def test_every_fault_is_named_at_once_with_its_index(admin: Door, stranger: Door, catalogue: Catalogue) -> None:
    foreign = catalogue_through(stranger)
    push = admin.make("channels", name="Push")["id"]
    elsewhere = admin.make("placements", name="Elsewhere", channelId=push)["id"]
    beside = admin.make("placements", name="Beside", channelId=catalogue.channel)["id"]
    gone = admin.make("contact-policies", name="Gone", **COOLDOWN)["id"]
    admin("DELETE", f"contact-policies/{gone}")
    body = {
        "customerId": "",
        "candidates": [
            {"creativeId": catalogue.creative},
            {"creativeId": "cre_nothing"},
            {"creativeId": foreign.creative},
            "cre",
            {"creativeId": catalogue.creative, "placementId": elsewhere},
            {"creativeId": catalogue.creative, "placementId": beside},
            {"creativeId": catalogue.creative, "placementId": foreign.placement},
            {},
        ],
        "segments": ["vip", 7],
        "attributes": [],
        "contactPolicyIds": [gone, catalogue.offer],
        "asOf": "2999-01-01T00:00:00Z",
    }
    faults = refused(admin, body)
    assert faults[:-1] == [
        ("customerId", "customerId is empty; send 1 to 255 characters."),
        ("candidates[1].creativeId", 'There is no live creative with the id "cre_nothing".'),
        ("candidates[2].creativeId", f'There is no live creative with the id "{foreign.creative}".'),
        ("candidates[3]", '"cre" is not an object; send {creativeId, placementId?}.'),
        ("candidates[4].placementId", f'"{elsewhere}" is not on the creative\'s channel.'),
        ("candidates[5].placementId", f'The creative has a placement of its own, which is not "{beside}".'),
        ("candidates[6].placementId", f'There is no live placement with the id "{foreign.placement}".'),
        ("candidates[7].creativeId", "creativeId is required; send a creative's id."),
        ("segments[1]", "7 is not a text; send a JSON string."),
        ("attributes", "[] is not an object; send {...}."),
        ("contactPolicyIds[0]", f'There is no live contact policy with the id "{gone}".'),
        ("contactPolicyIds[1]", f'There is no live contact policy with the id "{catalogue.offer}".'),
    ]
    field, message = faults[-1]
    assert field == "asOf"
    assert message.startswith('"2999-01-01T00:00:00.000Z" lies in the future; it is 20')


BAD_BODIES: dict[str, tuple[Any, str]] = {
    "no customer": ({}, "customerId"),
    "a null customer": ({"customerId": None}, "customerId"),
    "a long customer": ({"customerId": "x" * 256}, "customerId"),
    "a customer by number": ({"customerId": 7}, "customerId"),
    "an instant without a zone": ({"customerId": "ada", "asOf": "2026-03-10T12:00:00"}, "asOf"),
    "candidates that are no list": ({"customerId": "ada", "candidates": {}}, "candidates"),
    "too many candidates": ({"customerId": "ada", "candidates": [{}] * 5001}, "candidates"),
    "policies that are no list": ({"customerId": "ada", "contactPolicyIds": "cp"}, "contactPolicyIds"),
    "a list": ([], ""),
}


@pytest.mark.parametrize("case", BAD_BODIES)
def test_a_bad_question_is_refused(admin: Door, case: str) -> None:
    body, field = BAD_BODIES[case]
    assert [name for name, _ in refused(admin, body)] == [field]


def test_unknown_fields_are_named_and_null_counts_as_absent(admin: Door, catalogue: Catalogue) -> None:
    answer = asked(admin, candidates=None, asOf=None, segments=None, contactPolicyIds=None, limit=3)
    assert verdicts(answer) == [(catalogue.creative, True)]
    assert answer["warnings"] == ['The field "limit" is unknown and was ignored.']


def test_exactly_the_named_policies_count_drafts_included(
    admin: Door, catalogue: Catalogue, happened: Happened
) -> None:
    happened(NOON)
    admin.make("contact-policies", name="Active", **COOLDOWN)
    draft = admin.make("contact-policies", name="Draft", status="draft", **COOLDOWN)["id"]

    def named(**body: Any) -> list[str]:
        answer = asked(admin, asOf="2026-03-10T12:00:01Z", **body)
        return [reason["policyName"] for reason in answer["results"][0]["reasons"]]

    assert named() == ["Active"]
    assert named(contactPolicyIds=[draft]) == ["Draft"]
    assert named(contactPolicyIds=[draft, draft]) == ["Draft"]
    assert named(contactPolicyIds=[]) == []


def test_an_unfinished_draft_blocks_when_it_is_asked_about(admin: Door, catalogue: Catalogue) -> None:
    draft = admin.make("contact-policies", name="Draft", status="draft", ruleType="cooldown", scope="global")["id"]
    [result] = asked(admin, contactPolicyIds=[draft])["results"]
    assert (result["allowed"], result["freeAt"]) == (False, None)
    assert "cooldownHours" in result["reasons"][0]["reason"]


def test_the_document_describes_it(admin: Door) -> None:
    _, document = admin("GET", "schema", Accept="application/json")
    operation = document["paths"]["/api/v1/decisions/filter"]["post"]
    assert operation["operationId"] == "filter_candidates"
    assert operation["requestBody"]["content"]["application/json"]["schema"] == {
        "$ref": "#/components/schemas/FilterRequest"
    }
    properties = document["components"]["schemas"]["FilterRequest"]["properties"]
    assert list(properties) == ["customerId", "candidates", "segments", "attributes", "contactPolicyIds", "asOf"]


ONE_OF_EACH: dict[str, dict[str, Any]] = {
    "frequency_cap": {"maxPerDay": 1, "maxPerMonth": 1, "windowType": "calendar", "timezone": "America/Havana"},
    "cooldown": {"cooldownHours": 10**9},
    "budget_exhausted": {"budgetField": "spend", "threshold": 1},
    "outcome_based": {"afterOutcome": "complaint", "suppressForDays": 10**9},
    "segment_exclusion": {"excludeSegments": ["vip"]},
    "time_window": {"startHour": 9, "endHour": 10, "timezone": "Pacific/Kiritimati"},
    "cross_channel_cap": {"maxTotal": 1, "periodType": "weekly", "windowType": "calendar"},
    "customer_total_cap": {"maxTotal": 1},
    "offer_category_cap": {"targetCategory": "cards", "maxTotal": 1, "periodType": "monthly"},
    "allow_override": {},
}


def test_the_earliest_instant_can_be_asked_about_and_nothing_before_it(admin: Door, catalogue: Catalogue) -> None:
    configs = ONE_OF_EACH | {
        "mutual_exclusion": {"excludeOfferIds": [catalogue.offer], "lookbackDays": 10**9},
        "category_suppression": {"categoryId": catalogue.category, "suppressionDays": 10**9},
    }
    assert set(configs) == {rule.slug for rule in RULES}
    for slug, config in configs.items():
        admin.make("contact-policies", name=slug, scope="global", ruleType=slug, config=config)
    earliest = asked(admin, asOf="1970-01-01T00:00:00.000Z")
    assert earliest["decidedAt"] == "1970-01-01T00:00:00.000Z"
    (result,) = earliest["results"]
    assert [reason["ruleType"] for reason in result["reasons"]] == ["time_window"]
    for at in ("1969-12-31T23:59:59.999Z", "0001-01-01T00:00:00Z", "1970-01-01T00:00:00+00:01"):
        ((field, message),) = refused(admin, {"customerId": "A1", "asOf": at})
        assert field == "asOf"
        shown = clock.text(clock.parse(at))
        assert message == f'"{shown}" is too early; send an instant from 1970-01-01T00:00:00.000Z on.'


def test_a_question_says_that_it_is_json(admin: Door) -> None:
    for content_type in ("", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "text/plain"):
        response = admin.client.generic(
            "POST", "/api/v1/decisions/filter", b'{"customerId": "A1"}', content_type, headers=admin.headers
        )
        assert (response.status_code, response.json()["error"]["code"]) == (415, "UNSUPPORTED_MEDIA_TYPE")
