"""What a report costs the database, whatever it is about and however many there are, and that every way is the same."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import connection

from decisioning.contacts.happening import COLUMNS
from decisioning.contacts.ledgers import faults
from decisioning.models import BudgetTotal, ContactLedger, Interaction, Reservation
from decisioning.models.ledgers import EVERYTHING
from kaireon.access import create_tenant
from kaireon.tenancy import Tenant
from tests.conftest import Catalogue, Door, catalogue_through, door_for
from tests.witness import executed

READ, RECORDED = "SELECT k.id, k.role,", "WITH patience AS"
# What takes as many statements for one report as for a thousand, each in one transaction.
LOCKED = {
    "postgresql": [
        READ,
        "SELECT set_config('lock_timeout', '1s',",
        "SELECT key, request_hash,",
        "SELECT l.customer_id, l.id,",
        'LOCK TABLE "decisioning_interaction"',
        "SELECT nextval((SELECT pg_get_serial_sequence(%s, 'id')::regclass))",
        "UPDATE decisioning_contactledger AS",
        "SELECT dimension FROM decisioning_budgettotal",
        "INSERT INTO decisioning_budgettotal",
    ],
    "sqlite": [
        READ,
        "BEGIN IMMEDIATE",
        "SELECT key, request_hash,",
        "SELECT l.customer_id, l.id,",
        "SELECT COALESCE(MAX(seq), 0)",
        'INSERT INTO "decisioning_interaction"',
        "UPDATE decisioning_contactledger SET",
        "SELECT dimension FROM decisioning_budgettotal",
        "INSERT INTO decisioning_budgettotal",
        'INSERT INTO "decisioning_idempotencykey"',
    ],
}
MANY = 1000

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def company(transactional_db: None) -> Tenant:
    return create_tenant(key="acme", name="Acme")


@pytest.fixture
def boss(company: Tenant) -> Door:
    return door_for(company, "admin")


@pytest.fixture
def goods(boss: Door) -> Catalogue:
    """A catalogue with a budget over the whole tenant, and this process ready to report about it."""
    goods = catalogue_through(boss)
    config = {"budgetField": "impressions", "threshold": 5000}
    boss.make("contact-policies", name="Budget", scope="global", ruleType="budget_exhausted", config=config)
    for outcome in ("impression", "click"):
        told(boss, customerId="somebody", creativeId=goods.creative, outcome=outcome)
    return goods


def told(door: Door, *, outcome: str = "impression", **body: Any) -> list[str]:
    """The first words of the statements that a report carries out, which must be recorded."""
    with executed() as captured:
        status, answer = door("POST", "respond", {"outcome": outcome, **body})
    assert status == 201, answer
    return [" ".join(sql.split()[:3]) for sql in captured]


def used() -> tuple[int, int]:
    """The impressions of all customers, and those reserved."""
    totals = BudgetTotal.objects.values_list("impressions", "reserved_impressions")
    return sum(spent for spent, _ in totals), sum(reserved for _, reserved in totals)


if connection.vendor == "postgresql":  # SQLite has no statement that writes several tables

    def test_a_report_is_one_statement_that_reads_and_one_that_writes(
        company: Tenant, boss: Door, goods: Catalogue
    ) -> None:
        for number in range(60):  # by then the ledger was full and tidied
            assert told(boss, customerId="ada", creativeId=goods.creative, idempotencyKey=f"k{number}") == [
                READ,
                RECORDED,
            ]
        assert len(bytes(ContactLedger.objects.get(customer_id="ada").older)) > 0
        assert used() == (61, 0)
        _, decided = boss("POST", "recommend", {"customerId": "ada", "reserve": True})
        assert used() == (61, 1)
        line = {"customerId": "ada", "recommendationId": decided["recommendationId"], "rank": 1}
        assert told(boss, **line, outcome="click") == [READ, RECORDED]
        assert told(boss, **line) == [READ, RECORDED]
        assert (used(), Reservation.objects.get().state) == ((62, 0), "committed")
        assert list(faults(company, ["ada"])) == []


def test_many_reports_take_as_many_statements_as_one(company: Tenant, boss: Door, goods: Catalogue) -> None:
    for name, count in (("one", 1), ("many", MANY)):
        customers = [f"{name} {number}" for number in range(count)]
        reports = [
            {"customerId": customer, "creativeId": goods.creative, "outcome": "impression"} for customer in customers
        ]
        assert boss("POST", "respond/bulk", {"outcomes": reports})[1]["succeeded"] == count
        keyed = [{**report, "idempotencyKey": report["customerId"]} for report in reports]
        with executed() as captured:
            status, answer = boss("POST", "respond/bulk", {"outcomes": keyed})
        assert (status, answer["succeeded"]) == (200, count)
        assert [sql for sql in captured if not any(_opens(sql, words) for words in LOCKED[connection.vendor])] == []
        assert len(captured) == len(LOCKED[connection.vendor])
        assert list(faults(company, customers)) == []
    assert used() == (1 + 2 + 2 * MANY, 0)


def _opens(sql: str, words: str) -> bool:
    return " ".join(sql.split()).startswith(words)


def test_one_report_and_one_of_many_leave_the_same_row(boss: Door, goods: Catalogue) -> None:
    report = {
        "creativeId": goods.creative,
        "outcome": "convert",
        "timestamp": "2026-03-10T12:00:00.000Z",
        "conversionValue": 12.5,
        "cost": 0.25,
        "campaignId": "spring",
        "direction": "inbound",
        "context": {"a": [1, "ü"]},
    }
    assert boss("POST", "respond", {"customerId": "ada", **report})[0] == 201
    assert boss("POST", "respond/bulk", {"outcomes": [{"customerId": "bob", **report}]})[0] == 200
    one, other = Interaction.objects.filter(outcome="convert").order_by("pk").values(*COLUMNS)
    whose = {"customer_id": "bob", "recorded_at": other["recorded_at"]}
    assert {**one, **whose} == other


def test_ledgers_without_room_are_tidied_by_many_reports_as_by_one(
    company: Tenant, boss: Door, goods: Catalogue
) -> None:
    about = {"creativeId": goods.creative, "outcome": "impression"}
    for customers in (["new"] * 60, ["new"], ["new"] * 30, ["ada"] * 47, ["ada", "ben"], ["ada"] * 2 + ["ben"] * 300):
        reports = [{"customerId": customer, **about} for customer in customers]
        assert boss("POST", "respond/bulk", {"outcomes": reports})[1]["succeeded"] == len(reports)
        assert list(faults(company, sorted(set(customers)))) == []
    ledgers = {row.customer_id: row.ledger for row in ContactLedger.objects.exclude(customer_id="somebody")}
    sizes = {customer: (len(ledger.recent) // 40, len(ledger.older) // 40) for customer, ledger in ledgers.items()}
    assert sizes == {"new": (24, 67), "ada": (24, 26), "ben": (24, 256)}
    assert [name for name, ledger in ledgers.items() if ledger.complete_from != EVERYTHING] == ["ben"]
