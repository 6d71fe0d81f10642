"""Which assignments a policy ends up with, whatever form the payload took."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from creatives.models import Offer
from kaireon.clock import now
from kaireon.tenancy import Tenant
from policies.serializers import MOST_SCOPES
from tests.conftest import Catalogue, Door
from tests.witness import stored

RULE = {"ruleType": "cooldown", "config": {"cooldownHours": 4}}
NOT_MIRRORED = "scopes was given, so scope and scopeId were ignored; they differ from scopes[0]."


def made(admin: Door, **payload: Any) -> Any:
    return admin.make("contact-policies", **{"name": "Quiet", **RULE, **payload})


def pairs(policy: Any) -> list[tuple[str, str | None]]:
    """The assignments, whose form must be whole and whose first must be mirrored by the legacy pair."""
    for scope in policy["scopes"]:
        assert scope.keys() == {"id", "contactPolicyId", "scope", "scopeId", "createdAt"}
        assert scope["contactPolicyId"] == policy["id"]
    found = [(scope["scope"], scope["scopeId"]) for scope in policy["scopes"]]
    assert (policy["scope"], policy["scopeId"]) == found[0]
    return found


def refused(admin: Door, method: str, path: str, body: Any) -> list[tuple[str, str]]:
    """The faults of a payload that must be refused with nothing changed."""
    before = stored()
    status, answer = admin(method, path, body)
    assert (status, answer["error"]["code"]) == (400, "VALIDATION_ERROR")
    assert stored() == before
    return [(detail["field"], detail["message"]) for detail in answer["error"]["details"]]


def one(kind: str, scope_id: str | None) -> dict[str, str | None]:
    return {"scope": kind, "scopeId": scope_id}


def test_the_legacy_pair_is_one_assignment(admin: Door, catalogue: Catalogue) -> None:
    for kind, scope_id in [
        ("offer", catalogue.offer),
        ("creative", catalogue.creative),
        ("channel", catalogue.channel),
        ("category", catalogue.category),
        ("subcategory", catalogue.sub_category),
        ("offer", "*"),
        ("subcategory", "*"),
        ("global", None),
    ]:
        policy = made(admin, name=f"{kind} {scope_id}", **one(kind, scope_id))
        assert pairs(policy) == [(kind, scope_id)]
        assert policy["warnings"] == []


@pytest.mark.parametrize("scope_id", [None, "", "absent"])
def test_a_scope_left_at_its_default_needs_an_id_and_the_message_offers_the_ways_out(
    admin: Door, scope_id: str | None
) -> None:
    given = {} if scope_id == "absent" else {"scopeId": scope_id}
    ((field, message),) = refused(admin, "POST", "contact-policies", {"name": "Quiet", **RULE, **given})
    assert field == "scopeId"
    assert '"*"' in message
    assert '"global"' in message


@pytest.mark.parametrize("form", ["pair", "list"])
@pytest.mark.parametrize("scope_id", [None, "", "absent"])
def test_a_global_scope_has_no_id(admin: Door, form: str, scope_id: str | None) -> None:
    scope = {"scope": "global"} if scope_id == "absent" else one("global", scope_id)
    policy = made(admin, **scope if form == "pair" else {"scopes": [scope]})
    assert (pairs(policy), policy["warnings"]) == ([("global", None)], [])


@pytest.mark.parametrize("form", ["pair", "list"])
def test_an_id_beside_global_is_dropped_with_a_warning(admin: Door, catalogue: Catalogue, form: str) -> None:
    scope = one("global", catalogue.offer)
    policy = made(admin, **scope if form == "pair" else {"scopes": [scope]})
    assert pairs(policy) == [("global", None)]
    assert policy["warnings"] == [f'A global scope has no scopeId; "{catalogue.offer}" was dropped.']


def test_scopes_win_over_the_pair_and_a_differing_pair_is_a_warning(admin: Door, catalogue: Catalogue) -> None:
    scopes = [one("channel", catalogue.channel), one("offer", "*"), one("global", None)]
    policy = made(admin, scopes=scopes, scope="offer", scopeId=catalogue.offer)
    assert pairs(policy) == [("channel", catalogue.channel), ("offer", "*"), ("global", None)]
    assert policy["warnings"] == [NOT_MIRRORED]
    same = made(admin, name="Same", scopes=scopes, scope="channel", scopeId=catalogue.channel)
    assert same["warnings"] == []


def test_empty_scopes_beside_a_pair_count_as_not_given_and_alone_are_refused(admin: Door, catalogue: Catalogue) -> None:
    policy = made(admin, scopes=[], scope="offer", scopeId=catalogue.offer)
    assert pairs(policy) == [("offer", catalogue.offer)]
    assert [field for field, _ in refused(admin, "POST", "contact-policies", {"name": "N", **RULE, "scopes": []})] == [
        "scopes"
    ]
    assert [field for field, _ in refused(admin, "PATCH", f"contact-policies/{policy['id']}", {"scopes": []})] == [
        "scopes"
    ]


def test_duplicates_are_refused_each_by_its_place(admin: Door, catalogue: Catalogue) -> None:
    twice = [one("offer", catalogue.offer), one("global", None), one("offer", catalogue.offer), one("global", "")]
    faults = refused(admin, "POST", "contact-policies", {"name": "N", **RULE, "scopes": twice})
    assert faults == [
        ("scopes[2].scope", f"offer {catalogue.offer} is assigned twice; send it once."),
        ("scopes[3].scope", "global is assigned twice; send it once."),
    ]


def test_every_bad_scope_is_named_by_its_place(admin: Door, stranger: Door, catalogue: Catalogue) -> None:
    foreign = stranger.make("offers", name="Theirs")["id"]
    gone = admin.make("offers", name="Gone")["id"]
    admin("DELETE", f"offers/{gone}")
    bad: list[Any] = [
        one("offer", catalogue.channel),
        one("offer", foreign),
        one("offer", gone),
        one("offer", "off_nonsense"),
        one("tenant", "*"),
        {"scope": None},
        {"scopeId": "*"},
        one("channel", ""),
        {"scope": "offer", "scopeId": {}},
        {"scope": "offer", "scopeId": ["*"]},
        {"scope": ["offer"], "scopeId": "*"},
        {"scope": "offer", "scopeId": 7},
        {"scope": "offer", "scopeId": True},
    ]
    faults = refused(admin, "POST", "contact-policies", {"name": "N", **RULE, "scopes": bad})
    kinds = ["Id", "Id", "Id", "Id", "", "", "", "Id", "Id", "Id", "", "Id", "Id"]
    assert [field for field, _ in faults] == [f"scopes[{index}].scope{kind}" for index, kind in enumerate(kinds)]
    for alone in bad:
        assert len(refused(admin, "POST", "contact-policies", {"name": "N", **RULE, "scopes": [alone]})) == 1


@pytest.mark.parametrize("scopes", [{}, "global", 7, True, [7], [[]], ["global"], [None]])
def test_scopes_that_are_no_list_of_objects_are_refused(admin: Door, scopes: Any) -> None:
    faults = refused(admin, "POST", "contact-policies", {"name": "N", **RULE, "scopes": scopes})
    assert [field for field, _ in faults] == ["scopes"]


def test_assignments_that_stay_keep_their_id_and_their_age(admin: Door, catalogue: Catalogue) -> None:
    policy = made(admin, scopes=[one("offer", catalogue.offer), one("channel", catalogue.channel)])
    first, second = policy["scopes"]
    path = f"contact-policies/{policy['id']}"
    _, changed = admin("PATCH", path, {"scopes": [one("category", "*"), second, one("offer", catalogue.offer)]})
    assert [changed["scopes"][1], changed["scopes"][2]] == [second, first]
    assert changed["scopes"][0]["id"] not in {first["id"], second["id"]}
    assert changed["scopes"][0]["createdAt"] == changed["updatedAt"]
    _, untouched = admin("PATCH", path, {"priority": 1})
    assert untouched["scopes"] == changed["scopes"]


def test_a_pair_in_an_update_replaces_all_and_takes_its_missing_half_from_the_first(
    admin: Door, catalogue: Catalogue
) -> None:
    other = admin.make("offers", name="Loan")["id"]
    policy = made(admin, scopes=[one("offer", catalogue.offer), one("channel", catalogue.channel)])
    path = f"contact-policies/{policy['id']}"
    assert pairs(admin("PATCH", path, {"scopeId": other})[1]) == [("offer", other)]
    assert pairs(admin("PATCH", path, {"scope": "offer"})[1]) == [("offer", other)]
    assert refused(admin, "PATCH", path, {"scope": "channel"}) == [
        ("scopeId", f'There is no live channel with the id "{other}".')
    ]
    assert pairs(admin("PATCH", path, {"scope": "global"})[1]) == [("global", None)]
    assert pairs(admin("PATCH", path, {"scope": "channel", "scopeId": "*"})[1]) == [("channel", "*")]
    assert pairs(admin("PATCH", path, {"scope": "category"})[1]) == [("category", "*")]


def test_a_scope_whose_row_was_deleted_may_stay_but_not_come_back(admin: Door, catalogue: Catalogue) -> None:
    policy = made(admin, scopes=[one("offer", catalogue.offer), one("channel", catalogue.channel)])
    path = f"contact-policies/{policy['id']}"
    admin("DELETE", f"offers/{catalogue.offer}")
    _, kept = admin("PUT", path, admin("GET", path)[1])
    assert kept["scopes"] == policy["scopes"]
    admin("PATCH", path, {"scopes": [one("channel", catalogue.channel)]})
    assert refused(admin, "PATCH", path, {"scopes": policy["scopes"]}) == [
        ("scopes[0].scopeId", f'There is no live offer with the id "{catalogue.offer}".')
    ]


def test_reverting_brings_the_old_scopes_back_and_history_shows_them(admin: Door, catalogue: Catalogue) -> None:
    scopes = [one("offer", catalogue.offer), one("channel", "*")]
    policy = made(admin, scopes=scopes)
    path = f"contact-policies/{policy['id']}"
    admin("PATCH", path, {"scope": "global"})
    _, history = admin("GET", f"{path}/history")
    assert history["data"][0]["changes"] == [{"field": "scopes", "before": scopes, "after": [one("global", None)]}]
    status, reverted = admin("POST", f"{path}/revert", {"version": 1})
    assert (status, pairs(reverted)) == (200, [("offer", catalogue.offer), ("channel", "*")])
    assert reverted["version"] == 3


def test_lists_filter_by_scope(admin: Door, catalogue: Catalogue) -> None:
    made(admin, name="A", scopes=[one("offer", catalogue.offer), one("channel", "*")])
    made(admin, name="B", scopes=[one("global", None)])
    made(admin, name="C", scopes=[one("channel", catalogue.channel)])
    for query, names in [
        ("scope=offer", "A"),
        ("scope=channel", "CA"),
        ("scope=global", "B"),
        ("scope=category", ""),
        ("scopeId=*", "A"),
        (f"scopeId={catalogue.channel}", "C"),
        (f"scope=offer&scopeId={catalogue.channel}", ""),
        ("scope=channel&scopeId=*", "A"),
        ("scopeId=nonsense", ""),
        ("ruleType=cooldown&scope=channel&status=active", "CA"),
    ]:
        _, page = admin("GET", f"contact-policies?{query}")
        assert "".join(row["name"] for row in page["data"]) == names, query
        assert page["pagination"]["total"] == len(names)


def test_a_thousand_scopes_are_stored_in_a_few_queries_and_one_more_is_refused(admin: Door, tenant: Tenant) -> None:
    life = {"tenant": tenant, "created_at": now(), "updated_at": now()}
    made_at_once = Offer.everything.bulk_create(Offer(name=f"Offer {n}", **life) for n in range(MOST_SCOPES))
    offers = [offer.public_id for offer in made_at_once]
    scopes = [{"scope": "offer", "scopeId": offer} for offer in offers]
    body = {"name": "Many", "ruleType": "allow_override", "scopes": scopes}
    before = stored()
    status, answer = admin("POST", "contact-policies", body | {"scopes": [*scopes, {"scope": "global"}]})
    (detail,) = answer["error"]["details"]
    assert (status, detail["field"]) == (400, "scopes")
    assert detail["message"] == '1001 scopes are more than 1000; send fewer, or "*" for each of a kind.'
    assert stored() == before
    with CaptureQueriesContext(connection) as queries:
        policy = admin.make("contact-policies", **body)
    assert len(queries) < 40
    assert [scope["scopeId"] for scope in policy["scopes"]] == offers
    turned = admin("PATCH", f"contact-policies/{policy['id']}", {"scopes": scopes[::-1]})[1]
    assert turned["scopes"] == policy["scopes"][::-1]


@pytest.mark.parametrize(
    ("rule_type", "key", "item", "rest"),
    [
        ("frequency_cap", "excludeCampaignIds", "spring", {"maxPerDay": 1}),
        ("outcome_based", "afterOutcome", "complaint", {"suppressForDays": 1}),
        ("segment_exclusion", "excludeSegments", "vip", {}),
        ("time_window", "daysOfWeek", 1, {}),
        ("mutual_exclusion", "excludeOfferIds", "off_x", {}),
        ("cross_channel_cap", "appliesAcross", "ch_x", {"maxTotal": 1}),
    ],
)
def test_a_list_of_a_config_has_at_most_a_thousand_entries(
    admin: Door, rule_type: str, key: str, item: Any, rest: dict[str, Any]
) -> None:
    body = {"name": "Long", "scope": "global", "ruleType": rule_type, "config": {**rest, key: [item] * 1001}}
    status, answer = admin("POST", "contact-policies", body)
    assert (status, answer["error"]["details"]) == (
        400,
        [{"field": f"config.{key}", "message": "1001 entries are more than 1000; give fewer"}],
    )


def test_a_scope_that_a_rule_cannot_be_given_is_named_by_its_place(admin: Door, catalogue: Catalogue) -> None:
    body = {
        "name": "Group",
        "ruleType": "mutual_exclusion",
        "config": {"excludeOfferIds": [catalogue.offer]},
        "scopes": [{"scope": "offer", "scopeId": catalogue.offer}, {"scope": "channel", "scopeId": "*"}],
    }
    assert [detail["field"] for detail in admin("POST", "contact-policies", body)[1]["error"]["details"]] == [
        "scopes[1].scopeId"
    ]
    (detail,) = admin("POST", "contact-policies", body | {"scopes": body["scopes"][1:]})[1]["error"]["details"]
    assert detail["field"] == "scopeId"
