"""Deleting, restoring and what comes along; every change is a version with history and audit of its own."""

from __future__ import annotations

import pytest

from tests.conftest import Catalogue, Door
from tests.witness import rows_added, stored

CHANGE_OF_ONE_CREATIVE = {"creatives.HistoricalCreative": 1, "kaireon.AuditEntry": 1}


def audited(admin: Door, number: int) -> list[tuple[str, str, str]]:
    """(action, entity type, id) of the newest entries, oldest first."""
    _, page = admin("GET", f"audit-logs?limit={number}")
    return [(row["action"], row["entityType"], row["entityId"]) for row in reversed(page["data"])]


def live(admin: Door, collection: str) -> set[str]:
    return {row["id"] for row in admin("GET", f"{collection}?limit=100")[1]["data"]}


def test_every_write_adds_one_history_row_and_one_audit_entry(admin: Door, catalogue: Catalogue) -> None:
    path = f"creatives/{catalogue.creative}"
    for version, (method, address, body) in enumerate(
        [
            ("PATCH", path, {"weight": 7}),
            ("PUT", "creatives", {"id": catalogue.creative, "weight": 8}),
            ("POST", f"{path}/revert", {"version": 2}),
            ("DELETE", path, None),
            ("POST", f"restore?entityType=creative&id={catalogue.creative}", None),
        ],
        start=2,
    ):
        before = stored()
        assert admin(method, address, body)[0] == 200
        assert rows_added(before) == CHANGE_OF_ONE_CREATIVE
        assert admin("GET", f"{path}?includeDeleted=true")[1]["version"] == version
    _, history = admin("GET", f"{path}/history")
    assert [(entry["version"], entry["action"]) for entry in history["data"]] == [
        (6, "restore"),
        (5, "soft_delete"),
        (4, "revert to version 2"),
        (3, "update"),
        (2, "update"),
        (1, "create"),
    ]
    assert {entry["changedBy"] for entry in history["data"]} == {"key admin key"}
    assert history["data"][3]["changes"] == [{"field": "weight", "before": 7, "after": 8}]
    assert history["data"][2]["changes"] == [{"field": "weight", "before": 8, "after": 7}]
    assert history["data"][0]["state"]["weight"] == 7


def test_deleting_an_offer_deletes_its_creatives_and_restoring_it_brings_back_exactly_those(
    admin: Door, catalogue: Catalogue
) -> None:
    second = admin.make("creatives", name="Second", offerId=catalogue.offer, channelId=catalogue.channel)["id"]
    earlier = admin.make("creatives", name="Earlier", offerId=catalogue.offer, channelId=catalogue.channel)["id"]
    other_offer = admin.make("offers", name="Loan")["id"]
    spared = admin.make("creatives", name="Spared", offerId=other_offer, channelId=catalogue.channel)["id"]
    admin("DELETE", f"creatives/{earlier}")

    assert admin("DELETE", f"offers?id={catalogue.offer}") == (200, {"success": True, "id": catalogue.offer})
    assert audited(admin, 3) == [
        ("soft_delete", "offer", catalogue.offer),
        ("soft_delete", "creative", catalogue.creative),
        ("soft_delete", "creative", second),
    ]
    assert (live(admin, "offers"), live(admin, "creatives")) == ({other_offer}, {spared})

    assert admin("POST", f"restore?entityType=offer&id={catalogue.offer}")[0] == 200
    assert audited(admin, 3) == [
        ("restore", "offer", catalogue.offer),
        ("restore", "creative", catalogue.creative),
        ("restore", "creative", second),
    ]
    assert live(admin, "creatives") == {catalogue.creative, second, spared}
    versions = {row["id"]: row["version"] for row in admin("GET", "creatives?includeDeleted=true")[1]["data"]}
    assert versions == {catalogue.creative: 3, second: 3, earlier: 2, spared: 1}


def test_deleting_a_channel_takes_placements_and_creatives_along(admin: Door, catalogue: Catalogue) -> None:
    admin("DELETE", f"channels/{catalogue.channel}")
    assert audited(admin, 3) == [
        ("soft_delete", "channel", catalogue.channel),
        ("soft_delete", "placement", catalogue.placement),
        ("soft_delete", "creative", catalogue.creative),
    ]
    assert (live(admin, "placements"), live(admin, "creatives")) == (set(), set())
    assert admin("POST", f"restore?entityType=channel&id={catalogue.channel}")[0] == 200
    assert live(admin, "placements") == {catalogue.placement}
    assert live(admin, "creatives") == {catalogue.creative}


