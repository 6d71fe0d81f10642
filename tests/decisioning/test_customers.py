"""`/customers`: personal data, stored by one door at a time, with no history and an audit that tells no values."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import quote

import pytest
from django.db import connection
from django.http import HttpResponse
from django.test import RequestFactory
from django.test.utils import CaptureQueriesContext

from decisioning.api.addresses import below_customer, customer_in, raw_end
from decisioning.customers import audited_id
from decisioning.models import Customer, SegmentMember
from kaireon.audit import AuditEntry, ConfigurationHead, verify
from kaireon.tenancy import Tenant
from tests.conftest import Catalogue, Door
from tests.decisioning.conftest import asked, verdicts
from tests.witness import rows_added, stored

AWKWARD = ["a/b", "/a", "a//b", "bulk", "a b ", "ü/名前🎉", "%2F", "a?b=c", "a\nb", "..", "x" * 255, "a.json", "a;b,c"]


def fault(answer: tuple[int, Any]) -> tuple[int, str, list[str]]:
    status, body = answer
    return status, body["error"]["code"], [detail["field"] for detail in body["error"]["details"]]


def last_entry(tenant: Tenant) -> Any:
    return AuditEntry.objects.of(tenant).latest("sequence")


@pytest.fixture
def vip(admin: Door) -> str:
    """A segment's id."""
    made: str = admin.make("segments", name="vip")["id"]
    return made


def test_put_makes_a_customer_and_then_changes_only_what_is_given(editor: Door, vip: str) -> None:
    status, made = editor("PUT", "customers/ada", {"attributes": {"age": 41}, "segments": ["vip"]})
    assert status == 201
    times = {"createdAt": made["createdAt"], "updatedAt": made["updatedAt"]}
    assert made == {
        "customerId": "ada",
        "attributes": {"age": 41},
        "timezone": None,
        "segments": ["vip"],
        "version": 1,
        "rowVersion": 1,
        **times,
        "warnings": [],
    }
    status, changed = editor("PUT", "customers", {"customerId": "ada", "timezone": "Europe/Berlin", "age": 3})
    assert (status, changed["version"], changed["timezone"]) == (200, 2, "Europe/Berlin")
    assert (changed["attributes"], changed["segments"]) == ({"age": 41}, ["vip"])
    assert changed["warnings"] == ['The field "age" is unknown and was ignored.']
    status, changed = editor("PATCH", "customers/ada", {"attributes": {"b": None}, "timezone": None, "segments": []})
    assert (status, changed["timezone"], changed["segments"], changed["attributes"]) == (200, None, [], {"b": None})
    assert editor("PUT", "customers/ada", changed)[1]["warnings"] == []
    assert editor("GET", "customers/ada")[1]["version"] == 4


def test_patch_changes_nobody_who_does_not_exist(editor: Door) -> None:
    before = stored()
    assert fault(editor("PATCH", "customers/ada", {"attributes": {}}))[:2] == (404, "NOT_FOUND")
    assert fault(editor("GET", "customers/ada"))[:2] == (404, "NOT_FOUND")
    assert fault(editor("DELETE", "customers/ada"))[:2] == (404, "NOT_FOUND")
    assert fault(editor("DELETE", "customers?customerId=ada")) == (400, "VALIDATION_ERROR", ["customerId"])
    assert fault(editor("DELETE", "customers")) == (400, "VALIDATION_ERROR", ["customerId"])
    assert stored() == before


def test_every_fault_is_named_at_once_and_nothing_is_stored(editor: Door, vip: str) -> None:
    editor("DELETE", f"segments/{vip}")
    before = stored()
    wrong = {"attributes": [], "timezone": "Berlin", "segments": ["vip", 5], "customerId": ""}
    fields = ["customerId", "attributes", "timezone", "segments[0]", "segments[1]"]
    assert fault(editor("PUT", "customers", wrong)) == (400, "VALIDATION_ERROR", fields)
    assert '"vip"' in editor("PUT", "customers/ada", {"segments": ["vip"]})[1]["error"]["message"]
    assert fault(editor("PUT", "customers", {}))[2] == ["customerId"]
    assert fault(editor("PUT", "customers", {"customerId": 5}))[2] == ["customerId"]
    assert fault(editor("PUT", f"customers/{'x' * 256}", {}))[2] == ["customerId"]
    assert fault(editor("PUT", "customers/ada", {"timezone": "localtime"}))[2] == ["timezone"]
    assert stored() == before


