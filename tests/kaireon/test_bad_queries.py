"""Addresses, methods and parameters nobody knows are refused by name, and nothing changes."""

from __future__ import annotations

import base64
import json
from typing import Any

from tests.conftest import Catalogue, Door
from tests.kaireon.refusals import faults
from tests.witness import stored


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