def test_deleting_a_category_takes_sub_categories_along_and_offers_stay(admin: Door, catalogue: Catalogue) -> None:
    admin("DELETE", f"categories/{catalogue.category}")
    assert audited(admin, 2) == [
        ("soft_delete", "category", catalogue.category),
        ("soft_delete", "sub_category", catalogue.sub_category),
    ]
    assert admin("GET", f"offers/{catalogue.offer}")[1]["categoryId"] == catalogue.category
    assert admin("POST", f"restore?entityType=category&id={catalogue.category}")[0] == 200
    assert live(admin, "sub-categories") == {catalogue.sub_category}


def test_a_creative_keeps_the_id_of_a_deleted_placement_and_embeds_null(admin: Door, catalogue: Catalogue) -> None:
    admin("DELETE", f"placements/{catalogue.placement}")
    _, creative = admin("GET", f"creatives/{catalogue.creative}")
    assert (creative["placementId"], creative["placement"]) == (catalogue.placement, None)
    status, same = admin("PUT", f"creatives/{catalogue.creative}", creative)
    assert (status, same["placementId"], same["version"]) == (200, catalogue.placement, 2)


@pytest.mark.parametrize(
    ("owner", "path", "children"),
    [
        ("offer", "offers", [("creative", "creative")]),
        ("channel", "channels", [("placement", "placement"), ("creative", "creative")]),
        ("category", "categories", [("sub_category", "subCategory")]),
    ],
)
def test_a_child_cannot_come_back_before_what_it_belongs_to(
    admin: Door, catalogue: Catalogue, owner: str, path: str, children: list[tuple[str, str]]
) -> None:
    admin("DELETE", f"{path}/{getattr(catalogue, owner)}")
    before = stored()
    for attribute, entity_type in children:
        status, body = admin("POST", f"restore?entityType={entity_type}&id={getattr(catalogue, attribute)}")
        assert (status, body["error"]["code"]) == (409, "CONFLICT")
        assert f"deleted {owner}" in body["error"]["message"]
    assert stored() == before


def test_a_restore_is_refused_whole_when_one_name_was_taken_meanwhile(admin: Door, catalogue: Catalogue) -> None:
    admin.make("creatives", name="Second", offerId=catalogue.offer, channelId=catalogue.channel)
    admin("DELETE", f"offers/{catalogue.offer}")
    other = admin.make("offers", name="Loan")["id"]
    usurper = admin.make("creatives", name="Second", offerId=other, channelId=catalogue.channel)["id"]
    before = stored()
    status, body = admin("POST", f"restore?entityType=offer&id={catalogue.offer}")
    message = "A creative with that name already exists."
    assert (status, body["error"]["code"], body["error"]["message"]) == (409, "DUPLICATE_NAME", message)
    assert stored() == before
    admin("DELETE", f"creatives/{usurper}")
    assert admin("POST", f"restore?entityType=offer&id={catalogue.offer}")[0] == 200


def test_a_restore_is_refused_whole_when_a_companions_other_owner_is_deleted(admin: Door, catalogue: Catalogue) -> None:
    admin("DELETE", f"offers/{catalogue.offer}")
    admin("DELETE", f"channels/{catalogue.channel}")
    before = stored()
    status, body = admin("POST", f"restore?entityType=offer&id={catalogue.offer}")
    assert (status, body["error"]["code"]) == (409, "CONFLICT")
    assert stored() == before


NAMED: list[tuple[str, str, dict[str, str]]] = [
    ("categories", "category", {}),
    ("sub-categories", "sub_category", {"categoryId": "category"}),
    ("offers", "offer", {}),
    ("channels", "channel", {}),
    ("placements", "placement", {"channelId": "channel"}),
    ("creatives", "creative", {"offerId": "offer", "channelId": "channel"}),
]


@pytest.mark.parametrize(("path", "attribute", "references"), NAMED)
def test_a_name_is_taken_while_the_row_lives_and_free_after(
    admin: Door, catalogue: Catalogue, path: str, attribute: str, references: dict[str, str]
) -> None:
    payload = {key: getattr(catalogue, name) for key, name in references.items()}
    first = admin.make(path, name="Twice", **payload)["id"]
    before = stored()
    assert admin("POST", path, {"name": "Twice", **payload})[0] == 409
    assert stored() == before
    admin("DELETE", f"{path}/{first}")
    second = admin.make(path, name="Twice", **payload)["id"]
    status, body = admin("POST", f"restore?entityType={attribute}&id={first}")
    assert (status, body["error"]["code"]) == (409, "DUPLICATE_NAME")
    admin("PATCH", f"{path}/{second}", {"name": "Thrice"})
    assert admin("POST", f"restore?entityType={attribute}&id={first}")[0] == 200


