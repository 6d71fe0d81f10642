"""Bodies that cannot be read, kept or afforded get the documented code, and nothing changes."""

from __future__ import annotations

import json
from typing import Any

from tests.conftest import Catalogue, Door
from tests.witness import stored

LIMIT = 2 * 1024 * 1024


def sent(door: Door, method: str, path: str, body: bytes, content_type: str = "application/json") -> tuple[int, Any]:
    """A raw body, answered."""
    response = door.client.generic(method, f"/api/v1/{path}", body, content_type, headers=door.headers)
    return response.status_code, response.json()


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


def test_a_hundred_faults_are_listed_and_the_rest_counted(admin: Door) -> None:
    status, body = admin("POST", "contact-policies", {
        "name": "Many", "ruleType": "allow_override", "scopes": [{"scope": "offer", "scopeId": "x"}] * 250,
    })  # fmt: skip
    assert status == 400
    assert [detail["field"] for detail in body["error"]["details"]] == [f"scopes[{n}].scopeId" for n in range(100)]
    counted = "(250 faults; details holds the first 100, 150 more are left out.)"
    assert body["error"]["message"].endswith(counted)
