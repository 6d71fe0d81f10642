"""Updates: only what is given changes, stale versions are refused, old versions can be had back."""

from __future__ import annotations

from tests.conftest import Catalogue, Door
from tests.witness import stored


def everything_made(admin: Door, catalogue: Catalogue) -> dict[str, str]:
    """One row of every collection by its address."""
    policy = admin.make("contact-policies", name="Quiet", ruleType="cooldown", config={"cooldownHours": 4}, scopeId="*")
    return {
        f"categories/{catalogue.category}": "Cards",
        f"sub-categories/{catalogue.sub_category}": "Credit",
        f"offers/{catalogue.offer}": "Platinum Card Upgrade",
        f"channels/{catalogue.channel}": "Email",
        f"placements/{catalogue.placement}": "Hero",
        f"creatives/{catalogue.creative}": "Email Hero",
        f"contact-policies/{policy['id']}": "Quiet",
        f"segments/{admin.make('segments', name='vip')['id']}": "vip",
        f"decision-flows/{admin.make('decision-flows', key='cards', name='Flow')['id']}": "Flow",
        f"outcome-types/{admin.make('outcome-types', key='sold', name='Sold')['id']}": "Sold",
    }


def test_an_object_that_was_read_can_be_put_back_unchanged(admin: Door, catalogue: Catalogue) -> None:
    for path in everything_made(admin, catalogue):
        _, read = admin("GET", path)
        for address in (path, path.partition("/")[0]):
            status, written = admin("PUT", address, read)
            assert (status, written.pop("warnings")) == (200, [])
            assert written == read | {
                "version": written["version"],
                "rowVersion": written["version"],
                "updatedAt": written["updatedAt"],
            }
            assert written["version"] == read["version"] + 1
            read = written


def test_a_stale_version_is_refused_with_the_current_one(admin: Door, catalogue: Catalogue) -> None:
    for path in everything_made(admin, catalogue):
        admin("PATCH", path, {})
        before = stored()
        message = "Version 1 is no longer current; read version 2 and apply the change to it."
        for answer in (
            admin("PATCH", path, {"name": "Late", "rowVersion": 1}),
            admin("PUT", path.partition("/")[0], {"id": path.partition("/")[2], "name": "Late", "rowVersion": 1}),
            admin("PATCH", path, {"name": "Late"}, **{"If-Match": '"1"'}),
            admin("PATCH", path, {"name": "Late"}, **{"If-Match": "W/1"}),
            admin("DELETE", path, **{"If-Match": "1"}),
            admin("POST", f"{path}/revert", {"version": 1}, **{"If-Match": "1"}),
        ):
            assert answer[0] == 409
            error = answer[1]["error"]
            assert (error["code"], error["message"], error["currentVersion"]) == ("STALE_VERSION", message, 2)
        assert stored() == before
        assert admin("PATCH", path, {"rowVersion": 2})[1]["version"] == 3
        assert admin("PATCH", path, {}, **{"If-Match": '"3"'})[1]["version"] == 4
        assert admin("PATCH", path, {}, **{"If-Match": "*"})[1]["version"] == 5


def test_both_versions_are_checked_when_both_are_given(admin: Door, catalogue: Catalogue) -> None:
    path = f"offers/{catalogue.offer}"
    admin("PATCH", path, {})
    before = stored()
    for body, header in ((1, "2"), (2, "1"), (1, "1"), (3, "2")):
        status, answer = admin("PATCH", path, {"name": "Late", "rowVersion": body}, **{"If-Match": header})
        assert (status, answer["error"]["code"], answer["error"]["currentVersion"]) == (409, "STALE_VERSION", 2)
    assert admin("PATCH", path, {"name": "Late", "rowVersion": 2}, **{"If-Match": "x"})[0] == 400
    assert stored() == before
    assert admin("PATCH", path, {"rowVersion": 2}, **{"If-Match": '"2"'})[1]["version"] == 3
    assert admin("PATCH", path, {"rowVersion": 3}, **{"If-Match": "*"})[1]["version"] == 4


def test_a_version_that_is_no_number_is_refused(admin: Door, catalogue: Catalogue) -> None:
    before = stored()
    for version in ("1", True, 1.5, [], {}):
        status, body = admin("PATCH", f"offers/{catalogue.offer}", {"name": "Late", "rowVersion": version})
        assert (status, [detail["field"] for detail in body["error"]["details"]]) == (400, ["rowVersion"])
    for header in ("", "x", "٣", '"1", "2"', "-1", "9" * 40):
        status, body = admin("PATCH", f"offers/{catalogue.offer}", {"name": "Late"}, **{"If-Match": header})
        assert (status, [detail["field"] for detail in body["error"]["details"]]) == (400, ["If-Match"])
    assert stored() == before


