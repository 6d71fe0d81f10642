"""`POST /contact-policies/impact-preview`: the contract's numbers, and what is refused."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from hashlib import md5
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from creatives.models import Offer
from kaireon import clock
from kaireon.tenancy import Role, Tenant
from tests.conftest import Catalogue, Door
from tests.decisioning.conftest import Happened
from tests.witness import stored

PATH = "contact-policies/impact-preview"
CAP = {"maxFrequency": 2, "periodDays": 30, "outcomeType": "impression"}
NOTHING: dict[str, Any] = {
    "totalCustomersAnalyzed": 0,
    "customersAffected": 0,
    "affectedPercent": 0.0,
    "offersSuppressed": {},
    "avgOffersBeforePolicy": 0.0,
    "avgOffersAfterPolicy": 0.0,
    "topAffectedSegments": [],
}

Ago = Callable[[float], Any]


def ask(door: Door, **body: Any) -> tuple[int, Any]:
    return door("POST", PATH, {"policyType": "frequency_cap", "config": CAP, **body})


def answer(door: Door, **body: Any) -> Any:
    status, found = ask(door, **body)
    assert status == 200, found
    return found


def faults(door: Door, **body: Any) -> dict[str, str]:
    before = stored()
    status, refused = ask(door, **body)
    assert (status, refused["error"]["code"]) == (400, "VALIDATION_ERROR"), refused
    assert stored() == before
    return {detail["field"]: detail["message"] for detail in refused["error"]["details"]}


@pytest.fixture
def ago() -> Ago:
    """An instant so many days ago; the clock is read once."""
    now = clock.now()
    return lambda days: now - timedelta(days=days)


def test_the_answer_is_the_contracts(viewer: Door, admin: Door, catalogue: Catalogue, happened: Happened, ago: Ago):
    other = admin.make("offers", name="Mortgage Refi", status="active")["id"]
    for customer, segments in (("ada", ["vip", "news"]), ("bob", ["news"]), ("eve", ["idle"]), ("zoe", ["news"])):
        for segment in segments:
            admin("POST", "segments", {"name": segment})
        assert admin("PUT", f"customers/{customer}", {"segments": segments})[0] == 201
    for day in (5, 4, 3, 2, 1):
        happened(ago(day), customer="ada", **({"offer_key": Offer.id_kind.decode(other)} if day == 1 else {}))
    for day in (9, 8, 7):
        happened(ago(day), customer="bob")
    happened(ago(3), customer="eve")
    happened(ago(29), customer="fay", outcome="click")  # active, though no contact counts
    happened(ago(31), customer="zoe")  # not active
    happened(ago(1), customer="zoe", void=True)
    assert answer(viewer) == {
        "totalCustomersAnalyzed": 4,
        "customersAffected": 2,
        "affectedPercent": 50.0,
        "offersSuppressed": {"Platinum Card Upgrade": 3, "Mortgage Refi": 1},
        "avgOffersBeforePolicy": 2.3,
        "avgOffersAfterPolicy": 1.3,
        "topAffectedSegments": [
            {"segment": "news", "affected": 2, "total": 2},
            {"segment": "vip", "affected": 1, "total": 1},
        ],
    }


def test_without_a_history_everything_is_nothing(viewer: Door):
    assert answer(viewer) == NOTHING
    assert answer(viewer, population="all") == NOTHING
    assert answer(viewer, policyType="cooldown", config={"cooldownHours": 24, "periodDays": 7}) == NOTHING


def test_the_lookback_begins_to_the_millisecond(viewer: Door, happened: Happened):
    happened(clock.now() - timedelta(days=1) + timedelta(seconds=60), customer="inside")
    happened(clock.now() - timedelta(days=1), customer="outside")
    assert answer(viewer, config={**CAP, "periodDays": 1})["totalCustomersAnalyzed"] == 1
    assert answer(viewer, config={**CAP, "periodDays": 365})["totalCustomersAnalyzed"] == 2


def test_a_cap_of_one_keeps_the_first_contact_of_each(viewer: Door, happened: Happened, ago: Ago):
    for day in (3, 2, 1):
        happened(ago(day), customer="ada")
    found = answer(viewer, config={**CAP, "maxFrequency": 1})
    assert found["offersSuppressed"] == {"Platinum Card Upgrade": 2}
    assert (found["avgOffersBeforePolicy"], found["avgOffersAfterPolicy"]) == (3.0, 1.0)
    assert answer(viewer, config={**CAP, "maxFrequency": 3})["customersAffected"] == 0


@pytest.mark.parametrize("most", [2**63, 10**30])
def test_a_cap_beyond_all_counting_suppresses_nothing(viewer: Door, happened: Happened, ago: Ago, most: int):
    for day in (3, 2, 1):
        happened(ago(day))
    suppressed = [
        answer(viewer, config={**CAP, "maxFrequency": most}),
        answer(viewer, policyType="customer_total_cap", config={"maxTotal": most, "periodDays": 30}),
    ]
    assert [(found["totalCustomersAnalyzed"], found["offersSuppressed"]) for found in suppressed] == [(1, {}), (1, {})]


def test_a_contact_dated_later_than_now_counts_as_now(viewer: Door, happened: Happened, ago: Ago):
    happened(ago(-0.5))
    happened(ago(1))
    assert answer(viewer, config={**CAP, "maxFrequency": 1})["customersAffected"] == 1


def test_offers_of_one_name_count_together_and_contacts_without_an_offer_by_themselves(
    viewer: Door, admin: Door, catalogue: Catalogue, happened: Happened, ago: Ago
):
    assert admin("DELETE", f"offers/{catalogue.offer}")[0] == 200
    twin = Offer.id_kind.decode(admin.make("offers", name="Platinum Card Upgrade")["id"])
    happened(ago(9))
    happened(ago(8))
    happened(ago(7), offer_key=twin)
    happened(ago(6), offer_key=None)
    found = answer(viewer, config={**CAP, "maxFrequency": 1})
    assert found["offersSuppressed"] == {"Platinum Card Upgrade": 2, "(no offer)": 1}


def test_any_outcome_can_be_counted_and_an_unknown_one_is_pointed_out(viewer: Door, happened: Happened, ago: Ago):
    for day in (3, 2, 1):
        happened(ago(day), outcome="click")
    found = answer(viewer, config={**CAP, "outcomeType": "click"})
    assert (found["customersAffected"], found["offersSuppressed"]) == (1, {"Platinum Card Upgrade": 1})
    found = answer(viewer, config={**CAP, "outcomeType": "nod"}, colour="red")
    assert found.pop("warnings") == [
        'The field "colour" is unknown and was ignored.',
        'config.outcomeType names the outcome "nod", which does not exist (yet).',
    ]
    assert found == NOTHING | {"totalCustomersAnalyzed": 1}


@pytest.mark.parametrize(("scope", "affected"), [("offer", 1), ("category", 1), ("channel", 1)])
def test_a_scope_counts_its_own_contacts_only(
    viewer: Door, catalogue: Catalogue, happened: Happened, ago: Ago, scope: str, affected: int
):
    for day in (3, 2, 1):
        happened(ago(day), customer="ada")
        happened(ago(day), customer="bob", offer_key=None, category_key=None, channel_key=None)
    found = answer(viewer, scope=scope, scopeId=getattr(catalogue, scope))
    assert (found["totalCustomersAnalyzed"], found["customersAffected"]) == (2, affected)
    assert found["avgOffersBeforePolicy"] == 1.5
    assert answer(viewer, scope="global", scopeId=None)["customersAffected"] == 2


def test_each_of_a_kind_has_a_count_of_its_own(
    viewer: Door, admin: Door, catalogue: Catalogue, happened: Happened, ago: Ago
):
    other = Offer.id_kind.decode(admin.make("offers", name="Other")["id"])
    for day in (4, 3):
        happened(ago(day))
        happened(ago(day), offer_key=other)
    assert answer(viewer, scope="offer", scopeId="*")["customersAffected"] == 0
    happened(ago(2), offer_key=other)
    assert answer(viewer, scope="offer", scopeId="*")["offersSuppressed"] == {"Other": 1}


def test_history_of_another_tenant_is_never_looked_at(
    viewer: Door, stranger: Door, happened: Happened, ago: Ago, foreign_tenant: Tenant
):
    for day in (3, 2, 1):
        happened(ago(day), tenant=foreign_tenant)
    assert answer(viewer, population="all") == NOTHING
    assert answer(viewer) == NOTHING
    assert answer(stranger)["customersAffected"] == 1


def test_every_faulty_field_is_named_at_once(viewer: Door):
    found = faults(
        viewer,
        policyType="time_window",
        scope="creative",
        config={"periodDays": 366},
        sampleSize=99,
        population="some",
    )
    assert found == {
        "policyType": '"time_window" is none of: frequency_cap, cooldown, outcome_based, cross_channel_cap, '
        "customer_total_cap, offer_category_cap.",
        "scope": '"creative" is none of: global, offer, category, channel.',
        "config.periodDays": "366 is not an integer from 1 to 365; give one of these",
        "sampleSize": "99 is out of range; send a number from 100 to 10000.",
        "population": '"some" is none of: sample, all.',
    }
    found = faults(viewer, scope="offer", config={"maxFrequency": 0, "periodDays": 0})
    assert list(found) == ["scopeId", "config.maxFrequency", "config.periodDays", "config.outcomeType"]
    assert list(faults(viewer, config=None, policyType=None)) == ["policyType", "config"]
    assert list(faults(viewer, policyType="cooldown", config={"cooldownHours": -1})) == [
        "config.cooldownHours",
        "config.periodDays",
    ]


@pytest.mark.parametrize(
    ("field", "value", "fine"),
    [
        ("maxFrequency", 1, True),
        ("maxFrequency", 0, False),
        ("maxFrequency", "2", False),
        ("maxFrequency", 1.5, False),
        ("periodDays", 1, True),
        ("periodDays", 365, True),
        ("periodDays", 0, False),
        ("periodDays", 366, False),
        ("outcomeType", "", False),
        ("outcomeType", None, False),
    ],
)
def test_the_config_has_bounds(viewer: Door, field: str, value: Any, fine: bool):
    config = {**CAP, field: value}
    if fine:
        assert answer(viewer, config=config) == NOTHING
    else:
        assert list(faults(viewer, config=config)) == [f"config.{field}"]


@pytest.mark.parametrize(("size", "fine"), [(100, True), (10_000, True), (99, False), (10_001, False), ("100", False)])
def test_the_sample_has_bounds(viewer: Door, size: Any, fine: bool):
    if fine:
        assert answer(viewer, sampleSize=size) == NOTHING
    else:
        assert list(faults(viewer, sampleSize=size)) == ["sampleSize"]


def test_a_scope_must_name_a_live_row_of_the_tenant(viewer: Door, stranger: Door, admin: Door, catalogue: Catalogue):
    foreign = stranger.make("offers", name="Theirs")["id"]
    assert faults(viewer, scope="offer", scopeId=foreign) == {
        "scopeId": f'There is no live offer with the id "{foreign}".'
    }
    assert list(faults(viewer, scope="offer", scopeId=catalogue.channel)) == ["scopeId"]
    assert list(faults(viewer, scope="channel", scopeId="")) == ["scopeId"]
    assert admin("DELETE", f"offers/{catalogue.offer}")[0] == 200
    assert list(faults(viewer, scope="offer", scopeId=catalogue.offer)) == ["scopeId"]
    config = {"maxTotal": 1, "appliesAcross": [foreign], "periodDays": 7}
    assert list(faults(viewer, policyType="cross_channel_cap", config=config)) == ["config.appliesAcross"]
    found = answer(viewer, scope="global", scopeId="off_1")
    assert found["warnings"] == ['A global scope has no scopeId; "off_1" was ignored.']


def test_what_is_no_json_object_is_refused_as_everywhere(viewer: Door):
    headers = {"headers": viewer.headers}
    response = viewer.client.post(f"/api/v1/{PATH}", "policyType=x", content_type="text/plain", **headers)
    assert response.status_code == 415
    assert viewer("POST", PATH, [1])[0] == 400
    assert viewer("POST", f"{PATH}?sampleSize=200", {})[0] == 400
    assert viewer("GET", PATH)[0] == 405


def test_the_sample_is_the_same_every_time_and_on_every_database(viewer: Door, happened: Happened, ago: Ago):
    for number in range(150):
        for _ in range(1 + number % 3):
            happened(ago(1 + number % 20), customer=f"customer {number}")
    found = answer(viewer, sampleSize=100)
    assert found == answer(viewer, sampleSize=100)
    drawn = sorted(range(150), key=lambda number: md5(f"impact-preview customer {number}".encode()).hexdigest())[:100]
    three_times = sum(number % 3 == 2 for number in drawn)
    assert (found["totalCustomersAnalyzed"], found["customersAffected"]) == (100, three_times) == (100, 35)
    assert answer(viewer, population="all")["totalCustomersAnalyzed"] == 150


def test_the_number_of_queries_is_that_of_the_question(viewer: Door, happened: Happened, ago: Ago):
    def queries() -> int:
        with CaptureQueriesContext(connection) as seen:
            answer(viewer)
        return len(seen)

    for day in (3, 2, 1):
        happened(ago(day))
    answer(viewer)  # the first use of a key is noted
    few = queries()
    for number in range(30):
        for day in (3, 2, 1):
            happened(ago(day), customer=f"customer {number}")
    assert queries() == few


@pytest.mark.parametrize(
    ("role", "status"), [(Role.VIEWER, 200), (Role.EDITOR, 200), (Role.ADMIN, 200), (Role.DELIVERY, 403)]
)
def test_whoever_may_read_may_preview(as_role: Callable[[str], Door], role: str, status: int):
    assert ask(as_role(role))[0] == status
