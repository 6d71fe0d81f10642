"""What was erased with its customer stays erased, and counts once in budgets, whatever is imported again."""

from __future__ import annotations

from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command

from decisioning.models import ErasedRow, Interaction
from kaireon.tenancy import Tenant
from tests.conftest import Catalogue, Door
from tests.decisioning.conftest import Write, asked
from tests.decisioning.importing import HEADER, ROWS, imported
from tests.witness import stored

pytestmark = pytest.mark.django_db


def used(door: Door) -> Any:
    """The impressions that the budget counts."""
    [reason] = asked(door, customerId="eve")["results"][0]["reasons"]
    return reason["evidence"]["actual"]


@pytest.fixture
def budget(admin: Door, catalogue: Catalogue) -> None:
    rule = {"ruleType": "budget_exhausted", "config": {"budgetField": "impressions", "threshold": 1}}
    assert admin("POST", "contact-policies", {"name": "Budget", "scope": "global", **rule})[0] == 201


@pytest.mark.usefixtures("budget")
def test_a_file_imported_again_brings_nobody_back_who_was_erased(admin: Door, write: Write) -> None:
    file = write(HEADER, *ROWS)
    assert imported(file, create_missing=True) == "acme: 3 imported, 0 already there, 0 failed"
    assert used(admin) == 2
    assert admin("DELETE", "customers/ada?erase=true")[1]["erased"]["interactions"] == 2
    before = stored()
    assert imported(file) == "acme: 0 imported, 1 already there, 0 failed, 2 erased before"
    assert stored() == before
    assert used(admin) == 2
    more = write(HEADER, *ROWS, "ada,2026-03-11T12:00:00Z,impression,Email")
    assert imported(more) == "acme: 1 imported, 1 already there, 0 failed, 2 erased before"
    assert (used(admin), Interaction.objects.filter(customer_id="ada").count()) == (3, 1)


@pytest.mark.usefixtures("budget")
def test_an_export_brings_nobody_back_who_was_erased(
    admin: Door, tenant: Tenant, catalogue: Catalogue, write: Write, tmp_path: Path
) -> None:
    imported(write(HEADER, *ROWS), create_missing=True)
    for customer in ("ada", "bob"):
        report = {"customerId": customer, "creativeId": catalogue.creative, "outcome": "impression"}
        assert admin("POST", "respond", report)[0] == 201
    export = tmp_path / "all.ndjson"
    call_command("export_interactions", tenant="acme", output=export, stdout=StringIO(), verbosity=0)
    assert admin("DELETE", "customers/ada?erase=true")[1]["erased"]["interactions"] == 3
    assert imported(export) == "acme: 0 imported, 2 already there, 0 failed, 3 erased before"
    assert (used(admin), set(Interaction.objects.values_list("customer_id", flat=True))) == (4, {"bob"})
    assert ErasedRow.objects.of(tenant).count() == 3
