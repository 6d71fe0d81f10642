"""The catalogue's fields: what each starts as, what it takes, and what holds between rows."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.conftest import Catalogue, Door
from tests.witness import stored

STATUSES = ["draft", "active", "paused", "archived"]
TEXTS = ["", "x", "Ünïcode 🎉"]

# What a row looks like that was made of its name and references alone.
DEFAULTS: dict[str, dict[str, Any]] = {
    "categories": {"description": "", "status": "active", "ordinal": 0, "color": "", "icon": ""},
    "sub-categories": {"description": "", "status": "active"},
    "offers": {
        "description": "",
        "status": "draft",
        "categoryId": None,
        "subCategoryId": None,
        "category": "",
        "priority": 50,
        "businessValue": 0,
        "mandatory": False,
        "mandatoryReason": "",
        "mandatoryExpiresAt": None,
        "shortDesc": "",
        "tags": [],
        "schedule": {},
        "metadata": {},
    },
    "channels": {
        "description": "",
        "status": "draft",
        "channelType": "email",
        "deliveryMode": "api",
        "impressionMode": "explicit",
        "couplingMode": "partial",
        "costPerContact": 0,
    },
    "placements": {
        "description": "",
        "status": "active",
        "slotType": "banner",
        "maxSlots": 1,
        "schema": {},
        "targeting": {},
    },
    "creatives": {
        "description": "",
        "status": "draft",
        "placementId": None,
        "placement": None,
        "contentItemId": None,
        "templateType": "email_html",
        "content": {},
        "personalization": [],
        "constraints": {},
        "abTestVariant": None,
        "weight": 100,
        "metrics": {},
    },
}
MECHANICAL = {"id", "tenantId", "name", "version", "rowVersion", "deletedAt", "createdAt", "updatedAt"}

# Every value of a field that is a choice, and values at the edges of the others.
OBJECTS: list[Any] = [{}, {"a": {"b": [1, None, "x"]}}]
TAKEN: dict[str, dict[str, list[Any]]] = {
    "categories": {"ordinal": [-(2**31) + 1, -1, 5, 2**31 - 1], "color": TEXTS, "icon": ["x" * 64]},
    "sub-categories": {},
    "offers": {
        "category": [*TEXTS, "x" * 255],
        "priority": [0, 1, 100],
        "businessValue": [-1.5, 0.1, 10**9],
        "shortDesc": TEXTS,
        "tags": [["a"], ["a", "a", "b"]],
        "schedule": [{}, {"startsAt": "2026-01-01T00:00:00.000Z"}, {"startsAt": None, "endsAt": None}],
        "metadata": OBJECTS,
        "mandatoryReason": TEXTS,
        "mandatoryExpiresAt": ["2030-01-01T00:00:00.000Z", None],
    },
    "channels": {
        "channelType": [
            "email",
            "push",
            "sms",
            "in_app",
            "web",
            "whatsapp",
            "direct_mail",
            "webhook",
            "carrier pigeon",
        ],
        "deliveryMode": ["api", "file", "integration", "manual"],
        "impressionMode": ["explicit", "implicit"],
        "couplingMode": ["partial", "atomic"],
        "costPerContact": [0, 0.000001, 999_999_999],
    },
    "placements": {"slotType": ["hero"], "maxSlots": [1, 2**31 - 1], "schema": OBJECTS, "targeting": OBJECTS},
    "creatives": {
        "templateType": [
            "email_html",
            "push_notification",
            "sms_text",
            "in_app_modal",
            "banner",
            "content_card",
            "webhook_json",
            "whatsapp_template",
            "smoke signal",
        ],
        "content": OBJECTS,
        "personalization": [[], [{"variable": "v", "fallback": None, "source": "customer.v"}]],
        "constraints": [*OBJECTS, {"frequencyCapPerDay": 0, "cooldownHours": 24.0, "priorityOverride": 50.0}],
        "abTestVariant": [*TEXTS, None],
        "weight": [0, 1, 100],
        "metrics": OBJECTS,
    },
}
CHOICES = {
    "status": STATUSES,
    "deliveryMode": ["api", "file", "integration", "manual"],
    "impressionMode": ["explicit", "implicit"],
    "couplingMode": ["partial", "atomic"],
}


def references(path: str, catalogue: Catalogue) -> dict[str, str]:
    """What a row of the collection cannot be made without, beside its name."""
    return {
        "sub-categories": {"categoryId": catalogue.category},
        "placements": {"channelId": catalogue.channel},
        "creatives": {"offerId": catalogue.offer, "channelId": catalogue.channel},
    }.get(path, {})


def faults(answer: tuple[int, Any]) -> list[str]:
    assert (answer[0], answer[1]["error"]["code"]) == (400, "VALIDATION_ERROR"), answer
    return [detail["field"] for detail in answer[1]["error"]["details"]]


@pytest.mark.parametrize("path", DEFAULTS)
def test_a_row_made_of_the_least_has_every_default(admin: Door, catalogue: Catalogue, path: str) -> None:
    needed = references(path, catalogue)
    made = admin.make(path, name="Least", **needed)
    assert made.pop("warnings") == []
    embeds = {"offer", "channel"} if path == "creatives" else set()
    assert made.keys() == MECHANICAL | embeds | needed.keys() | DEFAULTS[path].keys()
    assert {name: made[name] for name in DEFAULTS[path]} == DEFAULTS[path]
    assert {name: made[name] for name in needed} == needed
    assert (made["name"], made["version"], made["rowVersion"], made["deletedAt"]) == ("Least", 1, 1, None)
    assert admin("GET", f"{path}/{made['id']}") == (200, made)
    assert sorted(faults(admin("POST", path, {}))) == sorted(["name", *needed])


@pytest.mark.parametrize("path", TAKEN)
def test_every_value_a_field_takes_is_kept_and_shown(admin: Door, catalogue: Catalogue, path: str) -> None:
    row = admin.make(path, name="Various", **references(path, catalogue))
    for field, values in {"status": STATUSES, "description": TEXTS, **TAKEN[path]}.items():
        for number, value in enumerate(values):
            changed = admin("PATCH", f"{path}/{row['id']}", {field: value})
            assert (changed[0], changed[1].get(field)) == (200, value), field
            made = admin.make(path, name=f"{field} {number}", **references(path, catalogue), **{field: value})
            assert made[field] == value


@pytest.mark.parametrize("path", DEFAULTS)
def test_a_word_that_is_no_choice_is_refused_with_the_choices(admin: Door, catalogue: Catalogue, path: str) -> None:
    row = admin.make(path, name="Various", **references(path, catalogue))
    before = stored()
    for field in CHOICES.keys() & row.keys():
        for wrong in ("", "other", CHOICES[field][0].upper(), 5, True, [], {}):
            for answer in (
                admin("PATCH", f"{path}/{row['id']}", {field: wrong}),
                admin("POST", path, {"name": "New", **references(path, catalogue), field: wrong}),
            ):
                assert faults(answer) == [field], wrong
                assert answer[1]["error"]["details"][0]["message"].endswith(f"none of: {', '.join(CHOICES[field])}.")
    assert stored() == before


@pytest.mark.parametrize("path", DEFAULTS)
def test_every_status_code_of_a_collection(
    admin: Door, as_role: Callable[[str], Door], anonymous: Door, catalogue: Catalogue, path: str
) -> None:
    body = {"name": "Coded", **references(path, catalogue)}
    status, made = admin("POST", path, body)
    assert status == 201
    item = f"{path}/{made['id']}"
    assert admin("POST", path, body)[1]["error"]["code"] == "DUPLICATE_NAME"
    for status, door, method, address, sent in [
        (200, admin, "GET", path, None),
        (200, admin, "GET", item, None),
        (200, admin, "GET", f"{item}/history", None),
        (200, admin, "PUT", path, {"id": made["id"]}),
        (200, admin, "PATCH", item, {}),
        (200, admin, "POST", f"{item}/revert", {"version": 1}),
        (400, admin, "POST", f"{item}/revert", {"version": 99}),
        (400, admin, "PUT", path, {"name": "No id"}),
        (400, admin, "DELETE", path, None),
        (401, anonymous, "GET", path, None),
        (403, as_role("delivery"), "GET", path, None),
        (403, as_role("viewer"), "POST", path, body),
        (404, admin, "GET", f"{path}/nothing", None),
        (405, admin, "POST", item, body),
        (409, admin, "POST", path, body),
        (409, admin, "PATCH", item, {"rowVersion": 99}),
        (200, admin, "DELETE", item, None),
        (404, admin, "DELETE", item, None),
        (400, admin, "DELETE", f"{path}?id={made['id']}", None),
        (404, admin, "PATCH", item, {}),
        (200, admin, "GET", f"{item}?includeDeleted=true", None),
    ]:
        assert door.raw(method, address, sent).status_code == status, (method, address)
    assert admin.client.post(f"/api/v1/{path}", {"name": "Form"}, headers=admin.headers).status_code == 415
    again = admin.make(path, **body)
    assert again["id"] != made["id"]


def test_a_schedule_is_kept_in_utc_cut_to_milliseconds_and_its_odd_keys_are_named(admin: Door) -> None:
    sent = {"startsAt": "2026-01-01T02:00:00.123999+02:00", "endsAt": "2026-02-01T00:00:00Z", "season": "winter"}
    kept = {"startsAt": "2026-01-01T00:00:00.123Z", "endsAt": "2026-02-01T00:00:00.000Z", "season": "winter"}
    offer = admin.make("offers", name="Seasonal", schedule=sent)
    assert (offer["schedule"], offer["warnings"]) == (
        kept,
        ["schedule.season is unknown; it is kept and has no effect."],
    )
    _, read = admin("GET", f"offers/{offer['id']}")
    assert read["schedule"] == kept
    _, renamed = admin("PATCH", f"offers/{offer['id']}", {"name": "Renamed"})
    assert (renamed["schedule"], renamed["warnings"]) == (kept, [])


def test_ends_that_differ_by_less_than_a_millisecond_are_no_schedule(admin: Door) -> None:
    schedule = {"startsAt": "2026-01-01T00:00:00.000100Z", "endsAt": "2026-01-01T00:00:00.000900Z"}
    assert faults(admin("POST", "offers", {"name": "Short", "schedule": schedule})) == ["schedule"]


def test_a_sub_category_that_offers_use_stays_in_its_category(admin: Door, catalogue: Catalogue) -> None:
    pair = {"categoryId": catalogue.category, "subCategoryId": catalogue.sub_category}
    offer = admin.make("offers", name="Sorted", **pair)["id"]
    loans = admin.make("categories", name="Loans")["id"]
    part = f"sub-categories/{catalogue.sub_category}"
    for _ in range(2):  # with the offer live, and deleted: it might come back
        before = stored()
        assert faults(admin("PATCH", part, {"categoryId": loans})) == ["categoryId"]
        assert stored() == before
        assert admin("PATCH", part, {"categoryId": catalogue.category})[0] == 200
        admin("DELETE", f"offers/{offer}")
    unused = admin.make("sub-categories", name="Unused", categoryId=catalogue.category)["id"]
    assert admin("PATCH", f"sub-categories/{unused}", {"categoryId": loans})[1]["categoryId"] == loans


def test_a_placement_stays_on_its_channel_even_for_deleted_creatives(admin: Door, catalogue: Catalogue) -> None:
    push = admin.make("channels", name="Push")["id"]
    for _ in range(2):
        before = stored()
        assert faults(admin("PATCH", f"placements/{catalogue.placement}", {"channelId": push})) == ["channelId"]
        assert stored() == before
        admin("DELETE", f"creatives/{catalogue.creative}")
    assert admin("POST", f"restore?entityType=creative&id={catalogue.creative}")[0] == 200
    unused = admin.make("placements", name="Unused", channelId=catalogue.channel)["id"]
    assert admin("PATCH", f"placements/{unused}", {"channelId": push})[1]["channelId"] == push
