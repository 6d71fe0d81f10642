"""What was deleted for its age is still counted, and counted once: in summaries, in budgets, and after old imports."""

from __future__ import annotations

from datetime import timedelta
from io import StringIO
from pathlib import Path
from random import Random
from typing import Any
from urllib.parse import quote

import pytest
from django.core.management import call_command

from decisioning.contacts import budgets, summaries
from decisioning.models import CarriedSummary, Interaction, InteractionSummary
from kaireon import clock
from kaireon.tenancy import Tenant
from tests.conftest import Catalogue, Door
from tests.decisioning.conftest import Happened, Write, asked
from tests.decisioning.importing import imported, refused, rejects_of
from tests.decisioning.summing import CUSTOMERS, happen, walked, withdraw

GROUPS = ("offer", "creative", "channel", "customer")


def run(command: str, **options: Any) -> str:
    out = StringIO()
    call_command(command, tenant="acme", stdout=out, verbosity=0, **options)
    return out.getvalue().strip()


def shown(door: Door) -> dict[str, Any]:
    """Every summary of every customer, and the totals of a year."""
    told: dict[str, Any] = {}
    for customer_id in CUSTOMERS:
        found, _ = walked(door, "interaction-summaries", customerId=quote(customer_id, safe=""), limit=100)
        told[customer_id] = sorted(found, key=lambda row: repr(sorted(row.items())))
    for group in GROUPS:
        told[group], _ = walked(door, "interaction-summary", groupBy=group, days=365, limit=100)
    return told


@pytest.mark.parametrize("rolled_up", [True, False])
def test_summaries_stay_as_they_were_when_history_is_cut(viewer: Door, tenant: Tenant, rolled_up: bool) -> None:
    random = Random(7)
    happen(tenant, random, 150)
    for _ in range(5):
        withdraw(tenant, random)
    if rolled_up:
        run("backfill_interaction_summaries")
    before = shown(viewer)
    assert run("apply_retention", days=10, batch_size=2).startswith("acme: ")
    assert Interaction.objects.of(tenant).filter(at__lt=clock.now() - timedelta(days=11)).count() == 0
    assert shown(viewer) == before
    run("backfill_interaction_summaries")
    assert shown(viewer) == before
    InteractionSummary.objects.all().delete()
    run("backfill_interaction_summaries")
    assert shown(viewer) == before


def test_what_happens_after_a_cut_is_added_to_what_is_left(
    viewer: Door, tenant: Tenant, happened: Happened, catalogue: Catalogue
) -> None:
    for days in (40, 30, 20):
        happened(clock.now() - timedelta(days=days), cost_micros=1_000_000)
    for days in (35, 25, 10):  # cut again and again, with something new in between
        run("apply_retention", days=days)
        happened(clock.now(), outcome="click")

    def in_all() -> list[Any]:
        found, _ = walked(viewer, "interaction-summaries", customerId="ada", periodType="alltime")
        return [(row["impressions"], row["clicks"], row["cost"], row["lastContactAt"]) for row in found]

    assert Interaction.objects.of(tenant).filter(outcome="impression").count() == 0
    [(impressions, clicks, cost, last)] = in_all()
    assert (impressions, clicks, cost) == (3, 3, 3.0)
    assert clock.now() - clock.parse(last) < timedelta(days=21)
    [line], _ = walked(viewer, "interaction-summary", groupBy="offer", days=60)
    assert (line["impressions"], line["clicks"], line["cost"]) == (3, 3, 3.0)
    run("backfill_interaction_summaries", due=True)
    [line], _ = walked(viewer, "interaction-summary", groupBy="offer", days=60)
    assert (line["impressions"], line["clicks"], line["cost"]) == (3, 3, 3.0)


def test_what_is_left_goes_with_an_erased_customer(admin: Door, tenant: Tenant, happened: Happened) -> None:
    happened(clock.now() - timedelta(days=40))
    run("apply_retention", days=30)
    assert (Interaction.objects.count(), CarriedSummary.objects.count()) == (0, 4)
    status, answer = admin("DELETE", "customers/ada?erase=true")
    assert (status, answer["erased"]["summaries"]) == (200, 8)
    assert summaries.customers(tenant) == []


def test_an_old_file_imported_again_after_a_cut_adds_nothing(
    admin: Door, tenant: Tenant, catalogue: Catalogue, write: Write, tmp_path: Path
) -> None:
    old, new = (clock.now() - timedelta(days=days) for days in (40, 20))
    rows = [f"ada,{clock.text(at)},impression,Email" for at in (old, old, new)]
    touches = write("customerId,timestamp,outcome,channel", *rows)
    assert imported(touches) == "acme: 3 imported, 0 already there, 0 failed"
    policy = {"ruleType": "budget_exhausted", "config": {"budgetField": "impressions", "threshold": 1}}
    admin.make("contact-policies", name="Spent", scope="global", **policy)
    budgets.keep(tenant, [""])
    assert run("apply_retention", days=30).startswith("acme: 2 interactions deleted")
    before = shown(admin)
    said, error = refused(touches, rejects=tmp_path / "rejects.csv")
    assert said == "acme: 0 imported, 1 already there, 2 failed"
    assert error.startswith("2 rows were refused")
    reasons = [reason for _, reason, _ in rejects_of(tmp_path / "rejects.csv")]
    assert len(reasons) == 2
    assert all(
        reason.startswith(f"timestamp {clock.text(old)} is too old: what happened before ")
        and reason.endswith(" was deleted by apply_retention, which carries its totals forward")
        for reason in reasons
    )
    [reason] = asked(admin)["results"][0]["reasons"]
    assert reason["evidence"]["actual"] == 3
    assert shown(admin) == before


def test_what_a_cut_left_in_its_place_is_still_known_to_imports(
    admin: Door, tenant: Tenant, catalogue: Catalogue, write: Write
) -> None:
    admin.make("contact-policies", name="Ever", ruleType="frequency_cap", config={"maxTotal": 9}, scope="global")
    old = clock.text(clock.now() - timedelta(days=40))
    rows = [f"ada,{old},{outcome},Email" for outcome in ("impression", "click")]
    touches = write("customerId,timestamp,outcome,channel", *rows)
    imported(touches)
    assert run("apply_retention", days=30) == "acme: 1 interactions deleted, 1 kept for limits"
    said, _ = refused(touches)
    assert said == "acme: 0 imported, 1 already there, 1 failed"