def test_a_stale_version_changes_nothing(editor: Door) -> None:
    editor("PUT", "customers/ada", {})
    editor("PUT", "customers/ada", {})
    before = stored()
    status, body = editor("PUT", "customers/ada", {"rowVersion": 1, "timezone": "UTC"})
    assert (status, body["error"]["code"], body["error"]["currentVersion"]) == (409, "STALE_VERSION", 2)
    assert editor("PATCH", "customers/ada", {}, **{"If-Match": "1"})[0] == 409
    assert editor("DELETE", "customers/ada", **{"If-Match": '"1"'})[0] == 409
    assert editor("PUT", "customers/bob", {"rowVersion": 1})[1]["error"]["code"] == "CONFLICT"
    assert stored() == before
    assert editor("PUT", "customers/ada", {"rowVersion": 2})[0] == 200


@pytest.mark.parametrize("customer_id", AWKWARD)
def test_an_id_in_the_address_may_contain_anything(editor: Door, customer_id: str) -> None:
    address = f"customers/{quote(customer_id, safe='')}"
    status, made = editor("PUT", address, {"attributes": {"a": 1}})
    assert (status, made["customerId"]) == (201, customer_id)
    assert editor("GET", address)[1]["customerId"] == customer_id
    [listed] = editor("GET", f"customers?customerId={quote(customer_id, safe='')}")[1]["data"]
    assert listed["customerId"] == customer_id
    assert editor("DELETE", address) == (200, {"success": True, "id": customer_id})


def test_an_id_with_nul_is_nobody(editor: Door) -> None:
    assert editor("GET", "customers/a%00b")[0] == 404
    assert fault(editor("GET", "customers?customerId=a%00b")) == (400, "VALIDATION_ERROR", ["customerId"])


def test_where_the_server_tells_the_address_as_sent_its_slashes_are_told_apart() -> None:
    def sent(raw: str, path: str, **environ: str) -> Any:
        return RequestFactory().get(path, **{"REQUEST_URI": raw, **environ})

    start = "/api/v1/customers/"
    assert customer_in(sent(f"{start}a%2F?x=/", f"{start}a/"), "a") == "a/"
    assert customer_in(sent(f"http://h{start}a/", f"{start}a/"), "a") == "a"
    assert customer_in(RequestFactory().get(f"{start}a/"), "a") == "a"
    assert raw_end(sent(f"{start}other", f"{start}a")) is None  # rewritten by a proxy
    item = lambda request, customer_id: HttpResponse(f"item {customer_in(request, customer_id)}")  # noqa: E731
    below = lambda request, customer_id: HttpResponse(f"below {customer_in(request, customer_id)}")  # noqa: E731
    view = below_customer(below, item, tail="eligibility")
    path = f"{start}a/eligibility"

    def answered(raw: str) -> bytes:
        return bytes(view(sent(raw, path), customer_id="a").content)

    assert answered(f"{start}a%2Feligibility") == b"item a/eligibility"
    assert answered(f"{start}a/eligibility").startswith(b"below")
    assert bytes(view(RequestFactory().get(path), customer_id="a").content) == b"below a"


def test_deleting_removes_the_row_and_the_memberships_only(editor: Door, tenant: Tenant, vip: str) -> None:
    before = stored()
    editor("PUT", "customers/ada", {"segments": ["vip"]})
    assert fault(editor("DELETE", "customers/ada?erase=yes")) == (400, "VALIDATION_ERROR", ["erase"])
    assert Customer.objects.of(tenant).count() == 1
    assert editor("DELETE", "customers?customerId=ada&erase=false") == (200, {"success": True, "id": "ada"})
    assert rows_added(before) == {"kaireon.AuditEntry": 2}
    assert last_entry(tenant).action == "delete"