def test_names_are_unique_per_channel_and_per_category_only(admin: Door, stranger: Door, catalogue: Catalogue) -> None:
    other_channel = admin.make("channels", name="Push")["id"]
    other_category = admin.make("categories", name="Loans")["id"]
    admin.make("placements", name="Hero", channelId=other_channel)
    admin.make("sub-categories", name="Credit", categoryId=other_category)
    assert stranger("POST", "offers", {"name": "Platinum Card Upgrade"})[0] == 201


def test_a_restore_needs_a_known_type_a_known_id_and_a_deleted_row(admin: Door, catalogue: Catalogue) -> None:
    before = stored()
    for query, field in [
        ("", "entityType"),
        ("entityType=apiKey&id=key_x", "entityType"),
        ("entityType=audit_entry&id=log_x", "entityType"),
        ("entityType=creative", "id"),
        ("entityType=creative&id=nonsense", "id"),
        (f"entityType=creative&id={catalogue.offer}", "id"),
    ]:
        status, body = admin("POST", f"restore?{query}")
        assert (status, [detail["field"] for detail in body["error"]["details"]]) == (400, [field])
    status, body = admin("POST", f"restore?entityType=creative&id={catalogue.creative}")
    assert (status, body["error"]["message"]) == (400, '"Email Hero" is not deleted.')
    assert stored() == before


def test_both_spellings_of_a_type_are_restored(admin: Door, catalogue: Catalogue) -> None:
    for entity_type in ("subCategory", "sub_category"):
        admin("DELETE", f"sub-categories/{catalogue.sub_category}")
        expected = {"restored": True, "entityType": entity_type, "id": catalogue.sub_category}
        assert admin("POST", f"restore?entityType={entity_type}&id={catalogue.sub_category}") == (200, expected)


def test_outcomes_of_the_system_are_neither_changed_nor_deleted(admin: Door) -> None:
    _, page = admin("GET", "outcome-types?key=impression")
    (impression,) = page["data"]
    assert impression["isSystem"] is True
    before = stored()
    for answer in (
        admin("PATCH", f"outcome-types/{impression['id']}", {"name": "Seen"}),
        admin("DELETE", f"outcome-types/{impression['id']}"),
        admin("POST", f"outcome-types/{impression['id']}/revert", {"version": 1}),
    ):
        assert (answer[0], answer[1]["error"]["code"]) == (409, "CONFLICT")
    assert stored() == before


def test_a_key_that_is_taken_is_named_as_the_key(admin: Door) -> None:
    admin.make("decision-flows", key="cards", name="Cards")
    before = stored()
    status, body = admin("POST", "decision-flows", {"key": "cards", "name": "Cards"})
    fields = [detail["field"] for detail in body["error"]["details"]]
    assert (status, body["error"]["code"], fields) == (409, "DUPLICATE_NAME", ["key", "name"])
    assert stored() == before


def test_a_forced_offer_is_an_override_in_the_audit_and_needs_an_admin(
    admin: Door, editor: Door, catalogue: Catalogue
) -> None:
    force = {"mandatory": True, "mandatoryReason": "Law", "mandatoryExpiresAt": "2999-01-01T00:00:00.000Z"}
    before = stored()
    assert editor("PATCH", f"offers/{catalogue.offer}", force)[0] == 403
    status, body = admin("PATCH", f"offers/{catalogue.offer}", {"mandatory": True})
    assert status == 400
    assert [detail["field"] for detail in body["error"]["details"]] == ["mandatoryReason", "mandatoryExpiresAt"]
    past = force | {"mandatoryExpiresAt": "2001-01-01T00:00:00.000Z"}
    assert admin("PATCH", f"offers/{catalogue.offer}", past)[0] == 400
    assert stored() == before
    assert admin("PATCH", f"offers/{catalogue.offer}", force)[0] == 200
    assert audited(admin, 1) == [("mandatory_override", "offer", catalogue.offer)]
    assert editor("PATCH", f"offers/{catalogue.offer}", {"description": "Still forced"})[0] == 200
    assert audited(admin, 1) == [("update", "offer", catalogue.offer)]
