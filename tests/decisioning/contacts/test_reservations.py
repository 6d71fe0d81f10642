"""Reservations: a decision takes its place in every limit at once, and the place is settled once."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from io import StringIO
from typing import Any

import pytest
from django.core.management import call_command
from django.db import transaction

from decisioning.contacts import budgets
from decisioning.contacts.ledgers import faults, refill
from decisioning.models import BudgetTotal, ContactLedger, Interaction, Reservation
from kaireon import clock
from kaireon.access import create_tenant
from kaireon.tenancy import Tenant
from tests.conftest import Catalogue, Door, catalogue_through, door_for
from tests.decisioning.conftest import asked
from tests.decisioning.running import started
from tests.witness import stored

pytestmark = pytest.mark.django_db

CAP = {"name": "Two", "ruleType": "frequency_cap", "config": {"maxPerDay": 2}, "scope": "global"}


def recommended(door: Door, *, status: int = 200, **body: Any) -> Any:
    answered, answer = door("POST", "recommend", {"customerId": "ada", "reserve": True, **body})
    assert answered == status, answer
    return answer


def responded(door: Door, decided: Any, outcome: str) -> Any:
    report = {"customerId": "ada", "recommendationId": decided["recommendationId"], "rank": 1, "outcome": outcome}
    status, answer = door("POST", "respond", report)
    assert status == 201, answer
    return answer


def time_passes(tenant: Tenant) -> None:
    """Lets every open reservation run out, as an hour would."""
    for place in Reservation.objects.of(tenant):
        place.expires_at -= timedelta(hours=1)
        place.save()
    with_places = set(Reservation.objects.of(tenant).values_list("customer_id", flat=True))
    with transaction.atomic():
        refill(tenant, with_places)


@pytest.fixture
def capped(admin: Door, catalogue: Catalogue) -> Door:
    admin.make("contact-policies", **CAP)
    return admin


def test_a_place_counts_at_once_and_says_until_when(capped: Door, tenant: Tenant, catalogue: Catalogue) -> None:
    first = recommended(capped)
    [line] = first["decisions"]
    until = clock.parse(line["reservedUntil"])
    assert until == clock.parse(first["meta"]["decidedAt"]) + timedelta(minutes=15)
    short = recommended(capped, reserve=60)
    [line] = short["decisions"]
    refused = recommended(capped)
    assert (refused["count"], refused["meta"]["freeAt"]) == (0, line["reservedUntil"])
    [result] = asked(capped)["results"]
    assert [(reason["evidence"]["actual"], reason["freeAt"]) for reason in result["reasons"]] == [
        (2, line["reservedUntil"])
    ]
    assert asked(capped, customerId="bob")["results"][0]["allowed"] is True
    assert list(faults(tenant, ["ada"])) == []
    _, back = capped("GET", f"decisions/{short['recommendationId']}")
    back.pop("trace")
    assert back == short


def test_without_reserve_nothing_is_taken(capped: Door) -> None:
    for body in ({"reserve": False}, {"reserve": None}, {"reserve": True, "dryRun": True}):
        for _ in range(3):
            assert recommended(capped, **body)["count"] == 1
    assert Reservation.objects.count() == 0


@pytest.mark.parametrize("reserve", [0, 86_401, -1, "yes", 1.5, []])
def test_a_strange_reservation_is_refused_by_name(capped: Door, reserve: Any) -> None:
    before = stored()
    answer = recommended(capped, status=400, reserve=reserve)
    assert [detail["field"] for detail in answer["error"]["details"]] == ["reserve"]
    assert stored() == before


def test_an_impression_commits_the_place(capped: Door, tenant: Tenant) -> None:
    decided = recommended(capped)
    assert responded(capped, decided, "impression")["warnings"] == []
    assert Reservation.objects.get().state == "committed"
    time_passes(tenant)
    [result] = asked(capped)["results"]
    assert result["allowed"] is True
    recommended(capped)
    [result] = asked(capped)["results"]
    assert [reason["evidence"]["actual"] for reason in result["reasons"]] == [2]
    assert list(faults(tenant, ["ada"])) == []


@pytest.mark.parametrize("outcome", ["not_presented", "expired"])
def test_a_released_place_is_free_at_once(capped: Door, tenant: Tenant, outcome: str) -> None:
    first, _ = recommended(capped), recommended(capped)
    assert recommended(capped)["count"] == 0
    responded(capped, first, outcome)
    assert Reservation.objects.filter(state="released").count() == 1
    assert recommended(capped)["count"] == 1
    assert list(faults(tenant, ["ada"])) == []


def test_a_lapsed_place_never_counts_and_late_truth_is_recorded(capped: Door, tenant: Tenant) -> None:
    first, _ = recommended(capped), recommended(capped)
    time_passes(tenant)
    assert asked(capped)["results"][0]["allowed"] is True  # before anybody has settled it
    said = StringIO()
    call_command("expire_reservations", tenant="acme", verbosity=0, stdout=said)
    assert said.getvalue().strip() == "acme: 2 lapsed, 0 settled meanwhile"
    assert set(Reservation.objects.values_list("state", flat=True)) == {"lapsed"}
    assert bytes(ContactLedger.objects.get().holds) == b""
    late = responded(capped, first, "impression")
    assert late["warnings"] == ["Of rank 1 the reservation had lapsed before; what happened is recorded all the same."]
    assert Interaction.objects.filter(void=False).count() == 1
    said = StringIO()
    call_command("expire_reservations", tenant="acme", verbosity=0, stdout=said)
    assert said.getvalue().strip() == "acme: nothing to do"


def test_an_impression_after_the_window_its_place_was_counted_in_counts_when_it_happened(
    capped: Door, tenant: Tenant
) -> None:
    first = recommended(capped, reserve=60)
    then = clock.parse(first["meta"]["decidedAt"])
    place = Reservation.objects.get()
    place.reserved_at, place.expires_at = (at - timedelta(hours=25) for at in (place.reserved_at, place.expires_at))
    place.save()
    refill(tenant, ["ada"])
    body = {"customerId": "ada", "recommendationId": first["recommendationId"], "rank": 1, "outcome": "impression"}
    late = {**body, "timestamp": clock.text(then - timedelta(hours=25))}
    status, answer = capped("POST", "respond", late)
    assert (status, len(answer["warnings"])) == (201, 1)
    assert answer["timestamp"] == late["timestamp"]
    assert [recommended(capped)["count"] for _ in range(3)] == [1, 1, 0]  # it is in nobody's way any more
    assert capped("POST", "respond", body)[0] == 200  # and one contact, however often it is reported
    assert Interaction.objects.count() == 1
    assert list(faults(tenant, ["ada"])) == []


@pytest.mark.django_db(transaction=True)
def test_two_processes_that_expire_the_same_places_settle_each_once() -> None:
    company = create_tenant(key="acme", name="Acme")
    admin = door_for(company, "admin")
    catalogue_through(admin)
    config = {"budgetField": "impressions", "threshold": 1000}
    admin.make("contact-policies", name="In all", ruleType="budget_exhausted", config=config, scope="global")
    customers = [f"customer {number}" for number in range(30)]
    for customer in customers:
        recommended(admin, customerId=customer)
    assert sum(row.reserved_impressions for row in BudgetTotal.objects.of(company)) == 30
    time_passes(company)
    processes = [started("expire_reservations", "--batch-size=1") for _ in range(2)]
    assert [process.wait(timeout=120) for process in processes] == [0, 0]
    assert set(Reservation.objects.values_list("state", flat=True)) == {"lapsed"}
    assert sum(row.reserved_impressions for row in BudgetTotal.objects.of(company)) == 0
    assert set(map(bytes, ContactLedger.objects.values_list("holds", flat=True))) == {b""}
    assert list(faults(company, customers)) == []


def test_places_survive_a_rebuild_of_the_ledger(capped: Door, tenant: Tenant) -> None:
    for _ in range(2):
        recommended(capped)
    ContactLedger.objects.all().delete()
    call_command("rebuild_ledgers", tenant="acme", verbosity=0, stdout=StringIO())
    assert list(faults(tenant, ["ada"])) == []
    assert recommended(capped)["count"] == 0


def test_a_budget_counts_what_is_reserved(admin: Door, tenant: Tenant, catalogue: Catalogue) -> None:
    config = {"budgetField": "impressions", "threshold": 2}
    admin.make("contact-policies", name="Two in all", ruleType="budget_exhausted", config=config, scope="global")
    customers = ["ada", "bob", "cy"]
    counts = [recommended(admin, customerId=customer)["count"] for customer in customers]
    assert counts == [1, 1, 0]
    [result] = asked(admin, customerId="eve")["results"]
    evidence = result["reasons"][0]["evidence"]
    assert (evidence["actual"], result["allowed"]) == (2, False)
    rows = BudgetTotal.objects.of(tenant)
    assert sum(row.reserved_impressions for row in rows) == 2
    time_passes(tenant)
    call_command("expire_reservations", tenant="acme", verbosity=0, stdout=StringIO())
    assert sum(row.reserved_impressions for row in BudgetTotal.objects.of(tenant)) == 0
    assert recommended(admin, customerId="cy")["count"] == 1
    before = sorted(BudgetTotal.objects.of(tenant).values_list("dimension", "key", "reserved_impressions"))
    budgets.recount(tenant)
    after = sorted(BudgetTotal.objects.of(tenant).values_list("dimension", "key", "reserved_impressions"))
    assert sum(row[2] for row in after) == sum(row[2] for row in before) == 1


@pytest.mark.parametrize("config", [{"budgetField": "impressions", "threshold": 2}, {"budgetField": "spend"}])
def test_a_lapsed_place_counts_in_no_budget_whether_or_not_anybody_has_settled_it(
    admin: Door, tenant: Tenant, catalogue: Catalogue, config: dict[str, Any]
) -> None:
    admin("PATCH", f"channels/{catalogue.channel}", {"costPerContact": 0.25})
    scopes = [
        {"scope": "global"},
        {"scope": "offer", "scopeId": "*"},
        {"scope": "channel", "scopeId": catalogue.channel},
    ]
    config = {"threshold": 0.6, **config}
    admin.make("contact-policies", name="Two in all", ruleType="budget_exhausted", config=config, scopes=scopes)
    assert [recommended(admin, customerId=customer)["count"] for customer in ("ada", "bob", "cy")] == [1, 1, 0]
    time_passes(tenant)
    assert asked(admin, customerId="eve")["results"][0]["allowed"] is True
    assert [recommended(admin, customerId=customer)["count"] for customer in ("cy", "dan", "eve")] == [1, 1, 0]
    [*reasons] = asked(admin, customerId="eve")["results"][0]["reasons"]
    reserved = 2 if config["budgetField"] == "impressions" else 0.5
    assert [reason["evidence"]["reserved"] for reason in reasons] == [reserved] * 3
    assert Reservation.objects.of(tenant).open().count() == 4
    said = StringIO()
    call_command("expire_reservations", tenant="acme", verbosity=0, stdout=said)
    assert said.getvalue().strip() == "acme: 2 lapsed, 0 settled meanwhile"
    [*reasons] = asked(admin, customerId="eve")["results"][0]["reasons"]
    assert [reason["evidence"]["reserved"] for reason in reasons] == [reserved] * 3


def test_a_machine_whose_clock_is_ahead_lapses_nothing_before_its_time(
    capped: Door, tenant: Tenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    recommended(capped)
    ahead = clock.now() + timedelta(hours=1)
    monkeypatch.setattr(clock, "now", lambda: ahead)
    said = StringIO()
    call_command("expire_reservations", tenant="acme", verbosity=0, stdout=said)
    assert said.getvalue().strip() == "acme: nothing to do"
    assert Reservation.objects.get().state == "open"
    ContactLedger.objects.update(holds=b"")
    assert list(faults(tenant, ["ada"])) == ["ada"]


def test_what_an_erased_customer_had_reserved_is_free_again(admin: Door, tenant: Tenant, catalogue: Catalogue) -> None:
    config = {"budgetField": "impressions", "threshold": 1}
    admin.make("contact-policies", name="One in all", ruleType="budget_exhausted", config=config, scope="global")
    recommended(admin)
    assert recommended(admin, customerId="bob")["count"] == 0
    assert admin("DELETE", "customers/ada?erase=true")[0] == 200
    assert recommended(admin, customerId="bob")["count"] == 1


def test_what_is_left_of_a_place_says_its_outcome(
    capped: Door, as_role: Callable[[str], Door], catalogue: Catalogue
) -> None:
    delivery = as_role("delivery")
    decided = recommended(delivery)
    responded(delivery, decided, "impression")
    responded(delivery, decided, "click")
    assert Reservation.objects.get().state == "committed"
