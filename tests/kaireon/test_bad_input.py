"""Hostile and mistaken requests: each gets the documented code and a message that helps, and nothing changes."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest

from tests.conftest import Catalogue, Door
from tests.witness import stored

LIMIT = 2 * 1024 * 1024


def sent(door: Door, method: str, path: str, body: bytes, content_type: str = "application/json") -> tuple[int, Any]:
    """A raw body, answered."""
    response = door.client.generic(method, f"/api/v1/{path}", body, content_type, headers=door.headers)
    return response.status_code, response.json()


def faults(answer: tuple[int, Any]) -> list[str]:
    assert (answer[0], answer[1]["error"]["code"]) == (400, "VALIDATION_ERROR")
    assert all(detail["message"] for detail in answer[1]["error"]["details"])
    return [detail["field"] for detail in answer[1]["error"]["details"]]


UNREADABLE = {
    "broken": b"{",
    "trailing": b'{"name": "x"} x',
    "single quotes": b"{'name': 'x'}",
    "no UTF-8": b'{"name": "\xff"}',
    "UTF-16": '{"name": "x"}'.encode("utf-16"),
    "byte order mark": b'\xef\xbb\xbf{"name": "x"}',
    "NaN": b'{"priority": NaN}',
    "Infinity": b'{"priority": -Infinity}',
    "1e400": b'{"priority": 1e400}',
    "5000 digits": b'{"priority": ' + b"9" * 5000 + b"}",
    "NUL": b'{"name": "a\\u0000b"}',
    "NUL deep inside": b'{"metadata": {"a": [{"b": "\\u0000"}]}}',
    "NUL in a key": b'{"metadata": {"\\u0000": 1}}',
    "lone surrogate": b'{"name": "\\ud800"}',
    "lone surrogate in a key": b'{"metadata": {"\\udfff": 1}}',
    "101 levels": b'{"metadata": ' + b'{"a":' * 100 + b"1" + b"}" * 100 + b"}",
    "100,000 levels": b"[" * 100_000,
    "3,000 closed levels": b'{"metadata": ' + b"[" * 3000 + b"]" * 3000 + b"}",
}


def test_json_that_cannot_be_read_or_kept_is_malformed(admin: Door, catalogue: Catalogue) -> None:
    before = stored()
    for kind, unreadable in UNREADABLE.items():
        for method, path in (("POST", "offers"), ("PUT", "offers"), ("PATCH", f"offers/{catalogue.offer}")):
            status, body = sent(admin, method, path, unreadable)
            assert (kind, status, body["error"]["code"]) == (kind, 400, "MALFORMED_JSON")
            assert body["error"]["message"]
    assert stored() == before


def test_json_that_is_no_object_says_what_it_is(admin: Door) -> None:
    before = stored()
    for body in ("null", "[]", "5", '"x"', "true"):
        status, answer = sent(admin, "POST", "offers", body.encode())
        assert (status, answer["error"]["message"]) == (400, f"The body is {body}; send a JSON object.")
    assert stored() == before


def test_whole_unicode_and_99_levels_are_kept(admin: Door) -> None:
    nested: Any = 1
    for _ in range(98):
        nested = {"a": nested}
    name = "Ünïcode 🎉 \u202e 名前"
    offer = admin.make("offers", name=name, metadata=nested)
    assert (offer["name"], offer["metadata"]) == (name, nested)


def test_a_body_of_2_mib_is_taken_and_one_byte_more_is_too_large(admin: Door) -> None:
    envelope = len(json.dumps({"name": "Big", "metadata": {"a": ""}}))
    whole = json.dumps({"name": "Big", "metadata": {"a": "x" * (LIMIT - envelope)}}).encode()
    assert len(whole) == LIMIT
    before = stored()
    for method in ("POST", "PUT"):
        status, body = sent(admin, method, "offers", whole + b" ")
        assert (status, body["error"]["code"]) == (413, "TOO_LARGE")
        assert "2 MiB" in body["error"]["message"]
    assert stored() == before
    assert sent(admin, "POST", "offers", whole)[0] == 201


@pytest.mark.parametrize("path", ["offers", "contact-policies", "categories", "segments"])
def test_a_name_is_a_text_of_1_to_255_characters(admin: Door, path: str) -> None:
    before = stored()
    for name in ("", "   ", "n" * 256, None, 5, True, [], {}, "\n"):
        payload = {"name": name, "scope": "global", "ruleType": "allow_override"}
        assert faults(admin("POST", path, payload if path == "contact-policies" else {"name": name})) == ["name"], name
    assert stored() == before


def test_names_of_1_and_of_255_characters_are_taken(admin: Door) -> None:
    for name in ("n", "n" * 255, "é" * 255, "🎉" * 255):
        assert admin.make("offers", name=name)["name"] == name


WRONG: list[tuple[str, str, list[Any]]] = [
    ("offers", "description", [5, True, [], {}]),
    ("offers", "status", ["live", "", 5, [], {}, "ACTIVE"]),
    ("offers", "categoryId", ["x", "", 5, True, [], {}, "cat_", "cat_x", "CATEGORY"]),
    ("offers", "subCategoryId", ["sub_x", 5, {}]),
    ("offers", "category", [5, [], "x" * 256]),
    ("offers", "priority", [-1, 101, "5", True, 1.5, [], {}, 10**30]),
    ("offers", "businessValue", ["5", True, [], {}, 10**399]),
    ("offers", "mandatory", ["true", 1, 0, [], {}]),
    (
        "offers",
        "mandatoryExpiresAt",
        ["tomorrow", 5, "2030-01-01", "2030-01-01T00:00:00", [], "9999-12-31T23:59:59-09:00"],
    ),
    ("offers", "tags", ["a", {}, 5, True]),
    ("offers", "tags[0]", [[5], [[]], [{}]]),
    ("offers", "schedule", ["x", [], 5, {"startsAt": "2026-01-02T00:00:00Z", "endsAt": "2026-01-02T00:00:00Z"}]),
    ("offers", "schedule.startsAt", [{"startsAt": 5}, {"startsAt": "2026-01-02"}, {"startsAt": []}]),
    ("offers", "metadata", ["x", [], 5, True]),
    ("categories", "ordinal", ["1", 1.5, True, 2**31, -(2**31) - 1, []]),
    ("categories", "color", [5, "x" * 65]),
    ("sub-categories", "categoryId", [None, "", "x", 5, {}]),
    ("channels", "channelType", [5, "", "x" * 256, []]),
    ("channels", "deliveryMode", ["post", 5, [], {}]),
    ("channels", "impressionMode", ["post", 5, [], {}]),
    ("channels", "couplingMode", ["post", 5, [], {}]),
    ("channels", "costPerContact", [-1, "1", True, 10**10, 10**399, []]),
    ("placements", "channelId", [None, "", "x", 5, {}]),
    ("placements", "maxSlots", [0, -1, 1.5, "1", True, 2**31]),
    ("placements", "schema", [[], "x", 5]),
    ("creatives", "offerId", [None, "", "x", 5, True, {}, []]),
    ("creatives", "channelId", [None, "", "x", 5, True, {}, []]),
    ("creatives", "placementId", ["", "x", 5, True, {}, []]),
    ("creatives", "templateType", ["", 5, [], "x" * 256]),
    ("creatives", "content", ["x", 5, [], True]),
    ("creatives", "personalization", ["x", 5, {}, [{"variable": "v"}] * 501]),
    ("creatives", "personalization[0]", [[5], [[]], ["x"], [None]]),
    ("creatives", "personalization[0].variable", [[{}], [{"variable": ""}], [{"variable": 5}]]),
    ("creatives", "personalization[0].source", [[{"variable": "v", "source": 5}]]),
    ("creatives", "constraints", ["x", 5, []]),
    ("creatives", "constraints.priorityOverride", [{"priorityOverride": v} for v in (-1, 101, "5", True, 1.5, [])]),
    ("creatives", "constraints.cooldownHours", [{"cooldownHours": v} for v in (-1, "5", True, 1.5, {})]),
    ("creatives", "constraints.frequencyCapPerDay", [{"frequencyCapPerDay": v} for v in (-1, "5", False)]),
    ("creatives", "abTestVariant", [5, [], "x" * 256]),
    ("creatives", "weight", [-1, 101, "5", True, 1.5, []]),
    ("creatives", "metrics", ["x", 5, []]),
    ("contact-policies", "config", ["x", 5, [], True]),
    ("contact-policies", "scope", ["everything", 5, [], {}]),
    ("contact-policies", "ruleType", ["cap", 5, [], {}, ""]),
    ("segments", "name", ["two words", "-x", "é", "a\nb"]),
    ("decision-flows", "key", ["Two", "two words", "", 5, None, "x" * 64, "é"]),
    ("decision-flows", "draftConfig", ["x", [], 5]),
    ("outcome-types", "key", ["Two", "2", "", None, 5]),
    ("outcome-types", "classification", ["good", 5, []]),
]


def valid(path: str, catalogue: Catalogue) -> dict[str, Any]:
    own: dict[str, dict[str, Any]] = {
        "sub-categories": {"categoryId": catalogue.category},
        "placements": {"channelId": catalogue.channel},
        "creatives": {"offerId": catalogue.offer, "channelId": catalogue.channel},
        "contact-policies": {"scope": "global", "ruleType": "allow_override"},
        "outcome-types": {"key": "new"},
        "decision-flows": {"key": "new"},
    }
    return {"name": "New", **own.get(path, {})}


@pytest.mark.parametrize("path", dict.fromkeys(path for path, _, _ in WRONG))
def test_a_value_of_the_wrong_kind_is_named_by_its_place(admin: Door, catalogue: Catalogue, path: str) -> None:
    before = stored()
    for place, values in [(place, values) for of, place, values in WRONG if of == path]:
        field = place.partition(".")[0].partition("[")[0]
        for value in values:
            assert faults(admin("POST", path, valid(path, catalogue) | {field: value})) == [place], value
    assert stored() == before


def test_ids_of_another_tenant_or_of_another_kind_name_nothing(
    admin: Door, stranger: Door, catalogue: Catalogue
) -> None:
    before = stored()
    own = {"offerId": catalogue.offer, "channelId": catalogue.channel}
    for field, wrong in (
        ("offerId", catalogue.channel),
        ("channelId", catalogue.offer),
        ("placementId", catalogue.creative),
    ):
        assert faults(admin("POST", "creatives", {"name": "N", **own, field: wrong})) == [field]
    assert faults(stranger("POST", "creatives", {"name": "N", **own})) == ["offerId", "channelId"]
    for method in ("GET", "PUT", "PATCH", "DELETE"):
        body = None if method == "GET" else {"name": "Mine now"}
        assert stranger(method, f"creatives/{catalogue.creative}", body)[0] == 404
        assert admin(method, f"offers/{catalogue.creative}", body)[0] == 404
    assert faults(stranger("PUT", "creatives", {"id": catalogue.creative, "name": "Mine now"})) == ["id"]
    assert faults(stranger("DELETE", f"creatives?id={catalogue.creative}")) == ["id"]
    assert faults(stranger("POST", f"restore?entityType=creative&id={catalogue.creative}")) == ["id"]
    assert stranger("GET", f"creatives?offerId={catalogue.offer}")[1]["data"] == []
    assert stored() == before


def test_a_placement_must_belong_to_the_channel(admin: Door, catalogue: Catalogue) -> None:
    push = admin.make("channels", name="Push")["id"]
    loans = admin.make("categories", name="Loans")["id"]
    before = stored()
    payload = {"name": "N", "offerId": catalogue.offer, "channelId": push, "placementId": catalogue.placement}
    assert faults(admin("POST", "creatives", payload)) == ["placementId"]
    assert faults(admin("PATCH", f"creatives/{catalogue.creative}", {"channelId": push})) == ["placementId"]
    assert faults(admin("PATCH", f"placements/{catalogue.placement}", {"channelId": push})) == ["channelId"]
    moved = {"categoryId": loans, "subCategoryId": catalogue.sub_category}
    assert faults(admin("PATCH", f"offers/{catalogue.offer}", moved)) == ["subCategoryId"]
    assert stored() == before


def cursor(value: Any) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")


INSTANT = "2026-03-10T12:00:00.000Z"
HOSTILE = [
    *(
        ("limit", value)
        for value in ("0", "-1", "1.5", "1e3", "", "ten", "%D9%A3", "%EF%BC%95", "9" * 5000, "%00", "+5")
    ),
    *(("cursor", value) for value in ("x", "AAAA", "%00", "A" * 5000, "%F0%9F%8E%89", "W10", "....", "=", cursor("x"))),
    *(("cursor", cursor(value)) for value in ([], [1, 2], [INSTANT], [INSTANT, 1, 1], [INSTANT, "1"], [INSTANT, 1.5])),
    *(("cursor", cursor(value)) for value in ([INSTANT, 2**63], ["2026-03-10", 1], [INSTANT, None], [INSTANT, True])),
    *(("cursor", cursor(value)) for value in ([None, 1], [{}, []], {"a": 1}, ["9999-12-31T23:59:59-09:00", 1])),
    ("cursor", base64.urlsafe_b64encode(b"[" * 700).decode()),
    ("cursor", base64.urlsafe_b64encode(b"[" + b"9" * 700).decode()),
    *(("includeDeleted", value) for value in ("1", "True", "yes", "")),
    *(("status", value) for value in ("live", "ACTIVE", "%00")),
    *(
        ("createdAfter", value)
        for value in ("x", "2026-01-01", "2026-01-01T00:00:00", "%00", "9999-12-31T23:59:59-09:00")
    ),
    *((name, "%00") for name in ("name", "offerId", "templateType", "updatedBefore")),
]


def test_a_query_that_cannot_be_read_names_its_parameter(admin: Door) -> None:
    for name, value in HOSTILE:
        assert faults(admin("GET", f"creatives?{name}={value}")) == [name], value


def test_an_unknown_parameter_names_itself(admin: Door) -> None:
    for path in ("creatives", "contact-policies", "audit-logs", "outcome-types"):
        for name in ("colour", "Limit", "offer", "%00", "name__contains", "tenant", "page", "x" * 500):
            status, body = admin("GET", f"{path}?{name}=1")
            (detail,) = body["error"]["details"]
            assert status == 400
            assert detail["field"] == ("\0" if name == "%00" else name[:80])
            assert "known are" in detail["message"]


def test_every_address_refuses_parameters_it_does_not_read(admin: Door, catalogue: Catalogue) -> None:
    path = f"creatives/{catalogue.creative}"
    before = stored()
    for method, address, body in [
        ("POST", "creatives", {"name": "New"}),
        ("PUT", "creatives", {"id": catalogue.creative}),
        ("DELETE", f"creatives?id={catalogue.creative}", None),
        ("GET", path, None),
        ("PUT", path, {"name": "New"}),
        ("PATCH", path, {"name": "New"}),
        ("DELETE", path, None),
        ("GET", f"{path}/history", None),
        ("GET", f"{path}/history?limit=1", None),
        ("POST", f"{path}/revert", {"version": 1}),
        ("POST", f"restore?entityType=creative&id={catalogue.creative}", None),
        ("GET", "audit-logs", None),
        ("GET", "audit-logs/verify", None),
        ("POST", "decisions/filter", {"customerId": "A1"}),
    ]:
        joined = "&" if "?" in address else "?"
        answer = admin(method, f"{address}{joined}colour=1", body)
        assert faults(answer) == ["colour"], (method, address)
        assert 'The parameter "colour" is unknown' in answer[1]["error"]["message"]
    assert faults(admin("GET", f"{path}/history?includeDeleted=true")) == ["includeDeleted"]
    assert faults(admin("GET", "audit-logs?includeDeleted=true")) == ["includeDeleted"]
    assert stored() == before


def test_a_word_a_list_cannot_be_filtered_by_is_answered_with_those_it_can(admin: Door) -> None:
    for path, name, some in [
        ("offers", "status", "draft, active"),
        ("contact-policies", "ruleType", "frequency_cap, cooldown"),
        ("contact-policies", "scope", "global, offer"),
        ("outcome-types", "classification", "positive, neutral"),
    ]:
        (detail,) = admin("GET", f"{path}?{name}=foo")[1]["error"]["details"]
        assert detail["field"] == name
        assert detail["message"].startswith(f'"foo" is none of: {some}')


def test_every_fault_says_what_is_wrong_and_what_to_do(admin: Door, catalogue: Catalogue) -> None:
    def said(path: str, **body: Any) -> dict[str, str]:
        answer = admin("POST", path, body)
        assert answer[0] == 400
        return {detail["field"]: detail["message"] for detail in answer[1]["error"]["details"]}

    assert said("creatives") == {
        "name": "A name is required; give it 1 to 255 characters.",
        "offerId": "This is required; send the id of a live offer.",
        "channelId": "This is required; send the id of a live channel.",
    }
    rules = "frequency_cap, cooldown, budget_exhausted, outcome_based, segment_exclusion, time_window, "
    assert said("contact-policies", name="P")["ruleType"].startswith(f"This is required; send one of: {rules}")
    assert said("decision-flows", name="F") == {"key": "This is required; send a text."}
    assert said("channels", name="C", channelType=" ", deliveryMode="", costPerContact="1") == {
        "channelType": "The text is empty; send at least one character that is not a space.",
        "deliveryMode": '"" is none of: api, file, integration, manual.',
        "costPerContact": '"1" is not a number; send one such as 2.5.',
    }
    assert said("categories", name="C", color="x" * 65, ordinal="1") == {
        "color": "The text has 65 characters, more than 64; shorten it.",
        "ordinal": '"1" is not a whole number; send one such as 5.',
    }
    assert said("offers", name="O", mandatory="no", tags=["x" * 256], mandatoryExpiresAt=5) == {
        "mandatory": '"no" is neither true nor false; send one of them.',
        "tags[0]": "The text has 256 characters, more than 255; shorten it.",
        "mandatoryExpiresAt": "5 is not an instant; send a text such as 2026-03-10T12:00:00.000Z.",
    }


def test_a_hundred_faults_are_listed_and_the_rest_counted(admin: Door) -> None:
    status, body = admin("POST", "contact-policies", {
        "name": "Many", "ruleType": "allow_override", "scopes": [{"scope": "offer", "scopeId": "x"}] * 250,
    })  # fmt: skip
    assert status == 400
    assert [detail["field"] for detail in body["error"]["details"]] == [f"scopes[{n}].scopeId" for n in range(100)]
    counted = "(250 faults; details holds the first 100, 150 more are left out.)"
    assert body["error"]["message"].endswith(counted)


def test_a_query_that_matches_nothing_finds_nothing(admin: Door, catalogue: Catalogue) -> None:
    for query in (
        "offerId=x",
        f"offerId={catalogue.channel}",
        "name=%ED%A0%80",
        "name=%25",
        "abTestVariant=x",
        "name=_",
    ):
        assert admin("GET", f"creatives?{query}")[1]["pagination"]["total"] == 0
    for query in ("name=EMAIL", "status=active", f"placementId={catalogue.placement}", "limit=1000", "limit=007"):
        assert admin("GET", f"creatives?{query}")[1]["pagination"]["total"] == 1
    assert admin("GET", "creatives?limit=1000")[1]["pagination"]["limit"] == 100


def test_addresses_nobody_has_answer_the_envelope(admin: Door, anonymous: Door) -> None:
    for door in (admin, anonymous):
        for path in ("", "nothing", "nothing%0Ahere", "creatives/a/b/c", "creatives//", "contact-policies/x/history/y"):
            status, body = door("GET", path)
            assert (status, body["error"]["code"]) == (404, "NOT_FOUND")


def test_methods_an_address_does_not_take_are_405(admin: Door, catalogue: Catalogue) -> None:
    before = stored()
    for method, path in [
        ("PATCH", "creatives"),
        ("TRACE", "creatives"),
        ("OPTIONS", "creatives"),
        ("POST", f"creatives/{catalogue.creative}"),
        ("OPTIONS", f"creatives/{catalogue.creative}"),
        ("DELETE", f"creatives/{catalogue.creative}/history"),
        ("GET", f"creatives/{catalogue.creative}/revert"),
        ("GET", "restore"),
        ("DELETE", "audit-logs"),
        ("OPTIONS", "audit-logs"),
    ]:
        response = admin.raw(method, path)
        assert (response.status_code, response.json()["error"]["code"]) == (405, "METHOD_NOT_ALLOWED")
        assert response["Allow"]
    assert admin.raw("OPTIONS", "docs").status_code == 405
    assert stored() == before


def test_head_answers_like_get_without_a_body(admin: Door, catalogue: Catalogue) -> None:
    for path in ("creatives", f"creatives/{catalogue.creative}", "audit-logs", "schema"):
        response = admin.raw("HEAD", path)
        assert (response.status_code, response.content) == (200, b"")
    assert admin.raw("HEAD", "creatives/cre_x").status_code == 404


def test_a_trailing_slash_makes_no_difference(admin: Door, catalogue: Catalogue) -> None:
    assert admin("GET", "creatives/") == admin("GET", "creatives")
    assert admin("GET", f"creatives/{catalogue.creative}/")[0] == 200
    assert admin("POST", "offers/", {"name": "Slashed"})[0] == 201
    assert admin("DELETE", f"creatives/?id={catalogue.creative}")[0] == 200


def test_only_json_is_answered(admin: Door) -> None:
    status, body = admin("GET", "creatives", Accept="text/csv")
    assert (status, body["error"]["code"]) == (406, "NOT_ACCEPTABLE")
