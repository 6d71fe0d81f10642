"""`POST /recommend`: the best creatives a customer may see now, stored as decided."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from threading import Thread
from typing import Any

import pytest
from django.db import connection
from django.test import Client

from decisioning.contacts.ledgers import refill
from decisioning.models import Decision, IdempotencyKey, Interaction, Reservation
from kaireon.access import create_tenant
from kaireon.tenancy import Tenant
from tests.conftest import Door, door_for

pytestmark = pytest.mark.django_db


class Shop:
    """A small catalogue, made through the API."""

    def __init__(self, door: Door) -> None:
        self.door = door
        self.email = door.make("channels", name="Email", status="active")
        self.web = door.make("channels", name="Web", channelType="web", impressionMode="implicit", status="active")
        self.hero = door.make("placements", name="Hero", channelId=self.web["id"])
        self.side = door.make("placements", name="Side", channelId=self.web["id"], maxSlots=2)

    def offer(self, name: str, priority: int, *, on: Any = None, placement: Any = None, **creative: Any) -> Any:
        """An active offer with one active creative."""
        offer = self.door.make("offers", name=name, priority=priority, status="active")
        self.creative(name, offer, on=on, placement=placement, **creative)
        return offer

    def creative(self, name: str, offer: Any, *, on: Any = None, placement: Any = None, **own: Any) -> Any:
        """One more active creative."""
        return self.door.make(
            "creatives",
            name=name,
            offerId=offer["id"],
            channelId=(on or self.email)["id"],
            placementId=placement and placement["id"],
            status="active",
            **own,
        )

    def policy(self, rule_type: str, config: Any, **own: Any) -> Any:
        """An active policy, global unless said otherwise."""
        named = {"name": f"{rule_type} {len(own)} {sorted(config)}", "scope": "global"} | own
        return self.door.make("contact-policies", ruleType=rule_type, config=config, **named)


@pytest.fixture
def shop(admin: Door) -> Shop:
    return Shop(admin)


def recommended(door: Door, **body: Any) -> Any:
    status, answer = door("POST", "recommend", {"customerId": "ada", **body})
    assert status == 200, answer
    return answer


def names(answer: Any) -> list[str]:
    return [line["offerName"] for line in answer["decisions"]]


def test_the_answer_is_whole(shop: Shop, delivery: Door, tenant: Tenant) -> None:
    offer = shop.offer(
        "Card",
        80,
        content={"subject": "For {name}", "body": "<b>{name}</b>", "ctaUrl": "https://x.test/?n={name}"},
        personalization=[{"variable": "name", "fallback": "you", "source": "attributes.name"}],
    )
    answer = recommended(delivery, attributes={"name": "A&B"})
    [line] = answer["decisions"]
    assert line["content"] == {
        "subject": "For A&B",
        "body": "<b>A&amp;B</b>",
        "ctaUrl": "https://x.test/?n=A%26B",
    }
    assert {key: line[key] for key in ("rank", "offerId", "offerName", "categoryName", "score", "interactionId")} == {
        "rank": 1,
        "offerId": offer["id"],
        "offerName": "Card",
        "categoryName": None,
        "score": 0.8,
        "interactionId": None,
    }
    meta = answer["meta"]
    assert (answer["count"], answer["placements"], meta["candidates"], meta["suppressed"]) == (1, {}, 1, 0)
    assert (meta["flowVersion"], meta["freeAt"]) == (None, None)
    assert Decision.objects.of(tenant).count() == 1


def test_offers_come_by_score_once_each_up_to_the_limit(shop: Shop, admin: Door) -> None:
    for name, priority in (("low", 10), ("high", 90), ("middle", 50)):
        shop.offer(name, priority)
    assert names(recommended(admin)) == ["high", "middle", "low"]
    assert names(recommended(admin, limit=2)) == ["high", "middle"]


def test_equal_scores_prefer_the_older_offer(shop: Shop, admin: Door) -> None:
    for name in ("first", "second", "third"):
        shop.offer(name, 50)
    assert names(recommended(admin)) == ["first", "second", "third"]


def test_limits_hold_within_one_response(shop: Shop, admin: Door) -> None:
    for name, priority in (("a", 30), ("b", 90), ("c", 60)):
        shop.offer(name, priority)
    shop.policy("customer_total_cap", {"maxTotal": 1, "periodType": "daily"})
    assert names(recommended(admin)) == ["b"]


def test_an_empty_result_says_when_it_could_be_otherwise(shop: Shop, admin: Door, tenant: Tenant) -> None:
    offer = shop.offer("Card", 50)
    shop.policy("cooldown", {"cooldownHours": 24})
    at = datetime.now(UTC).replace(microsecond=0) - timedelta(hours=1)
    Interaction.objects.create(tenant=tenant, customer_id="ada", at=at, outcome="impression", label="", recorded_at=at)
    refill(tenant, ["ada"])
    answer = recommended(admin, debug=True)
    assert (answer["count"], answer["meta"]["suppressed"]) == (0, 1)
    free_at = (at + timedelta(hours=24)).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    assert answer["meta"]["freeAt"] == free_at
    [suppressed] = answer["trace"]["suppressed"]
    assert (suppressed["offerId"], suppressed["freeAt"]) == (offer["id"], free_at)
    assert [reason["ruleType"] for reason in suppressed["reasons"]] == ["cooldown"]


def test_placements_are_filled_for_the_best_total(shop: Shop, admin: Door) -> None:
    shop.offer("anywhere", 90, on=shop.web)
    shop.offer("hero only", 80, on=shop.web, placement=shop.hero)
    shop.offer("side only", 10, on=shop.web, placement=shop.side)
    answer = recommended(admin, placements=["Hero", shop.side["id"]], dryRun=True)
    where = {line["offerName"]: line["placementId"] for line in answer["decisions"]}
    assert where == {
        "anywhere": shop.side["id"],
        "hero only": shop.hero["id"],
        "side only": shop.side["id"],
    }
    assert answer["placements"] == {
        shop.hero["id"]: {"count": 1, "ranks": [2]},
        shop.side["id"]: {"count": 2, "ranks": [1, 3]},
    }


def test_being_recommended_on_an_implicit_channel_is_the_contact(shop: Shop, admin: Door, tenant: Tenant) -> None:
    shop.offer("Card", 50, on=shop.web)
    shop.policy("frequency_cap", {"maxPerDay": 2})
    first, second, third = (recommended(admin, campaignId="spring") for _ in range(3))
    assert [answer["count"] for answer in (first, second, third)] == [1, 1, 0]
    stored = Interaction.objects.of(tenant).order_by("pk")
    assert [row.public_id for row in stored] == [answer["decisions"][0]["interactionId"] for answer in (first, second)]
    assert {(row.outcome, row.campaign_id, row.customer_id) for row in stored} == {("impression", "spring", "ada")}


def test_a_rehearsal_stores_nothing_and_may_look_back(shop: Shop, admin: Door, tenant: Tenant) -> None:
    shop.offer("Card", 50, on=shop.web)
    past = "2026-01-01T00:00:00.000Z"
    answer = recommended(admin, dryRun=True, asOf=past)
    assert (answer["recommendationId"], answer["meta"]["decidedAt"]) == (None, past)
    assert (Decision.objects.count(), Interaction.objects.count()) == (0, 0)


def test_a_retry_gets_the_first_answer(shop: Shop, admin: Door) -> None:
    shop.offer("Card", 50, on=shop.web)
    ask = {"customerId": "ada"}
    first = admin("POST", "recommend", ask, **{"Idempotency-Key": "k"})
    again = admin("POST", "recommend", ask, **{"Idempotency-Key": "k"})
    assert again == (200, first[1] | {"duplicate": True})
    assert Interaction.objects.count() == 1
    status, refused = admin("POST", "recommend", {"customerId": "bob"}, **{"Idempotency-Key": "k"})
    assert (status, refused["error"]["code"]) == (409, "CONFLICT")
    assert Interaction.objects.count() == 1


def test_what_is_kept_for_a_retry_takes_little_room_however_much_was_answered(shop: Shop, admin: Door) -> None:
    for number in range(5):
        shop.offer(f"Card {number}", 50, content={"subject": f"Card {number}", "body": "<p>It can do a lot.</p>" * 9})
    first = admin("POST", "recommend", {"customerId": "ada"}, **{"Idempotency-Key": "k"})
    assert first[1]["count"] == 5
    assert len(IdempotencyKey.objects.get().answer) * 3 < len(json.dumps(first[1]))
    assert admin("POST", "recommend", {"customerId": "ada"}, **{"Idempotency-Key": "k"})[1] == {
        **first[1],
        "duplicate": True,
    }


def test_a_decision_reads_back_as_decided_whatever_changed(shop: Shop, admin: Door) -> None:
    offer = shop.offer("Card", 50, content={"subject": "Hi"})
    shop.offer("Loan", 40)
    policy = shop.policy(
        "time_window", {"daysOfWeek": ["Monday"], "timezone": "UTC"}, scope="offer", scopeId=offer["id"]
    )
    answer = recommended(admin, debug=True)
    admin("PUT", f"offers/{offer['id']}", {"name": "Renamed"})
    admin("PUT", f"contact-policies/{policy['id']}", {"config": {"startHour": 3}, "name": "Edited"})
    admin("DELETE", f"contact-policies/{policy['id']}")
    admin("DELETE", f"offers/{offer['id']}")
    status, read = admin("GET", f"decisions/{answer['recommendationId']}")
    assert (status, read) == (200, answer)


def test_variants_rotate_stably(shop: Shop, admin: Door) -> None:
    offer = shop.offer("Card", 50, abTestVariant="a")
    shop.creative("Card b", offer, abTestVariant="b")
    chosen = [
        recommended(admin, customerId=f"c{number % 40}", dryRun=True)["decisions"][0]["abTestVariant"]
        for number in range(80)
    ]
    assert chosen[:40] == chosen[40:]
    assert set(chosen) == {"a", "b"}


@pytest.mark.parametrize(
    ("body", "status", "field"),
    [
        ({}, 400, "customerId"),
        ({"customerId": ""}, 400, "customerId"),
        ({"customerId": "ada", "limit": 0}, 400, "limit"),
        ({"customerId": "ada", "limit": 51}, 400, "limit"),
        ({"customerId": "ada", "attributes": []}, 400, "attributes"),
        ({"customerId": "ada", "asOf": "2026-01-01T00:00:00Z"}, 400, "asOf"),
        ({"customerId": "ada", "dryRun": True, "asOf": "2999-01-01T00:00:00Z"}, 400, "asOf"),
        ({"customerId": "ada", "placements": ["Nowhere"]}, 400, "placements"),
        ({"customerId": "ada", "channelId": "ch_nothing"}, 400, "channelId"),
        ({"customerId": "ada", "reserve": 0}, 400, "reserve"),
        ({"customerId": "ada", "propensityScores": {"off_1": "high"}}, 400, "propensityScores.off_1"),
        ({"customerId": "ada", "decisionFlowKey": "nothing"}, 404, None),
    ],
)
def test_a_faulty_request_is_refused_by_name(
    shop: Shop, admin: Door, body: dict[str, Any], status: int, field: str | None
) -> None:
    found, answer = admin("POST", "recommend", body)
    assert found == status
    assert [detail["field"] for detail in answer["error"]["details"]] == ([field] if field else [])
    assert Decision.objects.count() == 0


def test_a_placement_of_another_channel_is_refused(shop: Shop, admin: Door) -> None:
    status, answer = admin(
        "POST", "recommend", {"customerId": "ada", "channelId": shop.email["id"], "placement": shop.hero["id"]}
    )
    assert (status, answer["error"]["details"][0]["field"]) == (400, "placement")


def test_nobody_sees_another_tenants_decision(shop: Shop, admin: Door, stranger: Door) -> None:
    shop.offer("Card", 50)
    answer = recommended(admin)
    assert stranger("GET", f"decisions/{answer['recommendationId']}")[0] == 404


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("how", ["implicit", "reserved"])
def test_a_cap_holds_however_many_decide_at_once(live_server: Any, how: str) -> None:
    door = door_for(create_tenant(key="acme", name="Acme"), "admin")
    shop = Shop(door)
    shop.offer("Card", 50, on=shop.web if how == "implicit" else shop.email)
    shop.policy("frequency_cap", {"maxPerDay": 3})
    assert at_once(door, customers=["ada"] * 12, reserve=how == "reserved") == [0] * 9 + [1] * 3
    assert Interaction.objects.count() + Reservation.objects.count() == 3


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("scope", [{"scope": "global"}, {"scope": "offer", "scopeId": "*"}])
def test_a_budget_is_never_exceeded_however_many_customers_decide_at_once(live_server: Any, scope: Any) -> None:
    door = door_for(create_tenant(key="acme", name="Acme"), "admin")
    shop = Shop(door)
    shop.offer("Card", 50)
    shop.policy("budget_exhausted", {"budgetField": "impressions", "threshold": 5}, **scope)
    assert at_once(door, customers=[f"c{number}" for number in range(12)], reserve=True) == [0] * 7 + [1] * 5
    assert Reservation.objects.count() == 5


def at_once(door: Door, *, customers: list[str], reserve: bool) -> list[int]:
    """How many decisions each customer got, all having asked at once."""
    counts: list[int] = []

    def decide(customer: str) -> None:
        counts.append(recommended(Door(Client(), door.headers), customerId=customer, reserve=reserve)["count"])
        connection.close()

    threads = [Thread(target=decide, args=[customer]) for customer in customers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return sorted(counts)
