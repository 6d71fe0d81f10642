"""Values of the wrong kind, and ids that name nothing, are named by their place, with a message that helps."""

from __future__ import annotations

from typing import Any

import pytest

from tests.conftest import Catalogue, Door
from tests.kaireon.refusals import faults
from tests.witness import stored


@pytest.mark.parametrize("path", ["offers", "contact-policies", "categories", "segments"])
def test_a_name_is_a_text_of_1_to_255_characters(admin: Door, path: str) -> None:
    before = stored()
    for name in ("", "   ", "n" * 256, None, 5, True, [], {}, "\n"):
        payload = {"name": name, "scope": "global", "ruleType": "allow_override"}
        assert faults(admin("POST", path, payload if path == "contact-policies" else {"name": name})) == ["name"], name
    assert stored() == before


def test_names_of_1_and_of_255_characters_are_taken(admin: Door) -> None:
    for name in ("n", "n" * 255, "é" * 255, "🎉" * 255):
        assert admin.make("offers", name=name)["name"] == name


WRONG: list[tuple[str, str, list[Any]]] = [
    ("offers", "description", [5, True, [], {}]),
    ("offers", "status", ["live", "", 5, [], {}, "ACTIVE"]),
    ("offers", "categoryId", ["x", "", 5, True, [], {}, "cat_", "cat_x", "CATEGORY"]),
    ("offers", "subCategoryId", ["sub_x", 5, {}]),
    ("offers", "category", [5, [], "x" * 256]),
    ("offers", "priority", [-1, 101, "5", True, 1.5, [], {}, 10**30]),
    ("offers", "businessValue", ["5", True, [], {}, 10**399]),
    ("offers", "mandatory", ["true", 1, 0, [], {}]),
    (
        "offers",
        "mandatoryExpiresAt",
        ["tomorrow", 5, "2030-01-01", "2030-01-01T00:00:00", [], "9999-12-31T23:59:59-09:00"],
    ),
    ("offers", "tags", ["a", {}, 5, True]),
    ("offers", "tags[0]", [[5], [[]], [{}]]),
    ("offers", "schedule", ["x", [], 5, {"startsAt": "2026-01-02T00:00:00Z", "endsAt": "2026-01-02T00:00:00Z"}]),
    ("offers", "schedule.startsAt", [{"startsAt": 5}, {"startsAt": "2026-01-02"}, {"startsAt": []}]),
    ("offers", "metadata", ["x", [], 5, True]),
    ("categories", "ordinal", ["1", 1.5, True, 2**31, -(2**31) - 1, []]),
    ("categories", "color", [5, "x" * 65]),
    ("sub-categories", "categoryId", [None, "", "x", 5, {}]),
    ("channels", "channelType", [5, "", "x" * 256, []]),
    ("channels", "deliveryMode", ["post", 5, [], {}]),
    ("channels", "impressionMode", ["post", 5, [], {}]),
    ("channels", "couplingMode", ["post", 5, [], {}]),
    ("channels", "costPerContact", [-1, "1", True, 10**10, 10**399, []]),
    ("placements", "channelId", [None, "", "x", 5, {}]),
    ("placements", "maxSlots", [0, -1, 1.5, "1", True, 2**31]),
    ("placements", "schema", [[], "x", 5]),
    ("creatives", "offerId", [None, "", "x", 5, True, {}, []]),
    ("creatives", "channelId", [None, "", "x", 5, True, {}, []]),
    ("creatives", "placementId", ["", "x", 5, True, {}, []]),
    ("creatives", "templateType", ["", 5, [], "x" * 256]),
    ("creatives", "content", ["x", 5, [], True]),
    ("creatives", "personalization", ["x", 5, {}, [{"variable": "v"}] * 501]),
    ("creatives", "personalization[0]", [[5], [[]], ["x"], [None]]),
    ("creatives", "personalization[0].variable", [[{}], [{"variable": ""}], [{"variable": 5}]]),
    ("creatives", "personalization[0].source", [[{"variable": "v", "source": 5}]]),
    ("creatives", "constraints", ["x", 5, []]),
    ("creatives", "constraints.priorityOverride", [{"priorityOverride": v} for v in (-1, 101, "5", True, 1.5, [])]),
    ("creatives", "constraints.cooldownHours", [{"cooldownHours": v} for v in (-1, "5", True, 1.5, {})]),
    ("creatives", "constraints.frequencyCapPerDay", [{"frequencyCapPerDay": v} for v in (-1, "5", False)]),
    ("creatives", "abTestVariant", [5, [], "x" * 256]),
    ("creatives", "weight", [-1, 101, "5", True, 1.5, []]),
    ("creatives", "metrics", ["x", 5, []]),
    ("contact-policies", "config", ["x", 5, [], True]),
    ("contact-policies", "scope", ["everything", 5, [], {}]),
    ("contact-policies", "ruleType", ["cap", 5, [], {}, ""]),
    ("segments", "name", ["two words", "-x", "é", "a\nb"]),
    ("decision-flows", "key", ["Two", "two words", "", 5, None, "x" * 64, "é"]),
    ("decision-flows", "draftConfig", ["x", [], 5]),
    ("outcome-types", "key", ["Two", "2", "", None, 5]),
    ("outcome-types", "classification", ["good", 5, []]),
]


