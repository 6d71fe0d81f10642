"""Decision flows: one default, drafts that are checked, versions that are published, rolled back and never changed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import User

from decisioning.models import DecisionFlow, FlowVersion
from kaireon.audit import AuditEntry, verify
from kaireon.tenancy import Role, Tenant
from tests.conftest import Catalogue, Door
from tests.visitors import address, filled, said, visit
from tests.witness import rows_added, stored

GREEDY = {"stages": {"allocate": {"method": "greedy"}}}
OPTIMAL = {"stages": {"allocate": {"method": "optimal"}}}


def made(door: Door, key: str = "home", **given: Any) -> Any:
    return door.make("decision-flows", key=key, name=given.pop("name", key.title()), **given)


def defaults(door: Door) -> dict[str, bool]:
    rows = door("GET", "decision-flows")[1]["data"]
    return {row["key"]: row["isDefault"] for row in rows}


def faults(answer: tuple[int, Any]) -> list[tuple[str, str]]:
    assert answer[0] == 400, answer
    return [(fault["field"], fault["message"]) for fault in answer[1]["error"]["details"]]


def history(door: Door, flow: Any) -> list[str]:
    return [entry["action"] for entry in door("GET", f"decision-flows/{flow['id']}/history")[1]["data"]]


def test_a_new_flow_is_a_draft_that_assembles_itself(editor: Door) -> None:
    flow = made(editor)
    own = {"key": "home", "name": "Home", "description": "", "status": "draft", "autoAssembly": True}
    published = {
        "isDefault": True,
        "draftConfig": {},
        "publishedVersion": None,
        "publishedVersions": [],
        "warnings": [],
    }
    mechanical = {"id", "tenantId", "version", "rowVersion", "deletedAt", "createdAt", "updatedAt"}
    assert {name: value for name, value in flow.items() if name not in mechanical} == own | published


# -- the default ----------------------------------------------------------------------------------------------------


def test_the_first_flow_is_the_default_and_the_next_is_not(editor: Door) -> None:
    first = made(editor, isDefault=False)
    made(editor, "other")
    assert first["warnings"] == ["It is the tenant's first flow, so it is the default."]
    assert defaults(editor) == {"home": True, "other": False}


def test_naming_another_default_takes_it_from_the_former_with_its_own_version_and_audit(editor: Door) -> None:
    former = made(editor)
    other = made(editor, "other")
    before = stored()
    assert editor("PATCH", f"decision-flows/{other['id']}", {"isDefault": True})[1]["version"] == 2
    assert defaults(editor) == {"home": False, "other": True}
    assert rows_added(before) == {"decisioning.HistoricalDecisionFlow": 2, "kaireon.AuditEntry": 2}
    assert history(editor, former) == ["update: another flow became the default", "create"]
    entry = AuditEntry.objects.filter(entity_id=former["id"]).order_by("sequence").last()
    assert entry is not None
    assert entry.content["changes"] == {"isDefault": {"before": True, "after": False}}
    made(editor, "third", isDefault=True)
    assert defaults(editor) == {"home": False, "other": False, "third": True}


def test_the_default_is_not_given_up_without_a_successor(editor: Door) -> None:
    flow = made(editor)
    made(editor, "other")
    before = stored()
    answer = editor("PATCH", f"decision-flows/{flow['id']}", {"isDefault": False})
    message = "The flow stays the default until another one is named: set isDefault there."
    assert faults(answer) == [("isDefault", message)]
    assert stored() == before


def test_deleting_the_default_passes_it_to_the_oldest_other_and_restoring_does_not_take_it_back(admin: Door) -> None:
    first, _, _ = made(admin, "first"), made(admin, "second"), made(admin, "third")
    admin("DELETE", f"decision-flows/{first['id']}")
    assert defaults(admin) == {"second": True, "third": False}
    assert admin("POST", f"restore?entityType=decisionFlow&id={first['id']}")[0] == 200
    assert defaults(admin) == {"first": False, "second": True, "third": False}


def test_the_only_flow_that_comes_back_is_the_default_again(admin: Door) -> None:
    flow = made(admin)
    admin("DELETE", f"decision-flows/{flow['id']}")
    assert defaults(admin) == {}
    admin("POST", f"restore?entityType=decisionFlow&id={flow['id']}")
    assert defaults(admin) == {"home": True}


def test_reverting_a_flow_leaves_the_default_where_it_is(editor: Door) -> None:
    flow = made(editor)
    other = made(editor, "other")
    editor("PATCH", f"decision-flows/{other['id']}", {"isDefault": True})
    for row in (flow, other):
        status, reverted = editor("POST", f"decision-flows/{row['id']}/revert", {"version": 1})
        assert (status, reverted["warnings"]) == (200, [])
    assert defaults(editor) == {"home": False, "other": True}


def test_each_tenant_has_its_own_default(editor: Door, stranger: Door) -> None:
    made(editor)
    made(stranger)
    assert (defaults(editor), defaults(stranger)) == ({"home": True}, {"home": True})


# -- drafts ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("stages", "field"),
    [
        (5, "stages"),
        ({"inventory": {"scope": "some"}}, "stages.inventory.scope"),
        ({"inventory": {"scope": "offers"}}, "stages.inventory.offerIds"),
        ({"inventory": {"scope": "offers", "offerIds": ["off_x"]}}, "stages.inventory.offerIds"),
        ({"inventory": {"categoryIds": "all"}}, "stages.inventory.categoryIds"),
        ({"filter": {"contactPolicyIds": [5]}}, "stages.filter.contactPolicyIds"),
        ({"score": {"method": "random"}}, "stages.score.method"),
        ({"allocate": {"method": True}}, "stages.allocate.method"),
    ],
)
def test_a_draft_that_cannot_be_read_is_refused_at_its_place(editor: Door, stages: Any, field: str) -> None:
    before = stored()
    answer = editor("POST", "decision-flows", {"key": "k", "name": "K", "draftConfig": {"stages": stages}})
    assert [place for place, _ in faults(answer)] == [f"draftConfig.{field}"]
    assert stored() == before


def test_rows_a_draft_newly_names_are_live_and_those_it_named_before_may_be_gone(
    editor: Door, catalogue: Catalogue
) -> None:
    inventory = {"scope": "offers", "offerIds": [catalogue.offer]}
    flow = made(editor, draftConfig={"stages": {"inventory": inventory}})
    editor("DELETE", f"offers/{catalogue.offer}")
    message = f'There is no live offer with the id "{catalogue.offer}".'
    new = {"key": "k", "name": "K", "draftConfig": flow["draftConfig"]}
    assert faults(editor("POST", "decision-flows", new)) == [("draftConfig.stages.inventory.offerIds", message)]
    moved = {"stages": {"inventory": inventory, "score": {"method": "propensity"}}}
    status, changed = editor("PATCH", f"decision-flows/{flow['id']}", {"draftConfig": moved})
    assert (status, changed["warnings"]) == (200, [f"draftConfig.stages.inventory.offerIds: {message}"])


def test_what_is_legal_but_suspicious_in_a_draft_is_kept_and_named(editor: Door) -> None:
    stages = {"filter": {"contactPolicyIds": ["cp_gone"]}, "rank": 1, "inventory": {"scope": "offers", "offerIds": []}}
    flow = made(editor, draftConfig={"stages": stages, "note": "ours"})
    assert flow["draftConfig"] == {"stages": stages, "note": "ours"}
    assert flow["warnings"] == [
        "draftConfig.note is unknown; it is kept and has no effect.",
        "draftConfig.stages.rank is unknown; it is kept and has no effect.",
        "draftConfig.stages.inventory lists no offers, so the flow never recommends anything.",
        'draftConfig.stages.filter.contactPolicyIds names "cp_gone", which does not exist; it is skipped.',
    ]


# -- publishing -----------------------------------------------------------------------------------------------------


def test_publishing_freezes_the_draft_with_history_and_audit(admin: Door, tenant: Tenant) -> None:
    flow = made(admin, status="active", draftConfig=GREEDY)
    before = stored()
    status, published = admin("POST", f"decision-flows/{flow['id']}/publish")
    assert (status, published["version"], published["publishedVersion"], published["warnings"]) == (200, 2, 1, [])
    at = published["updatedAt"]
    assert published["publishedVersions"] == [{"version": 1, "publishedAt": at, "publishedBy": "key admin key"}]
    one_each = ("decisioning.FlowVersion", "decisioning.HistoricalDecisionFlow", "kaireon.AuditEntry")
    assert rows_added(before) == dict.fromkeys(one_each, 1)
    assert history(admin, flow) == ["publish", "create"]
    entry = AuditEntry.objects.order_by("sequence").last()
    assert entry is not None
    assert (entry.content["action"], entry.content["entityVersion"]) == ("publish", 2)
    config = {"version": 1, "config": GREEDY, "publishedBy": "key admin key"}
    assert entry.content["changes"] == {"publishedVersion": {"before": None, "after": config}}
    assert verify(tenant).intact


def test_a_published_version_stays_as_it_was_and_is_listed_with_its_config(admin: Door) -> None:
    flow = made(admin, draftConfig=GREEDY)
    path = f"decision-flows/{flow['id']}"
    first = admin("POST", f"{path}/publish", {"reason": "spring"})[1]
    assert first["warnings"] == ["The flow is draft; recommendations run it once it is active."]
    admin("PATCH", path, {"draftConfig": OPTIMAL})
    admin("POST", f"{path}/publish", {})
    versions = admin("GET", f"{path}/versions")[1]
    assert [(row["version"], row["config"]) for row in versions["data"]] == [(2, OPTIMAL), (1, GREEDY)]
    assert versions["pagination"]["total"] == 2
    page = admin("GET", f"{path}/versions?limit=1")[1]
    after = admin("GET", f"{path}/versions?limit=1&cursor={page['pagination']['cursor']}")[1]
    assert [row["version"] for row in page["data"] + after["data"]] == [2, 1]
    assert [row["version"] for row in admin("GET", path)[1]["publishedVersions"]] == [2, 1]
    assert history(admin, flow) == ["publish", "update", "publish: spring", "create"]


def test_rolling_back_publishes_the_old_version_as_a_new_one_and_makes_it_the_draft(admin: Door) -> None:
    flow = made(admin, status="active", draftConfig=GREEDY)
    path = f"decision-flows/{flow['id']}"
    admin("POST", f"{path}/publish")
    admin("PATCH", path, {"draftConfig": OPTIMAL})
    admin("POST", f"{path}/publish")
    status, back = admin("POST", f"{path}/rollback", {"version": 1})
    assert (status, back["publishedVersion"], back["draftConfig"]) == (200, 3, GREEDY)
    assert admin("GET", f"{path}/versions")[1]["data"][0]["config"] == GREEDY
    assert history(admin, flow)[0] == "rollback to version 1"
    entry = AuditEntry.objects.order_by("sequence").last()
    assert entry is not None
    assert (entry.content["action"], set(entry.content["changes"])) == ("rollback", {"publishedVersion", "draftConfig"})


@pytest.mark.parametrize("version", [2, 0, -1, 10**30, "1", 1.5, True, None, []])
def test_a_version_that_was_never_published_cannot_come_back(admin: Door, version: Any) -> None:
    flow = made(admin)
    admin("POST", f"decision-flows/{flow['id']}/publish")
    before = stored()
    answer = admin("POST", f"decision-flows/{flow['id']}/rollback", {"version": version})
    assert [field for field, _ in faults(answer)] == ["version"]
    assert stored() == before


def test_a_stored_draft_that_cannot_be_read_is_not_published(admin: Door) -> None:
    flow = made(admin)
    DecisionFlow.everything.update(draft_config={"stages": {"score": {"method": "random"}}})  # from before the checks
    before = stored()
    answer = admin("POST", f"decision-flows/{flow['id']}/publish")
    message = '"random" is none of: priority_weighted, propensity.'
    assert faults(answer) == [("draftConfig.stages.score.method", message)]
    assert stored() == before


def test_publishing_a_stale_version_or_with_a_body_that_is_none_is_refused(admin: Door) -> None:
    flow = made(admin)
    path = f"decision-flows/{flow['id']}"
    admin("PATCH", path, {"name": "Other"})
    before = stored()
    assert admin("POST", f"{path}/publish", {"rowVersion": 1})[0] == 409
    assert admin("POST", f"{path}/publish", None, **{"If-Match": "1"})[0] == 409
    assert [field for field, _ in faults(admin("POST", f"{path}/publish", {"reason": 5}))] == ["reason"]
    assert admin("POST", f"{path}/publish", [1])[0] == 400
    assert admin("POST", "decision-flows/df_x/publish")[0] == 404
    assert stored() == before
    status, published = admin("POST", f"{path}/publish", {"rowVersion": 2, "colour": 1})
    assert (status, published["warnings"][0]) == (200, 'The field "colour" is unknown and was ignored.')


def test_a_deleted_flow_is_not_published_and_its_versions_can_still_be_read(admin: Door) -> None:
    flow = made(admin)
    path = f"decision-flows/{flow['id']}"
    admin("POST", f"{path}/publish")
    admin("DELETE", path)
    assert admin("POST", f"{path}/publish")[0] == 404
    assert [row["version"] for row in admin("GET", f"{path}/versions")[1]["data"]] == [1]


# -- the admin ------------------------------------------------------------------------------------------------------


def test_the_page_of_a_flow_publishes_and_rolls_back(admin: Door, person: Callable[[str], User]) -> None:
    flow = made(admin, draftConfig=GREEDY)
    key = DecisionFlow.id_kind.decode(flow["id"])
    browser = visit(person(Role.ADMIN))
    asked = browser.get(address(DecisionFlow, "publish_draft", key))
    assert "Publish the draft of" in asked.content.decode()
    assert FlowVersion.objects.count() == 0
    done = browser.post(address(DecisionFlow, "publish_draft", key), {"reason": "spring"})
    assert said(done)[0] == '"Home" was published as version 1.'
    assert '<option value="1">' in browser.get(address(DecisionFlow, "roll_back", key)).content.decode()
    done = browser.post(address(DecisionFlow, "roll_back", key), {"version": "1"})
    assert said(done)[0] == '"Home" was published as version 2.'
    done = browser.post(address(DecisionFlow, "roll_back", key), {"version": "9"})
    message = "9 was never published; choose one of publishedVersions."
    assert said(done)[-1] == f"Nothing was changed: version: {message}"
    done = browser.post(address(DecisionFlow, "publish_draft", key), {"rowVersion": "1"})
    assert "Version 1 is no longer current" in said(done)[-1]
    page = browser.get(address(DecisionFlow, "change", key)).content.decode()
    assert "Version 2, " in page
    assert history(admin, flow) == ["rollback to version 1", "publish: spring", "create"]


def test_only_admins_publish_on_the_page(admin: Door, person: Callable[[str], User]) -> None:
    key = DecisionFlow.id_kind.decode(made(admin)["id"])
    browser = visit(person(Role.EDITOR))
    before = stored()
    for view in ("publish_draft", "roll_back"):
        assert browser.post(address(DecisionFlow, view, key), {"version": "1"}).status_code == 403
        assert (
            address(DecisionFlow, view, key) not in browser.get(address(DecisionFlow, "change", key)).content.decode()
        )
    assert stored() == before


def test_the_form_keeps_one_default_and_names_faults_of_the_draft(admin: Door, person: Callable[[str], User]) -> None:
    made(admin)
    other = made(admin, "other")
    key = DecisionFlow.id_kind.decode(other["id"])
    browser = visit(person(Role.EDITOR))
    page = browser.get(address(DecisionFlow, "change", key))
    refused = browser.post(
        address(DecisionFlow, "change", key), filled(page, draft_config='{"stages": {"score": {"method": "random"}}}')
    )
    assert set(refused.context["adminform"].form.errors) == {"draft_config"}
    done = browser.post(address(DecisionFlow, "change", key), filled(page, is_default="on"))
    assert done.status_code == 302
    assert defaults(admin) == {"home": False, "other": True}


def test_deleting_selected_flows_passes_the_default_on(admin: Door, person: Callable[[str], User]) -> None:
    keys = [DecisionFlow.id_kind.decode(made(admin, key)["id"]) for key in ("first", "second", "third")]
    browser = visit(person(Role.EDITOR))
    sent = {"action": "delete_selected", "_selected_action": keys[:2], "post": "yes"}
    browser.post(address(DecisionFlow, "changelist"), sent)
    assert defaults(admin) == {"third": True}
