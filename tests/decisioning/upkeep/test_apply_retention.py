"""`manage.py apply_retention`: what is old goes, and no decision is another one for it."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import transaction

from decisioning.contacts import budgets
from decisioning.contacts.ledgers import faults, refill
from decisioning.models import (
    BudgetTotal,
    ContactLedger,
    Decision,
    IdempotencyKey,
    Interaction,
    LegalHold,
    Manifest,
    Presentation,
)
from kaireon import clock
from kaireon.access import create_tenant
from kaireon.audit import AuditEntry
from kaireon.tenancy import Tenant
from tests.conftest import Catalogue, Door
from tests.decisioning.conftest import Happened, asked
from tests.decisioning.running import killed_when, started
from tests.witness import stored


def applied(days: int = 100, **options: Any) -> str:
    """Runs the command and answers its summary."""
    out = StringIO()
    call_command("apply_retention", tenant="acme", days=days, stdout=out, verbosity=0, **options)
    return out.getvalue().strip()


def refused(days: int) -> str:
    """Runs the command, which must refuse and change nothing; answers why."""
    before = stored()
    with pytest.raises(CommandError) as error:
        applied(days)
    assert stored() == before
    return str(error.value)


def hold(*arguments: str, **options: Any) -> str:
    out = StringIO()
    call_command("legal_hold", *arguments, tenant="acme", stdout=out, **options)
    return out.getvalue().strip()


def ago(days: float) -> Any:
    return clock.now() - timedelta(days=days)


def policy(door: Door, rule_type: str, **config: Any) -> str:
    made = door.make(
        "contact-policies", name=f"{rule_type} {config}", ruleType=rule_type, config=config, scope="global"
    )
    return str(made["id"])


@pytest.fixture
def history(tenant: Tenant, catalogue: Catalogue, happened: Happened) -> Tenant:
    """Contacts and clicks of three customers, older and newer than a hundred days."""
    for customer in ("ada", "bob", "eve"):
        for days in (300, 200, 101, 99, 1):
            happened(ago(days), customer=customer, cost_micros=1000)
            happened(ago(days), customer=customer, outcome="click")
    refill(tenant, ["ada", "bob", "eve"])
    return tenant


def left(tenant: Tenant) -> Counter[tuple[str, str]]:
    return Counter(Interaction.objects.of(tenant).values_list("customer_id", "outcome"))


def test_what_is_old_goes_and_the_ledgers_say_what_is_left(history: Tenant, happened: Happened) -> None:
    happened(ago(300), tenant=create_tenant(key="other", name="Other"))
    before = stored()
    assert applied(dry_run=True) == "acme: 18 interactions deleted, 0 kept for limits (dry run: rolled back)"
    assert stored() == before
    assert applied(batch_size=1) == "acme: 18 interactions deleted, 0 kept for limits"
    assert left(history) == {(c, o): 2 for c in ("ada", "bob", "eve") for o in ("impression", "click")}
    assert list(faults(history, ["ada", "bob", "eve"])) == []
    assert Interaction.objects.count() == 13
    before = stored()
    assert applied() == "acme: nothing to do"
    assert stored() == before


def test_nothing_is_cut_off_inside_a_window_in_force(admin: Door, history: Tenant, catalogue: Catalogue) -> None:
    rolling = policy(admin, "mutual_exclusion", excludeOfferIds=[catalogue.offer], lookbackDays=120)
    policy(admin, "frequency_cap", maxPerMonth=3, windowType="calendar", useCustomerTimezone=True)
    assert '"mutual_exclusion' in refused(119)
    assert "Keep 120 days at least" in refused(100)
    assert applied(120, dry_run=True).startswith("acme: 12 interactions deleted")
    admin("PATCH", f"contact-policies/{rolling}", {"status": "paused"})
    assert "decisions are kept for 7 days" in refused(6)
    assert applied(32, dry_run=True).startswith("acme: 24 interactions deleted")
    admin("PATCH", f"creatives/{catalogue.creative}", {"constraints": {"cooldownHours": 24 * 150}})
    assert '"Email Hero" looks back to' in refused(100)


def test_what_a_limit_without_a_window_counts_is_kept(
    admin: Door, history: Tenant, catalogue: Catalogue, happened: Happened
) -> None:
    policy(admin, "frequency_cap", maxTotal=4, withinCampaignId="spring")
    policy(admin, "customer_total_cap", maxTotal=6, periodType="alltime")
    happened(ago(250), campaign_id="spring", void=True)
    happened(ago(250), campaign_id="spring")
    refill(history, ["ada"])
    before = asked(admin, customerId="ada")
    assert not before["results"][0]["allowed"]
    assert applied() == "acme: 10 interactions deleted, 10 kept for limits"
    after = asked(admin, customerId="ada")
    assert after["results"] == before["results"]
    assert left(history)["ada", "impression"] == 6
    assert applied() == "acme: 0 interactions deleted, 10 kept for limits"


def test_totals_over_all_customers_stay(admin: Door, history: Tenant, catalogue: Catalogue, happened: Happened) -> None:
    happened(ago(250), void=True)
    policy(admin, "budget_exhausted", budgetField="impressions", threshold=15)
    budgets.keep(history, [""])
    applied()

    def evidence() -> tuple[Any, Any]:
        [reason] = asked(admin, customerId="zoe")["results"][0]["reasons"]
        return reason["evidence"]["actual"], reason["evidence"]["threshold"]

    assert evidence() == (15, 15)
    # Added up anew, and for a dimension that nobody asked about before, they are the same.
    call_command("rebuild_ledgers", tenant="acme", verbosity=0, stdout=StringIO())
    assert evidence() == (15, 15)
    budgets.keep(history, ["offer"])
    rows = BudgetTotal.objects.of(history).exclude(impressions=0).values_list("dimension", "impressions", "micros")
    assert sorted(rows) == [("", 15, 15000), ("offer", 15, 15000)]


def test_nothing_of_a_customer_under_a_legal_hold_goes(history: Tenant) -> None:
    decision = {"customer_id": "ada", "decided_at": ago(30), "version": 1, "record": b""}
    Decision.objects.create(tenant=history, **decision)
    assert hold("ada", reason="Case 4711") == "ada held"
    assert hold("ada", reason="another") == "ada is under a hold already"
    assert hold().startswith("ada: Case 4711 (since 20")
    assert applied() == "acme: 12 interactions deleted, 0 kept for limits"
    assert left(history)["ada", "impression"] == 5
    assert hold("ada", release=True) == "ada released"
    assert hold("ada", release=True) == "ada is under no hold"
    assert applied() == "acme: 6 interactions deleted, 0 kept for limits, 1 decisions deleted"
    entries = AuditEntry.objects.of(history).filter(entity_type="customer").values_list("action", "entity_id")
    assert list(entries) == [("legal_hold", "ada"), ("legal_release", "ada")]
    assert LegalHold.objects.count() == 0
    with pytest.raises(CommandError, match="--reason TEXT or --release"):
        hold("ada")


def test_decisions_go_with_what_only_they_need(tenant: Tenant) -> None:
    for version in (1, 2, 3, 4):
        Manifest.objects.create(tenant=tenant, version=version, content=b"")
    for days, version in ((20, 1), (8, 2), (6, 2), (6, 3), (0, 4)):
        made = Decision.objects.create(
            tenant=tenant, customer_id="ada", decided_at=ago(days), version=version, record=b""
        )
        Presentation.objects.create(tenant=tenant, customer_id="ada", decision_key=made.pk, rank=1)
    for days in (31, 29):
        IdempotencyKey.objects.create(
            tenant=tenant, endpoint="respond", key=str(days), request_hash="", created_at=ago(days)
        )
    expected = "acme: 2 decisions deleted, 1 configurations deleted, 1 idempotency keys deleted"
    assert applied(dry_run=True, batch_size=1) == f"{expected} (dry run: rolled back)"
    assert applied() == expected
    assert list(Manifest.objects.order_by("version").values_list("version", flat=True)) == [2, 3, 4]
    assert list(IdempotencyKey.objects.values_list("key", flat=True)) == ["29"]
    kept = set(Decision.objects.values_list("pk", flat=True))
    assert set(Presentation.objects.values_list("decision_key", flat=True)) == kept
    assert len(kept) == 3
    assert applied() == "acme: 0 configurations deleted"


@pytest.mark.django_db(transaction=True)
def test_a_run_killed_half_way_and_run_again_ends_as_a_clean_one() -> None:
    tenants = [create_tenant(key=key, name=key) for key in ("acme", "clean")]
    customers = [f"c{number:04}" for number in range(400)]
    for tenant in tenants:
        Interaction.objects.bulk_create(
            Interaction(
                tenant=tenant, customer_id=customer, at=ago(days), outcome="impression", recorded_at=ago(days), label=""
            )
            for customer in customers
            for days in (300, 200, 1)
        )
        with transaction.atomic():
            refill(tenant, customers)
        budgets.keep(tenant, [""])
    process = started("apply_retention", "--days=100", "--batch-size=2")
    killed_when(lambda: Interaction.objects.of(tenants[0]).count() < 1150, process)
    assert 400 < Interaction.objects.of(tenants[0]).count() < 1200
    assert list(faults(tenants[0], customers)) == []
    applied()
    call_command("apply_retention", tenant="clean", days=100, verbosity=0, stdout=StringIO())
    for tenant in tenants:
        assert left(tenant) == {(customer, "impression"): 1 for customer in customers}
        assert list(faults(tenant, customers)) == []
        budgets.recount(tenant)
        assert [row.impressions for row in BudgetTotal.objects.of(tenant).exclude(impressions=0)] == [1200]
    assert ContactLedger.objects.count() == 800