def valid(path: str, catalogue: Catalogue) -> dict[str, Any]:
    own: dict[str, dict[str, Any]] = {
        "sub-categories": {"categoryId": catalogue.category},
        "placements": {"channelId": catalogue.channel},
        "creatives": {"offerId": catalogue.offer, "channelId": catalogue.channel},
        "contact-policies": {"scope": "global", "ruleType": "allow_override"},
        "outcome-types": {"key": "new"},
        "decision-flows": {"key": "new"},
    }
    return {"name": "New", **own.get(path, {})}


@pytest.mark.parametrize("path", dict.fromkeys(path for path, _, _ in WRONG))
def test_a_value_of_the_wrong_kind_is_named_by_its_place(admin: Door, catalogue: Catalogue, path: str) -> None:
    before = stored()
    for place, values in [(place, values) for of, place, values in WRONG if of == path]:
        field = place.partition(".")[0].partition("[")[0]
        for value in values:
            assert faults(admin("POST", path, valid(path, catalogue) | {field: value})) == [place], value
    assert stored() == before


def test_ids_of_another_tenant_or_of_another_kind_name_nothing(
    admin: Door, stranger: Door, catalogue: Catalogue
) -> None:
    before = stored()
    own = {"offerId": catalogue.offer, "channelId": catalogue.channel}
    for field, wrong in (
        ("offerId", catalogue.channel),
        ("channelId", catalogue.offer),
        ("placementId", catalogue.creative),
    ):
        assert faults(admin("POST", "creatives", {"name": "N", **own, field: wrong})) == [field]
    assert faults(stranger("POST", "creatives", {"name": "N", **own})) == ["offerId", "channelId"]
    for method in ("GET", "PUT", "PATCH", "DELETE"):
        body = None if method == "GET" else {"name": "Mine now"}
        assert stranger(method, f"creatives/{catalogue.creative}", body)[0] == 404
        assert admin(method, f"offers/{catalogue.creative}", body)[0] == 404
    assert faults(stranger("PUT", "creatives", {"id": catalogue.creative, "name": "Mine now"})) == ["id"]
    assert faults(stranger("DELETE", f"creatives?id={catalogue.creative}")) == ["id"]
    assert faults(stranger("POST", f"restore?entityType=creative&id={catalogue.creative}")) == ["id"]
    assert stranger("GET", f"creatives?offerId={catalogue.offer}")[1]["data"] == []
    assert stored() == before


def test_a_placement_must_belong_to_the_channel(admin: Door, catalogue: Catalogue) -> None:
    push = admin.make("channels", name="Push")["id"]
    loans = admin.make("categories", name="Loans")["id"]
    before = stored()
    payload = {"name": "N", "offerId": catalogue.offer, "channelId": push, "placementId": catalogue.placement}
    assert faults(admin("POST", "creatives", payload)) == ["placementId"]
    assert faults(admin("PATCH", f"creatives/{catalogue.creative}", {"channelId": push})) == ["placementId"]
    assert faults(admin("PATCH", f"placements/{catalogue.placement}", {"channelId": push})) == ["channelId"]
    moved = {"categoryId": loans, "subCategoryId": catalogue.sub_category}
    assert faults(admin("PATCH", f"offers/{catalogue.offer}", moved)) == ["subCategoryId"]
    assert stored() == before


def test_every_fault_says_what_is_wrong_and_what_to_do(admin: Door, catalogue: Catalogue) -> None:
    def said(path: str, **body: Any) -> dict[str, str]:
        answer = admin("POST", path, body)
        assert answer[0] == 400
        return {detail["field"]: detail["message"] for detail in answer[1]["error"]["details"]}

    assert said("creatives") == {
        "name": "A name is required; give it 1 to 255 characters.",
        "offerId": "This is required; send the id of a live offer.",
        "channelId": "This is required; send the id of a live channel.",
    }
    rules = "frequency_cap, cooldown, budget_exhausted, outcome_based, segment_exclusion, time_window, "
    assert said("contact-policies", name="P")["ruleType"].startswith(f"This is required; send one of: {rules}")
    assert said("decision-flows", name="F") == {"key": "This is required; send a text."}
    assert said("channels", name="C", channelType=" ", deliveryMode="", costPerContact="1") == {
        "channelType": "The text is empty; send at least one character that is not a space.",
        "deliveryMode": '"" is none of: api, file, integration, manual.',
        "costPerContact": '"1" is not a number; send one such as 2.5.',
    }
    assert said("categories", name="C", color="x" * 65, ordinal="1") == {
        "color": "The text has 65 characters, more than 64; shorten it.",
        "ordinal": '"1" is not a whole number; send one such as 5.',
    }
    assert said("offers", name="O", mandatory="no", tags=["x" * 256], mandatoryExpiresAt=5) == {
        "mandatory": '"no" is neither true nor false; send one of them.',
        "tags[0]": "The text has 256 characters, more than 255; shorten it.",
        "mandatoryExpiresAt": "5 is not an instant; send a text such as 2026-03-10T12:00:00.000Z.",
    }
