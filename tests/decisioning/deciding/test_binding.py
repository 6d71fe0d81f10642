"""What a decision binds is stored with it or not at all, and costs PostgreSQL one statement."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from datetime import timedelta
from time import sleep
from typing import Any

import pytest
from django.db import connection, transaction

from decisioning.contacts import budgets, totals
from decisioning.contacts.happening import COLUMNS
from decisioning.contacts.ledgers import Overtaken, faults, lock
from decisioning.deciding.binding import bind, due
from decisioning.deciding.lookup import Caller, inform
from decisioning.deciding.recommendations import Ask
from decisioning.deciding.recommending import draft
from decisioning.engine.recommend import Wish
from decisioning.insight import tallies
from decisioning.models import BudgetTotal, ContactLedger, Decision, Interaction, Presentation, Reservation
from kaireon.access import create_tenant
from kaireon.database import keys
from kaireon.database.keys import AHEAD, next_key
from kaireon.database.statements import fetch
from kaireon.tenancy import Role, Tenant
from tests.conftest import Door, catalogue_through, door_for
from tests.witness import executed, rows_added, stored

pytestmark = pytest.mark.django_db(transaction=True)

LEDGERS = ContactLedger._meta.db_table
CAP = {"name": "Three", "ruleType": "frequency_cap", "config": {"maxPerDay": 3}, "scope": "global"}
BUDGET = {"ruleType": "budget_exhausted", "config": {"budgetField": "impressions", "threshold": 9}, "scope": "global"}


@pytest.fixture
def company() -> Tenant:
    return create_tenant(key="acme", name="Acme")


@pytest.fixture
def admin(company: Tenant) -> Door:
    """A tenant with an offer by mail, which is reserved, and one on the web, where being recommended is the contact."""
    admin = door_for(company, "admin")
    catalogue_through(admin)
    web = admin.make("channels", name="Web", status="active", impressionMode="implicit")["id"]
    offer = admin.make("offers", name="Loan", status="active", priority=40)["id"]
    admin.make("creatives", name="Loan", status="active", offerId=offer, channelId=web)
    admin.make("contact-policies", **CAP)
    recommended(admin, customerId="the first, for whom words and manifest are stored", campaignId="spring")
    return admin


def recommended(door: Door, **body: Any) -> Any:
    """The answer to a reserving call that must succeed."""
    status, answer = door("POST", "recommend", {"customerId": "ada", "reserve": True, **body})
    assert status == 200, answer
    return answer


@contextmanager
def held(customer_id: str) -> Iterator[None]:
    """Somebody else holds the customer's ledger meanwhile."""
    other = connection.copy()
    other.set_autocommit(False)
    try:
        with other.cursor() as cursor:
            cursor.execute(f"SELECT 1 FROM {LEDGERS} WHERE customer_id = %s FOR UPDATE", [customer_id])
        yield
    finally:
        other.close()


def recounted(company: Tenant) -> None:
    """Adds up totals anew, on a connection of its own."""
    try:
        budgets.recount(company)
    finally:
        connection.close()


def waiting() -> bool:
    """Whether somebody waits for a table or a row."""
    sql = "SELECT EXISTS (SELECT 1 FROM pg_locks WHERE NOT granted)"
    return bool(fetch(sql, [])[0][0])


def test_contact_and_place_are_stored_with_the_decision_and_read_back(admin: Door, company: Tenant) -> None:
    before = stored()
    answer = recommended(admin, campaignId="spring")
    mail, web = answer["decisions"]
    assert (mail["reservedUntil"] is None, mail["interactionId"]) == (False, None)
    assert (web["reservedUntil"], web["interactionId"] is None) == (None, False)
    assert rows_added(before) == {
        "decisioning.ContactLedger": 1,
        "decisioning.Decision": 1,
        "decisioning.Interaction": 1,
        "decisioning.Presentation": 1,
        "decisioning.Reservation": 1,
    }
    contact, place = Interaction.objects.latest("pk"), Reservation.objects.latest("pk")
    assert contact.public_id == web["interactionId"]
    assert Presentation.objects.latest("pk").interaction_key == contact.pk
    decision = Decision.objects.latest("pk")
    for row, rank in ((place, 1), (contact, 2)):
        said = (row.customer_id, row.decision_key, row.rank, row.campaign_id)
        assert said == ("ada", decision.pk, rank, "spring")
    assert place.reserved_at == contact.at == contact.recorded_at == decision.decided_at
    status, back = admin("GET", f"decisions/{answer['recommendationId']}")
    back.pop("trace")
    assert (status, back) == (200, answer)
    assert list(faults(company, ["ada"])) == []


def test_a_ledger_that_holds_nothing_to_rely_on_is_filled_with_what_is_bound(admin: Door, company: Tenant) -> None:
    with transaction.atomic():
        lock(company, ["ada"])  # which makes one
    recommended(admin)
    assert list(faults(company, ["ada"])) == []
    assert [recommended(admin)["count"] for _ in range(2)] == [1, 0]


