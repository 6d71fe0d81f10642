"""What a decision costs the database: one statement that reads, one that writes, whoever asks and however often."""

from __future__ import annotations

from typing import Any

import pytest

from decisioning.models import ContactLedger, Decision, Interaction
from kaireon.access import ApiKey, create_tenant, operator
from kaireon.writing import writing
from tests.conftest import Door, catalogue_through, door_for
from tests.witness import executed

READ = "SELECT k.id, k.role,"
STORED = "INSERT INTO decisioning_decision"

pytestmark = pytest.mark.django_db(transaction=True)


def statements(door: Door, path: str, **body: Any) -> list[str]:
    """The first words of every statement a call carries out; the call must succeed."""
    with executed() as captured:
        status, answer = door("POST", path, {"customerId": "ada", **body})
    assert status == 200, answer
    return [" ".join(sql.split()[:3]) for sql in captured]


@pytest.fixture
def admin() -> Door:
    """A tenant with a catalogue, a budget, a segment and a customer, whose configuration this process keeps."""
    admin = door_for(create_tenant(key="acme", name="Acme"), "admin")
    catalogue = catalogue_through(admin)
    config = {"budgetField": "impressions", "threshold": 100}
    admin.make("contact-policies", name="Budget", scope="global", ruleType="budget_exhausted", config=config)
    admin.make("segments", name="vip")
    assert admin("PUT", "customers/ada", {"attributes": {"first_name": "Ada"}})[0] in {200, 201}
    assert admin("PATCH", f"creatives/{catalogue.creative}", {"content": {"body": "Hi {name}"}})[0] == 200
    for path in ("recommend", "decisions/filter"):
        assert admin("POST", path, {"customerId": "ada"})[0] == 200
    return admin


def test_a_recommendation_is_one_statement_that_reads_and_one_that_writes(admin: Door) -> None:
    for customer in ("ada", "a stranger"):
        assert statements(admin, "recommend", customerId=customer) == [READ, STORED]
    assert statements(admin, "recommend", dryRun=True) == [READ]
    assert Decision.objects.count() == 3


def test_one_statement_reads_all_of_a_long_history(admin: Door) -> None:
    [creative] = admin("GET", "creatives")[1]["data"]
    for _ in range(3):
        told = [{"customerId": "ada", "creativeId": creative["id"], "outcome": "impression"}] * 50
        assert admin("POST", "respond/bulk", {"outcomes": told})[0] == 200
    cap = {"maxTotal": 151}
    admin.make("contact-policies", name="Cap", scope="global", ruleType="customer_total_cap", config=cap)
    assert admin("POST", "recommend", {"customerId": "ada"})[1]["meta"]["candidates"] == 1
    assert statements(admin, "recommend") == [READ, STORED]
    assert len(bytes(ContactLedger.objects.get().older)) > 100 * 40


def test_filtering_is_one_statement(admin: Door) -> None:
    assert len(statements(admin, "decisions/filter")) == 1


def test_an_edit_costs_the_next_decision_its_reading_and_no_other(admin: Door) -> None:
    assert admin("POST", "channels", {"name": "Push"})[0] == 201
    assert len(statements(admin, "recommend", dryRun=True)) > 5
    assert len(statements(admin, "recommend", dryRun=True)) == 1


def test_a_budget_is_kept_from_the_moment_it_is_in_force(admin: Door) -> None:
    def reason() -> Any:
        return admin("POST", "decisions/filter", {"customerId": "ada"})[1]["results"][0]["reasons"]

    [channel] = admin("GET", "channels")[1]["data"]
    assert admin("PATCH", f"channels/{channel['id']}", {"impressionMode": "implicit"})[0] == 200
    [policy] = admin("GET", "contact-policies")[1]["data"]
    budget = {"config": {"budgetField": "impressions", "threshold": 2}}
    assert admin("PATCH", f"contact-policies/{policy['id']}", budget)[0] == 200
    assert reason() == []
    for customer in ("ada", "bob", "cy"):
        assert admin("POST", "recommend", {"customerId": customer})[0] == 200
    assert [(each["evidence"]["actual"], each["lifted"]) for each in reason()] == [(2, False)]
    assert Interaction.objects.count() == 2


def test_a_revoked_key_stops_at_once(admin: Door) -> None:
    key = ApiKey.objects.get(name="admin key")
    with writing(operator(key.tenant, "test")) as unit:
        unit.soft_delete(key)
    status, body = admin("POST", "recommend", {"customerId": "ada"})
    assert (status, body["error"]["code"]) == (401, "UNAUTHENTICATED")


@pytest.mark.parametrize("path", ["recommend", "decisions/filter"])
def test_nobody_learns_what_is_wrong_with_a_body_who_may_not_ask(admin: Door, path: str) -> None:
    stranger = Door(admin.client, {"X-API-Key": "krn_unknown"})
    assert stranger("POST", path, ["not an object"])[0] == 401
    assert Door(admin.client, {})("POST", path, ["not an object"])[0] == 401
    assert admin("POST", path, ["not an object"])[0] == 400