def test_each_write_is_one_entry_that_names_fields_and_no_values(editor: Door, tenant: Tenant, vip: str) -> None:
    version = ConfigurationHead.objects.get(tenant=tenant).version
    before = stored()
    editor("PUT", "customers/ada", {"attributes": {"secret": "s3cret"}, "timezone": "Asia/Tokyo", "segments": ["vip"]})
    entry = last_entry(tenant).content
    assert (entry["action"], entry["entityType"], entry["entityId"], entry["entityVersion"]) == (
        "create",
        "customer",
        "ada",
        1,
    )
    assert sorted(entry["changes"]) == ["attributes", "segments", "timezone"]
    editor("PUT", "customers/ada", {"attributes": {"secret": True}, "timezone": "Asia/Tokyo"})
    assert sorted(last_entry(tenant).content["changes"]) == ["attributes"]
    editor("PUT", f"customers/{'x' * 200}", {})
    assert last_entry(tenant).entity_id == audited_id("x" * 200)
    editor("POST", "customers/bulk", {"customers": [{"customerId": "ada", "attributes": {}}, {"customerId": "bob"}]})
    entry = last_entry(tenant).content
    assert (entry["action"], entry["entityName"], entry["after"]) == (
        "bulk_upsert",
        "2 customers",
        {"created": 1, "updated": 1, "attributes": "withheld"},
    )
    written = json.dumps([row.body for row in AuditEntry.objects.of(tenant)])
    assert not any(word in written for word in ("s3cret", "Asia"))
    assert rows_added(before) == {
        "kaireon.AuditEntry": 4,
        "decisioning.Customer": 3,
        "decisioning.SegmentMember": 1,
    }
    assert ConfigurationHead.objects.get(tenant=tenant).version == version
    assert verify(tenant).intact


def test_in_bulk_each_customer_is_judged_alone(editor: Door, vip: str) -> None:
    editor("PUT", "customers/old", {"segments": ["vip"]})
    customers = [
        {"customerId": "new", "attributes": {"a": 1}, "segments": ["vip"]},
        {"customerId": "old", "rowVersion": 7},
        {"customerId": "old", "rowVersion": 1, "segments": []},
        {"customerId": "new", "timezone": "UTC"},
        {"customerId": "bad", "timezone": "x", "segments": ["none"]},
        None,
        {"rowVersion": "1", "customerId": "worse"},
    ]
    status, body = editor("POST", "customers/bulk", {"customers": customers})
    assert (status, body["processed"], body["succeeded"], body["failed"]) == (200, 7, 3, 4)
    assert [(one["index"], one["error"]["code"]) for one in body["errors"]] == [
        (1, "STALE_VERSION"),
        (4, "VALIDATION_ERROR"),
        (5, "VALIDATION_ERROR"),
        (6, "VALIDATION_ERROR"),
    ]
    assert [detail["field"] for detail in body["errors"][1]["error"]["details"]] == ["timezone", "segments[0]"]
    new, old = editor("GET", "customers/new")[1], editor("GET", "customers/old")[1]
    assert (new["version"], new["attributes"], new["timezone"], new["segments"]) == (2, {"a": 1}, "UTC", ["vip"])
    assert (old["version"], old["segments"]) == (2, [])


def test_in_bulk_nothing_good_is_422_and_a_wrong_number_400(editor: Door, tenant: Tenant) -> None:
    before = stored()
    status, body = editor("POST", "customers/bulk", {"customers": [{}, 5]})
    assert (status, body["error"]["code"], body["error"]["status"]) == (422, "ALL_FAILED", 422)
    assert (body["processed"], body["succeeded"], body["failed"], len(body["errors"])) == (2, 0, 2, 2)
    for wrong in ([], [{"customerId": "a"}] * 1001, {}, None):
        assert fault(editor("POST", "customers/bulk", {"customers": wrong})) == (400, "VALIDATION_ERROR", ["customers"])
    assert stored() == before
    many = [{"customerId": f"c{number}"} for number in range(1000)]
    assert editor("POST", "customers/bulk", {"customers": many})[1]["succeeded"] == 1000
    assert Customer.objects.of(tenant).count() == 1000


