"""`DELETE /customers/{customerId}?erase=true`: nothing that says whose it was stays, totals over all customers do."""

from __future__ import annotations

from collections.abc import Callable
from itertools import chain

import pytest
from django.apps import apps

from decisioning.contacts import budgets
from decisioning.in_force.manifest import unpacked
from decisioning.models import Customer, IdempotencyKey, Interaction, LegalHold
from decisioning.upkeep.erasing import ERASED
from decisioning.upkeep.legal_holds import place
from kaireon.access import operator
from kaireon.tenancy import Tenant
from kaireon.writing import writing
from tests.conftest import Catalogue, Door
from tests.decisioning.conftest import asked
from tests.decisioning.reporting.test_respond import recorded
from tests.witness import rows_added, stored

pytestmark = pytest.mark.django_db


def test_an_erased_customer_leaves_nothing_but_totals(
    admin: Door, as_role: Callable[[str], Door], catalogue: Catalogue
) -> None:
    editor, untouched = as_role("editor"), stored()
    assert admin("PUT", "customers/ada", {"attributes": {"name": "Ada"}})[0] == 201
    _, decided = admin("POST", "recommend", {"customerId": "ada"}, **{"Idempotency-Key": "asked"})
    recorded(admin, recommendationId=decided["recommendationId"], rank=1)
    assert editor("DELETE", "customers/ada?erase=true")[0] == 403
    assert admin("DELETE", "customers/ada?erase=true") == (
        200,
        {
            "success": True,
            "id": "ada",
            "erased": {
                "memberships": 0,
                "customers": 1,
                "interactions": 1,
                "summaries": 0,
                "presentations": 1,
                "reservations": 0,
                "decisions": 1,
                "answers": 1,
                "ledgers": 1,
            },
        },
    )
    left = {label for label, number in rows_added(untouched).items() if number}
    kept = {"decisioning.CarriedTotal", "decisioning.ErasedRow", "decisioning.Manifest", "decisioning.Word"}
    assert left == kept | {"kaireon.AuditEntry"}
    assert admin("DELETE", "customers/ada?erase=true")[0] == 404


def test_what_is_kept_of_reports_does_not_say_whose_they_were(admin: Door, catalogue: Catalogue) -> None:
    report = {"creativeId": catalogue.creative, "idempotencyKey": "k"}
    first = recorded(admin, **report)
    many = [{"customerId": "ada", "outcome": "click", **report, "idempotencyKey": "k2"}]
    assert admin("POST", "respond/bulk", {"outcomes": many})[1]["succeeded"] == 1
    assert admin("DELETE", "customers/ada?erase=true")[1]["erased"]["answers"] == 0
    kept = {row.key: (row.customer_id, unpacked(bytes(row.answer))) for row in IdempotencyKey.objects.all()}
    assert {key: (customer, "ada" in str(answer)) for key, (customer, answer) in kept.items()} == {
        "k": (None, False),
        "k2": (None, False),
    }
    assert recorded(admin, status=200, **report) == first | {"duplicate": True}
    assert Interaction.objects.count() == 0


def test_a_customer_under_a_legal_hold_is_not_erased(admin: Door, tenant: Tenant, catalogue: Catalogue) -> None:
    recorded(admin, creativeId=catalogue.creative)
    with writing(operator(tenant, "test")) as unit:
        place(unit, "ada", reason="case 7")
    before = stored()
    status, answer = admin("DELETE", "customers/ada?erase=true")
    assert (status, answer["error"]["code"]) == (409, "CONFLICT")
    assert stored() == before


def test_an_erased_customer_still_counts_in_budgets(admin: Door, tenant: Tenant, catalogue: Catalogue) -> None:
    config = {"budgetField": "impressions", "threshold": 1}
    admin.make("contact-policies", name="One in all", ruleType="budget_exhausted", config=config, scope="global")
    recorded(admin, creativeId=catalogue.creative)
    assert admin("DELETE", "customers/ada?erase=true")[0] == 200
    budgets.recount(tenant)
    assert asked(admin, customerId="bob")["results"][0]["allowed"] is False


def test_every_table_that_names_a_customer_is_erased() -> None:
    named = {model for model in apps.get_models() if any(field.name == "customer_id" for field in model._meta.fields)}
    assert named == {*chain(*ERASED.values()), Customer, LegalHold}  # a hold is what keeps from erasing
