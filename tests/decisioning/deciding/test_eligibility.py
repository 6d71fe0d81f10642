"""Why not: every creative of an offer held against every policy."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from decisioning.contacts.ledgers import refill
from decisioning.models import Interaction
from kaireon.tenancy import Tenant
from tests.conftest import Door
from tests.decisioning.deciding.test_recommend import Shop

pytestmark = pytest.mark.django_db

HOUR_AGO = datetime.now(UTC).replace(microsecond=0) - timedelta(hours=1)


@pytest.fixture
def shop(admin: Door) -> Shop:
    return Shop(admin)


def contacted(tenant: Tenant, at: datetime = HOUR_AGO) -> None:
    Interaction.objects.create(tenant=tenant, customer_id="a/b", at=at, outcome="impression", label="", recorded_at=at)
    refill(tenant, ["a/b"])


def verdicts(creative: Any) -> dict[str, str]:
    return {policy["policyName"]: policy["verdict"] for policy in creative["policies"]}


def test_each_policy_passed_blocked_or_was_skipped(shop: Shop, viewer: Door, tenant: Tenant) -> None:
    offer, other = shop.offer("Card", 50), shop.offer("Loan", 40)
    shop.policy("cooldown", {"cooldownHours": 24}, name="rest", priority=90)
    shop.policy("customer_total_cap", {"maxTotal": 5}, name="budget", priority=80)
    shop.policy("segment_exclusion", {"excludeSegments": ["x"]}, name="else", scope="offer", scopeId=other["id"])
    contacted(tenant)
    status, answer = viewer("GET", f"customers/a%2Fb/why-not/{offer['id']}")
    assert status == 200
    [creative] = answer["creatives"]
    assert list(verdicts(creative).items()) == [("rest", "blocked"), ("budget", "passed"), ("else", "skipped")]
    assert (creative["allowed"], creative["inInventory"], creative["absences"]) == (False, True, [])
    lifts = (HOUR_AGO + timedelta(hours=24)).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    assert creative["freeAt"] == lifts
    [reason] = creative["policies"][0]["reasons"]
    assert (reason["reason"].endswith("; the pause is 24 hours"), reason["freeAt"]) == (True, lifts)


def test_it_can_look_back(shop: Shop, viewer: Door, tenant: Tenant) -> None:
    offer = shop.offer("Card", 50)
    shop.policy("cooldown", {"cooldownHours": 24}, name="rest")
    contacted(tenant)
    before = (HOUR_AGO - timedelta(minutes=1)).isoformat().replace("+00:00", "Z")
    _, answer = viewer("GET", f"customers/a%2Fb/why-not/{offer['id']}?asOf={before}")
    assert verdicts(answer["creatives"][0]) == {"rest": "passed"}
    assert answer["creatives"][0]["allowed"]


def test_eligibility_tells_of_the_whole_inventory(shop: Shop, viewer: Door, admin: Door) -> None:
    shop.offer("Card", 50)
    paused = shop.offer("Loan", 40)
    admin("PUT", f"offers/{paused['id']}", {"status": "paused"})
    _, answer = viewer("GET", "customers/ada/eligibility")
    assert [creative["offerName"] for creative in answer["creatives"]] == ["Card"]
    _, answer = viewer("GET", f"customers/ada/why-not/{paused['id']}")
    assert [(creative["allowed"], creative["absences"]) for creative in answer["creatives"]] == [
        (False, ["Its offer is paused."])
    ]


@pytest.mark.parametrize("query", ["asOf=yesterday", "asOf=2999-01-01T00:00:00Z", "asOf=1969-01-01T00:00:00Z", "x=1"])
def test_a_faulty_question_is_refused(shop: Shop, viewer: Door, query: str) -> None:
    offer = shop.offer("Card", 50)
    assert viewer("GET", f"customers/ada/why-not/{offer['id']}?{query}")[0] == 400


def test_an_unknown_or_foreign_offer_is_not_found(shop: Shop, viewer: Door, stranger: Door) -> None:
    offer = shop.offer("Card", 50)
    assert viewer("GET", "customers/ada/why-not/off_nothing")[0] == 404
    assert stranger("GET", f"customers/ada/why-not/{offer['id']}")[0] == 404