def test_totals_are_kept_even_when_nothing_asks_for_them_any_more(admin: Door, company: Tenant) -> None:
    budget = admin.make("contact-policies", name="Budget", **BUDGET)["id"]
    assert admin("DELETE", f"contact-policies?id={budget}")[0] == 200
    for customer in ("ada", "bob"):
        assert recommended(admin, customerId=customer)["count"] == 2
    rows = BudgetTotal.objects.of(company)
    assert sum(row.impressions for row in rows) == Interaction.objects.of(company).count() == 3
    assert sum(row.reserved_impressions for row in rows) == Reservation.objects.of(company).count() == 3


def test_no_key_is_given_twice(admin: Door) -> None:
    with transaction.atomic():
        mine = {next_key(Decision) for _ in range(1 if connection.vendor == "sqlite" else 2 * AHEAD)}
    assert mine.isdisjoint(Decision.objects.values_list("pk", flat=True))
    recommended(admin)
    assert Decision.objects.filter(pk__in=mine).count() == (1 if connection.vendor == "sqlite" else 0)


def test_a_decision_made_before_a_customer_was_erased_binds_nothing_afterwards(admin: Door, company: Tenant) -> None:
    recommended(admin)
    known, configuration = inform(Caller(tenant=company.pk, role=Role.DELIVERY), "ada")
    drafted = draft(known, configuration, Ask(wish=Wish(customer="ada"), reserve=1000), started=0)
    assert admin("DELETE", "customers/ada?erase=true")[0] == 200
    recommended(admin)
    before = stored()
    with pytest.raises(Overtaken), transaction.atomic():
        bind(known, drafted.chosen, due(drafted.chosen, drafted.answer, drafted.recalled, reserve=1000))
    assert stored() == before
    assert list(faults(company, ["ada"])) == []


if connection.vendor == "postgresql":  # SQLite stores one thing after the other, inside of a transaction

    @pytest.mark.parametrize("catalogue", [1, 30])
    def test_it_is_one_statement_however_much_is_bound(admin: Door, catalogue: int) -> None:
        [channel] = admin("GET", "channels?name=Web")[1]["data"]
        [cap] = admin("GET", "contact-policies")[1]["data"]
        assert admin("PATCH", f"contact-policies/{cap['id']}", {"status": "paused"})[0] == 200
        for number in range(catalogue):
            offer = admin.make("offers", name=f"Offer {number}", status="active")["id"]
            admin.make("creatives", name=f"Creative {number}", status="active", offerId=offer, channelId=channel["id"])
        recommended(admin, limit=50)
        for customer in ("ada", "a stranger"):
            with executed() as statements:
                assert recommended(admin, limit=50, customerId=customer)["count"] == catalogue + 2
            begun = [" ".join(sql.split()[:2]) for sql in statements]
            assert [each for each in begun if "nextval" not in each] == ["SELECT k.id,", "WITH said"]

    def test_keys_taken_long_ago_are_not_used_any_more(admin: Door, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(keys, "SECONDS_AHEAD", 0)
        first = next_key(Decision)
        recommended(admin, customerId="bob")
        assert next_key(Decision) > Decision.objects.latest("pk").pk >= first + AHEAD
        assert timedelta(seconds=keys.SECONDS_AHEAD) < tallies.SETTLED

    def test_totals_added_up_anew_are_right_while_somebody_writes_history(admin: Door, company: Tenant) -> None:
        admin.make("contact-policies", name="Budget", **BUDGET)
        history, columns = Interaction._meta.db_table, ", ".join(COLUMNS)
        other = connection.copy()
        other.set_autocommit(False)
        with ThreadPoolExecutor(1) as pool, closing(other), other.cursor() as cursor:
            cursor.execute(f"INSERT INTO {history} ({columns}) SELECT {columns} FROM {history} LIMIT 1")
            cursor.execute(
                f"""INSERT INTO {BudgetTotal._meta.db_table}
                    (tenant_id, dimension, key, slice, {", ".join(totals.COLUMNS)})
                VALUES (%s, '', 0, %s, 1, 0, 0, 0)""",
                [company.pk, 14 if budgets.own_slice() == 15 else 15],
            )
            counting = pool.submit(recounted, company)
            while not counting.done() and not waiting():
                sleep(0.01)
            other.commit()
            counting.result()
        rows = BudgetTotal.objects.of(company)
        assert sum(row.impressions for row in rows) == Interaction.objects.of(company).count() == 2

    def test_whoever_adds_up_totals_and_whoever_holds_them_never_wait_for_each_other(
        admin: Door, company: Tenant
    ) -> None:
        admin.make("contact-policies", name="Budget", **BUDGET)
        contact = Interaction.objects.get()
        with ThreadPoolExecutor(1) as pool:
            with transaction.atomic():
                budgets.lock(company, {("", 0)})
                counting = pool.submit(recounted, company)
                while not counting.done() and not waiting():
                    sleep(0.01)
                contact.pk = None
                contact.save(force_insert=True)
                budgets.count(company, [contact])
            counting.result()
        assert sum(row.impressions for row in BudgetTotal.objects.of(company)) == 2

    def test_whoever_waits_too_long_for_the_ledger_is_told_so_and_nothing_is_stored(
        admin: Door, company: Tenant
    ) -> None:
        recommended(admin)
        before = stored()
        with held("ada"):
            status, answer = admin("POST", "recommend", {"customerId": "ada", "reserve": True})
        assert (status, answer["error"]["code"]) == (503, "UNAVAILABLE")
        assert stored() == before
        assert recommended(admin)["count"] == 1