def test_read_only_fields_are_ignored_and_unknown_ones_are_named(admin: Door, catalogue: Catalogue) -> None:
    _, read = admin("GET", f"creatives/{catalogue.creative}")
    mechanical = {
        "tenantId": "t_x",
        "version": 99,
        "createdAt": "x",
        "updatedAt": 5,
        "deletedAt": "2026-01-01T00:00:00Z",
    }
    embeds = {"offer": {"id": "off_x"}, "channel": 5, "placement": [], "contentItemId": "x", "id": catalogue.offer}
    unknown = {"colour": "red", "": 1, "offerID": 2}
    status, body = admin("PATCH", f"creatives/{catalogue.creative}", mechanical | embeds | unknown)
    assert status == 200
    assert body.pop("warnings") == [
        'The field "colour" is unknown and was ignored.',
        'The field "" is unknown and was ignored.',
        'The field "offerID" is unknown and was ignored.',
    ]
    assert body == read | {"version": 2, "rowVersion": 2, "updatedAt": body["updatedAt"]}


def test_a_null_optional_field_counts_as_absent(admin: Door, catalogue: Catalogue) -> None:
    payload = {"offerId": catalogue.offer, "channelId": catalogue.channel}
    nulls = dict.fromkeys(["status", "templateType", "content", "personalization", "constraints", "weight", "metrics"])
    plain = admin.make("creatives", name="Plain", **payload)
    nulled = admin.make("creatives", name="Nulled", **payload, **nulls)
    for name in nulls:
        assert nulled[name] == plain[name]
    changed = admin("PATCH", f"creatives/{nulled['id']}", {"weight": 5, "content": {"a": 1}, "status": "active"})[1]
    same = admin("PATCH", f"creatives/{nulled['id']}", nulls)[1]
    assert {name: same[name] for name in nulls} == {name: changed[name] for name in nulls}


def test_nullable_references_are_emptied_by_null(admin: Door, catalogue: Catalogue) -> None:
    _, body = admin("PATCH", f"creatives/{catalogue.creative}", {"placementId": None})
    assert (body["placementId"], body["placement"]) == (None, None)
    _, body = admin("PATCH", f"offers/{catalogue.offer}", {"categoryId": None})
    assert body["categoryId"] is None


def test_objects_are_replaced_whole_and_kept_untouched(admin: Door, catalogue: Catalogue) -> None:
    path = f"creatives/{catalogue.creative}"
    odd = {"snake_case": 1, "CamelCase": None, "": [True, 1.5, "é {x}"], "déjà vu": {"a.b": {}}}
    for field in ("content", "constraints", "metrics"):
        assert admin("PATCH", path, {field: odd})[1][field] == odd
        assert admin("GET", path)[1][field] == odd
        assert admin("PATCH", path, {field: {"other": 1}})[1][field] == {"other": 1}
        assert admin("PATCH", path, {field: {}})[1][field] == {}


def test_only_the_given_fields_change(admin: Door, catalogue: Catalogue) -> None:
    _, read = admin("GET", f"offers/{catalogue.offer}")
    _, body = admin("PUT", f"offers/{catalogue.offer}", {"priority": 9})
    del body["warnings"]
    assert body == read | {"priority": 9, "version": 2, "rowVersion": 2, "updatedAt": body["updatedAt"]}


def test_reverting_makes_the_old_state_the_newest_version(admin: Door, catalogue: Catalogue) -> None:
    path = f"creatives/{catalogue.creative}"
    _, first = admin("GET", path)
    admin("PATCH", path, {"weight": 3, "content": {"subject": "New"}, "placementId": None, "name": "Renamed"})
    status, body = admin("POST", f"{path}/revert", {"version": 1})
    assert (status, body.pop("warnings")) == (200, [])
    assert body == first | {"version": 3, "rowVersion": 3, "updatedAt": body["updatedAt"]}


def test_a_state_that_is_no_longer_valid_is_not_had_back(admin: Door, catalogue: Catalogue) -> None:
    path = f"creatives/{catalogue.creative}"
    admin("PATCH", path, {"name": "Renamed"})
    admin("PATCH", path, {"placementId": None})
    admin.make("creatives", name="Email Hero", offerId=catalogue.offer, channelId=catalogue.channel)
    before = stored()
    status, body = admin("POST", f"{path}/revert", {"version": 1})
    assert (status, body["error"]["code"]) == (409, "DUPLICATE_NAME")
    assert stored() == before
    admin("DELETE", f"placements/{catalogue.placement}")
    before = stored()
    status, body = admin("POST", f"{path}/revert", {"version": 2})
    assert (status, [detail["field"] for detail in body["error"]["details"]]) == (400, ["placementId"])
    assert stored() == before


def test_a_version_that_never_was_is_400(admin: Door, catalogue: Catalogue) -> None:
    before = stored()
    for version in (None, 0, -1, 2, 2**31, 10**30, "1", True, 1.0, [], {}):
        status, body = admin("POST", f"creatives/{catalogue.creative}/revert", {"version": version})
        assert (status, [detail["field"] for detail in body["error"]["details"]]) == (400, ["version"])
    assert stored() == before
