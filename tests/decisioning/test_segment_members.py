"""`/segments/{id}/members`: who belongs, who joins and who leaves."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from decisioning.models import Customer, Segment
from kaireon.audit import AuditEntry, ConfigurationHead
from kaireon.tenancy import Role, Tenant
from tests.conftest import Door
from tests.visitors import address, visit
from tests.witness import rows_added, stored


@pytest.fixture
def members(admin: Door) -> str:
    """The address of a segment's members."""
    return f"segments/{admin.make('segments', name='vip')['id']}/members"


def ids(door: Door, path: str) -> list[str]:
    status, body = door("GET", path)
    assert status == 200
    return [row["customerId"] for row in body["data"]]


def test_customers_join_and_leave_and_unknown_ones_are_made(editor: Door, members: str) -> None:
    editor("PUT", "customers/ada", {"attributes": {"a": 1}})
    segment = members.split("/")[1]
    assert editor("POST", members, {"customerIds": ["ada", "bob ", "ada"]}) == (
        200,
        {"segmentId": segment, "processed": 3, "added": 2, "created": 1, "warnings": []},
    )
    assert ids(editor, members) == ["ada", "bob "]
    ada = editor("GET", "customers/ada")[1]
    assert (ada["segments"], ada["version"], ada["attributes"]) == (["vip"], 2, {"a": 1})
    assert editor("POST", members, {"customerIds": ["ada"]})[1]["added"] == 0
    assert editor("GET", "customers/ada")[1]["version"] == 2
    assert editor("DELETE", members, {"customerIds": ["ada", "nobody"]}) == (
        200,
        {"segmentId": segment, "processed": 2, "removed": 1, "warnings": []},
    )
    assert ids(editor, members) == ["bob "]
    assert editor("GET", "customers/ada")[1]["segments"] == []
    assert editor("GET", "customers/nobody")[0] == 404


def test_one_entry_tells_how_many_and_not_who_and_the_configuration_stays(
    editor: Door, tenant: Tenant, members: str
) -> None:
    version = ConfigurationHead.objects.get(tenant=tenant).version
    before = stored()
    editor("POST", members, {"customerIds": ["ada", "bob"]})
    assert rows_added(before) == {
        "kaireon.AuditEntry": 1,
        "decisioning.Customer": 2,
        "decisioning.SegmentMember": 2,
    }
    entry = AuditEntry.objects.of(tenant).latest("sequence")
    assert (entry.action, entry.entity_type, entry.entity_name) == ("add_members", "segment", "vip")
    assert entry.content["after"] == {"members": "withheld", "customers": 2}
    between = stored()
    editor("POST", members, {"customerIds": ["ada"]})
    assert stored() == between
    editor("DELETE", members, {"customerIds": ["ada"]})
    assert AuditEntry.objects.of(tenant).latest("sequence").action == "remove_members"
    assert ConfigurationHead.objects.get(tenant=tenant).version == version


def test_pages_neither_repeat_nor_skip(editor: Door, members: str) -> None:
    editor("POST", members, {"customerIds": [f"c{number}" for number in range(7)]})
    _, first = editor("GET", f"{members}?limit=3")
    assert first["pagination"]["total"] == 7
    editor("DELETE", members, {"customerIds": ["c1"]})
    cursor = first["pagination"]["cursor"]
    assert ids(editor, f"{members}?limit=100&cursor={cursor}") == ["c3", "c4", "c5", "c6"]


def test_what_is_wrong_is_refused_and_changes_nothing(editor: Door, admin: Door, members: str) -> None:
    before = stored()
    for wrong in ({}, {"customerIds": []}, {"customerIds": "ada"}, {"customerIds": ["x"] * 1001}):
        for method in ("POST", "DELETE"):
            status, body = editor(method, members, wrong)
            assert (status, body["error"]["details"][0]["field"]) == (400, "customerIds")
    status, body = editor("POST", members, {"customerIds": ["ada", "", 5, "x" * 256]})
    assert [detail["field"] for detail in body["error"]["details"]] == [f"customerIds[{n}]" for n in (1, 2, 3)]
    assert stored() == before
    admin("DELETE", members.removesuffix("/members"))
    assert editor("GET", members)[0] == editor("POST", members, {"customerIds": ["ada"]})[0] == 404


def test_adding_costs_the_same_for_one_and_for_fifty(editor: Door, members: str) -> None:
    def cost(prefix: str, number: int) -> int:
        with CaptureQueriesContext(connection) as captured:
            editor("POST", members, {"customerIds": [f"{prefix}{one}" for one in range(number)]})
        return len(captured)

    editor("GET", members)  # the key's first use is noted once
    assert cost("a", 1) == cost("b", 50)


def test_the_admin_shows_members_and_finds_a_customer_by_id(editor: Door, tenant: Tenant, members: str, person) -> None:
    editor("POST", members, {"customerIds": ["ada", "bob"]})
    editor("PUT", "customers/eve", {})
    browser = visit(person(Role.VIEWER))
    segment = Segment.objects.get(name="vip")
    link = f"{address(Customer, 'changelist')}?segment={segment.pk}"
    assert f'<a href="{link}">2</a>' in browser.get(address(Segment, "change", segment.pk)).content.decode()

    def found(query: str) -> set[str]:
        page = browser.get(f"{address(Customer, 'changelist')}?{query}")
        return {row.customer_id for row in page.context["cl"].result_list}

    assert found(f"segment={segment.pk}") == {"ada", "bob"}
    assert found(f"segment={segment.pk}&_facets=True") == {"ada", "bob"}
    assert found("q=eve") == {"eve"}
    assert found("q=ev") == set()