def test_the_list_is_filtered_and_paged(editor: Door, stranger: Door, vip: str) -> None:
    stranger("PUT", "customers/c1", {})
    for number in range(5):
        segments = ["vip"] if number % 2 else []
        zone = "UTC" if number > 2 else None
        editor("PUT", f"customers/c{number}", {"segments": segments, "timezone": zone})

    def listed(query: str = "") -> list[str]:
        status, body = editor("GET", f"customers{query}")
        assert status == 200, body
        return [row["customerId"] for row in body["data"]]

    assert listed() == ["c4", "c3", "c2", "c1", "c0"]
    assert listed("?segment=vip") == ["c3", "c1"]
    assert listed("?segment=none") == []
    assert listed("?timezone=UTC") == ["c4", "c3"]
    assert listed("?customerId=c") == []
    assert listed("?createdAfter=2999-01-01T00:00:00Z") == listed("?updatedBefore=2000-01-01T00:00:00Z") == []
    _, first = editor("GET", "customers?limit=3")
    assert (first["pagination"]["total"], first["pagination"]["hasMore"]) == (5, True)
    editor("DELETE", "customers/c2")
    assert listed(f"?limit=3&cursor={first['pagination']['cursor']}") == ["c1", "c0"]
    assert fault(editor("GET", "customers?name=x")) == (400, "VALIDATION_ERROR", ["name"])
    assert fault(editor("GET", "customers?createdAfter=x"))[2] == ["createdAfter"]


def test_a_list_costs_the_same_for_one_and_for_thirty(editor: Door, vip: str) -> None:
    def cost() -> int:
        with CaptureQueriesContext(connection) as captured:
            editor("GET", "customers?limit=100")
        return len(captured)

    editor("PUT", "customers/c", {"segments": ["vip"]})
    one = cost()
    many = [{"customerId": f"c{number}", "segments": ["vip"]} for number in range(30)]
    editor("POST", "customers/bulk", {"customers": many})
    assert cost() == one == 4  # the key, the count, the page, its memberships


def test_membership_in_a_deleted_segment_sleeps(editor: Door, admin: Door, tenant: Tenant, vip: str) -> None:
    admin.make("segments", name="gold")
    editor("PUT", "customers/ada", {"segments": ["vip", "gold", "vip"]})
    admin("DELETE", f"segments/{vip}")
    read = editor("GET", "customers/ada")[1]
    assert read["segments"] == ["gold"]
    assert editor("PUT", "customers/ada", read)[0] == 200
    assert editor("GET", "customers?segment=vip")[1]["data"] == []
    admin("POST", f"restore?entityType=segment&id={vip}")
    assert editor("GET", "customers/ada")[1]["segments"] == ["gold", "vip"]
    assert SegmentMember.objects.of(tenant).count() == 2


def test_decisions_know_the_stored_segments_and_the_zone(
    admin: Door, stranger: Door, catalogue: Catalogue, vip: str
) -> None:
    excluded = {"excludeSegments": ["vip", "told"]}
    admin.make("contact-policies", name="No vips", ruleType="segment_exclusion", config=excluded, scope="global")
    stranger.make("segments", name="vip")
    stranger("PUT", "customers/ada", {"segments": ["vip"]})
    assert verdicts(asked(admin)) == [(catalogue.creative, True)]
    assert verdicts(asked(admin, segments=["told"])) == [(catalogue.creative, False)]
    admin("PUT", "customers/ada", {"segments": ["vip"]})
    assert verdicts(asked(admin)) == [(catalogue.creative, False)]
    assert verdicts(asked(admin, segments=["other"])) == [(catalogue.creative, False)]
    admin("PATCH", f"segments/{vip}", {"status": "paused"})
    assert verdicts(asked(admin)) == [(catalogue.creative, True)]
    night = {"startHour": 3, "endHour": 4, "useCustomerTimezone": True}
    admin.make("contact-policies", name="Night", ruleType="time_window", config=night, scope="global")
    noon = "2026-03-10T12:30:00Z"  # half past three in Auckland a day later is not; in Honolulu it is 02:30
    found = {}
    for zone in ("UTC", "Pacific/Honolulu", "Pacific/Pitcairn", "America/Anchorage", "Pacific/Marquesas"):
        admin("PUT", "customers/ada", {"timezone": zone})
        found[zone] = verdicts(asked(admin, asOf=noon))[0][1]
    assert found == {
        "UTC": False,
        "Pacific/Honolulu": False,
        "Pacific/Pitcairn": False,
        "America/Anchorage": False,
        "Pacific/Marquesas": True,  # nine and a half hours behind: exactly 03:00
    }
