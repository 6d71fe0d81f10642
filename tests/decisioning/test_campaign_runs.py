"""`/campaign-runs`: configured as everything else, though no decision depends on them."""

from __future__ import annotations

import pytest

from kaireon.audit import AuditEntry, ConfigurationHead
from kaireon.tenancy import Tenant
from tests.conftest import Door
from tests.witness import stored


@pytest.fixture
def flow(admin: Door) -> str:
    made: str = admin.make("decision-flows", key="cards", name="Cards")["id"]
    return made


@pytest.fixture
def vip(admin: Door) -> str:
    made: str = admin.make("segments", name="vip")["id"]
    return made


def test_a_run_names_a_flow_and_a_segment_or_neither(editor: Door, tenant: Tenant, flow: str, vip: str) -> None:
    made = editor.make("campaign-runs", name="Spring", decisionFlowId=flow, segmentId=vip)
    assert made == {
        "id": made["id"],
        "tenantId": tenant.public_id,
        "name": "Spring",
        "description": "",
        "status": "draft",
        "decisionFlowId": flow,
        "segmentId": vip,
        "version": 1,
        "rowVersion": 1,
        "deletedAt": None,
        "createdAt": made["createdAt"],
        "updatedAt": made["createdAt"],
        "warnings": [],
    }
    assert made["id"].startswith("run_")
    bare = editor.make("campaign-runs", name="Summer", status="active")
    assert (bare["decisionFlowId"], bare["segmentId"], bare["status"]) == (None, None, "active")


def test_a_run_names_only_what_is_live_and_the_tenants_own(
    editor: Door, admin: Door, stranger: Door, flow: str, vip: str
) -> None:
    theirs = stranger.make("decision-flows", key="cards", name="Cards")["id"]
    admin("DELETE", f"segments/{vip}")
    before = stored()
    for named_flow, named_segment in ((theirs, vip), ("df_none", flow)):
        body = {"name": "Spring", "decisionFlowId": named_flow, "segmentId": named_segment}
        status, answer = editor("POST", "campaign-runs", body)
        fields = [detail["field"] for detail in answer["error"]["details"]]
        assert (status, fields) == (400, ["decisionFlowId", "segmentId"])
    assert stored() == before


def test_what_a_run_names_may_be_deleted_later_and_stays_named(editor: Door, flow: str, vip: str) -> None:
    run = editor.make("campaign-runs", name="Spring", decisionFlowId=flow, segmentId=vip)["id"]
    assert editor("DELETE", f"segments/{vip}")[0] == 200
    status, changed = editor("PATCH", f"campaign-runs/{run}", {"status": "active", "segmentId": vip})
    assert (status, changed["segmentId"], changed["version"]) == (200, vip, 2)


def test_runs_are_found_by_what_they_name(editor: Door, flow: str, vip: str) -> None:
    editor.make("campaign-runs", name="Spring", decisionFlowId=flow)
    editor.make("campaign-runs", name="Summer", segmentId=vip, status="active")

    def named(query: str) -> list[str]:
        return [row["name"] for row in editor("GET", f"campaign-runs?{query}")[1]["data"]]

    assert named(f"decisionFlowId={flow}") == ["Spring"]
    assert named(f"segmentId={vip}") == ["Summer"]
    assert named("status=active") == ["Summer"]
    assert named("name=spr") == ["Spring"]
    assert named("segmentId=seg_none") == []


def test_a_runs_name_is_free_again_once_it_is_deleted(editor: Door, admin: Door) -> None:
    run = editor.make("campaign-runs", name="Spring")["id"]
    status, body = editor("POST", "campaign-runs", {"name": "Spring"})
    assert (status, body["error"]["code"]) == (409, "DUPLICATE_NAME")
    assert body["error"]["message"] == "A campaign run with that name already exists."
    assert editor("DELETE", f"campaign-runs/{run}") == (200, {"success": True, "id": run})
    again = editor.make("campaign-runs", name="Spring")["id"]
    assert admin("POST", f"restore?entityType=campaignRun&id={run}")[0] == 409
    editor("DELETE", f"campaign-runs/{again}")
    restored = {"restored": True, "entityType": "campaignRun", "id": run}
    assert admin("POST", f"restore?entityType=campaignRun&id={run}") == (200, restored)


def test_a_run_is_audited_and_remembered_and_leaves_the_configuration_as_it_was(
    editor: Door, tenant: Tenant, flow: str
) -> None:
    version = ConfigurationHead.objects.get(tenant=tenant).version
    run = editor.make("campaign-runs", name="Spring", decisionFlowId=flow)["id"]
    editor("PATCH", f"campaign-runs/{run}", {"decisionFlowId": None})
    entries = AuditEntry.objects.of(tenant).filter(entity_type="campaign_run").order_by("sequence")
    assert [(entry.action, entry.entity_id) for entry in entries] == [("create", run), ("update", run)]
    versions = editor("GET", f"campaign-runs/{run}/history")[1]["data"]
    assert [version["state"]["decisionFlowId"] for version in versions] == [None, flow]
    status, reverted = editor("POST", f"campaign-runs/{run}/revert", {"version": 1})
    assert (status, reverted["decisionFlowId"], reverted["version"]) == (200, flow, 3)
    assert ConfigurationHead.objects.get(tenant=tenant).version == version
