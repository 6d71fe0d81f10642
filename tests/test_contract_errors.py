"""The error codes that the two contract pages list, each with the whole envelope and with nothing changed."""

from __future__ import annotations

from typing import Any

import pytest

from tests.conftest import Catalogue, Door
from tests.witness import stored

REQUEST = {"X-Request-Id": "contract-1"}
POLICY = {"name": "Cap", "scope": "global", "ruleType": "cooldown", "config": {"cooldownHours": 1}}


def error(answer: tuple[int, Any]) -> tuple[int, str, list[dict[str, str]]]:
    """Status, code and details of an answer, whose envelope must be complete."""
    status, body = answer
    assert body.keys() == {"error"}
    inner = body["error"]
    assert inner.keys() == {"code", "message", "status", "details", "requestId"}
    assert inner["message"]
    assert (inner["status"], inner["requestId"]) == (status, "contract-1")
    return status, inner["code"], inner["details"]


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"name": None}, "name"),
        ({"ruleType": None}, "ruleType"),
        ({"ruleType": "frequency"}, "ruleType"),
        ({"scope": "tenant"}, "scope"),
        ({"scope": "offer"}, "scopeId"),
        ({"priority": -1}, "priority"),
        ({"priority": 101}, "priority"),
        ({"ruleType": "time_window", "config": {"startHour": 9, "timezone": "Mars/Olympus"}}, "config.timezone"),
    ],
)
def test_a_policy_that_is_not_valid_is_400(admin: Door, change: dict[str, Any], field: str) -> None:
    before = stored()
    status, code, details = error(admin("POST", "contact-policies", POLICY | change, **REQUEST))
    assert (status, code) == (400, "VALIDATION_ERROR")
    assert [detail["field"] for detail in details] == [field]
    assert stored() == before


@pytest.mark.parametrize("missing", ["name", "offerId", "channelId"])
def test_a_creative_that_lacks_something_is_400(editor: Door, catalogue: Catalogue, missing: str) -> None:
    before = stored()
    payload = {"name": "New", "offerId": catalogue.offer, "channelId": catalogue.channel}
    del payload[missing]
    status, code, details = error(editor("POST", "creatives", payload, **REQUEST))
    assert (status, code) == (400, "VALIDATION_ERROR")
    assert [detail["field"] for detail in details] == [missing]
    assert stored() == before


@pytest.mark.parametrize("path", ["creatives", "contact-policies"])
def test_who_says_nobody_or_nonsense_is_401(anonymous: Door, catalogue: Catalogue, path: str) -> None:
    before = stored()
    for headers in ({}, {"X-API-Key": "krn_wrong"}, {"Authorization": "Bearer krn_wrong"}):
        for method in ("GET", "POST", "PUT", "DELETE"):
            status, code, details = error(
                anonymous(method, path, {} if method != "GET" else None, **headers, **REQUEST)
            )
            assert (status, code, details) == (401, "UNAUTHENTICATED", [])
    assert stored() == before


def test_who_may_only_read_is_403(viewer: Door, editor: Door, catalogue: Catalogue) -> None:
    before = stored()
    for door, path in ((viewer, "creatives"), (viewer, "contact-policies"), (editor, "contact-policies")):
        for method in ("POST", "PUT", "DELETE"):
            assert error(door(method, path, POLICY, **REQUEST)) == (403, "FORBIDDEN", [])
    assert stored() == before


@pytest.mark.parametrize("path", ["creatives", "contact-policies"])
def test_a_name_that_is_taken_is_409(admin: Door, catalogue: Catalogue, path: str) -> None:
    payload = POLICY if path == "contact-policies" else {"offerId": catalogue.offer, "channelId": catalogue.channel}
    admin.make(path, **payload | {"name": "Taken"})
    other = admin.make(path, **payload | {"name": "Other"})
    before = stored()
    message = f"A {'contact policy' if path == 'contact-policies' else 'creative'} with that name already exists."
    for answer in (
        admin("POST", path, payload | {"name": "Taken"}, **REQUEST),
        admin("PUT", path, {"id": other["id"], "name": "Taken"}, **REQUEST),
    ):
        assert error(answer) == (409, "DUPLICATE_NAME", [{"field": "name", "message": message}])
        assert answer[1]["error"]["message"] == message
    assert stored() == before


@pytest.mark.parametrize("path", ["creatives", "contact-policies"])
@pytest.mark.parametrize("content_type", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data", ""])
def test_another_content_type_is_415(admin: Door, catalogue: Catalogue, path: str, content_type: str) -> None:
    before = stored()
    for method in ("POST", "PUT"):
        response = admin.client.generic(
            method, f"/api/v1/{path}", b'{"name": "x"}', content_type, headers={**admin.headers, **REQUEST}
        )
        assert error((response.status_code, response.json())) == (415, "UNSUPPORTED_MEDIA_TYPE", [])
    assert stored() == before


@pytest.mark.parametrize("path", ["creatives", "contact-policies"])
def test_an_id_that_is_missing_unknown_or_deleted_is_400_on_the_collection(
    admin: Door, catalogue: Catalogue, path: str
) -> None:
    gone = catalogue.creative
    if path == "contact-policies":
        gone = admin.make(path, **POLICY)["id"]
    assert admin("DELETE", f"{path}?id={gone}")[0] == 200
    before = stored()
    for public_id in ("", "nonsense", catalogue.offer, gone):
        for answer in (
            admin("DELETE", f"{path}?id={public_id}", **REQUEST),
            admin("PUT", path, {"id": public_id, "name": "New"}, **REQUEST),
        ):
            status, code, details = error(answer)
            assert (status, code, [detail["field"] for detail in details]) == (400, "VALIDATION_ERROR", ["id"])
    assert error(admin("DELETE", path, **REQUEST))[0] == 400
    assert error(admin("PUT", path, {"name": "New"}, **REQUEST))[0] == 400
    for method in ("GET", "PUT", "PATCH", "DELETE"):
        status, code, _ = error(admin(method, f"{path}/{gone}", {} if method != "GET" else None, **REQUEST))
        assert (status, code) == (404, "NOT_FOUND")
    assert stored() == before
