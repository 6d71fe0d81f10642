"""The demo is made once, kept, and never at somebody else's cost."""

from datetime import timedelta
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.management import call_command
from django.test import Client
from django.urls import reverse

from creatives.models import Creative
from creatives.previewing import draft_of, preview_of
from decisioning.demo.asking import DECISIONS
from decisioning.demo.simulation import EXAMPLE_CUSTOMER
from decisioning.demo.world import SEGMENTS, TEMPLATES
from decisioning.insight.overview import DAYS
from decisioning.models import Customer, Decision, Interaction, SegmentMember
from kaireon import audit, clock
from kaireon.audit import AuditEntry
from kaireon.tenancy import Tenant
from policies.models import ContactPolicy
from policies.rules import slugs

pytestmark = pytest.mark.django_db


def quickstart(path: Path, **options: Any) -> str:
    out = StringIO()
    call_command("quickstart", customers=50, credentials=path, stdout=out, **options)
    return out.getvalue()


def printed(said: str) -> dict[str, str]:
    words = said.split()
    return {name: words[words.index(name) + 1] for name in ("user", "password")} | {
        "key": words[words.index("key") + 1]
    }


def test_it_makes_a_tenant_with_a_policy_of_every_rule_type(tmp_path: Path) -> None:
    said = quickstart(tmp_path / "kept.json")
    tenant = Tenant.objects.get(key="demo")
    assert sorted(ContactPolicy.objects.of(tenant).values_list("rule_type", flat=True)) == sorted(slugs())
    assert Interaction.objects.of(tenant).values("customer_id").distinct().count() == 50
    assert Customer.objects.of(tenant).count() == 50
    assert not SegmentMember.objects.of(tenant).filter(customer__customer_id=EXAMPLE_CUSTOMER).exists()
    assert SegmentMember.objects.of(tenant).values("segment").distinct().count() == len(SEGMENTS)
    assert audit.verify(tenant).intact
    assert Client().login(username=printed(said)["user"], password=printed(said)["password"])


def test_the_overview_of_a_fresh_demo_shows_how_deciding_goes(tmp_path: Path) -> None:
    known = printed(quickstart(tmp_path / "kept.json"))
    browser = Client()
    browser.login(username=known["user"], password=known["password"])
    shown = browser.get(reverse("admin:index")).context
    days = [day.values for day in shown["decisions"].days]
    assert sum(map(sum, days)) == DECISIONS and len([day for day in days if sum(day)]) >= DAYS - 1
    assert sum(suppressed for _, suppressed in (day.values for day in shown["suppressions"].days)) > 0
    assert len(shown["top"].rows) >= 3 and shown["steps"] == []


def test_the_demos_decisions_are_made_as_of_their_instants_in_order_and_can_be_read_back(tmp_path: Path) -> None:
    before = clock.now()
    key = printed(quickstart(tmp_path / "kept.json"))["key"]
    rows = list(Decision.objects.order_by("pk"))
    instants = [row.decided_at for row in rows]
    assert len(rows) == DECISIONS and instants == sorted(instants)
    assert before - timedelta(days=DAYS) < instants[0] and instants[-1] < clock.now()
    assert not Interaction.objects.filter(decision_key__isnull=False).exists()  # deciding left no contacts
    told = Client().get(f"/api/v1/decisions/{rows[0].public_id}", headers={"X-API-Key": key}).json()
    assert (told["customerId"], told["meta"]["decidedAt"]) == (rows[0].customer_id, clock.text(rows[0].decided_at))
    assert told["meta"]["suppressed"] == len(told["trace"]["suppressed"])


def test_every_key_of_a_creative_of_the_demo_has_a_field_in_the_editor(tmp_path: Path) -> None:
    quickstart(tmp_path / "kept.json")
    creatives = Creative.objects.all()
    for creative in creatives:
        preview = preview_of(draft_of(creative), {})
        assert (preview.rest, preview.warnings) == ("", []), creative
        assert creative.content
    assert {creative.template_type for creative in creatives} == set(TEMPLATES.values())


def test_the_printed_request_is_answered_with_a_suppressed_offer(tmp_path: Path) -> None:
    said = quickstart(tmp_path / "kept.json")
    body = said[said.index("-d '") + 4 : said.rindex("' |")]
    response = Client().post(
        "/api/v1/decisions/filter", body, content_type="application/json", headers={"X-API-Key": printed(said)["key"]}
    )
    results = response.json()["results"]
    assert [result["allowed"] for result in results] == [False, False]
    assert results[0]["reasons"][0]["reason"] == "1 of 1 contacts on Email in the last 24 hours"


def test_a_second_run_keeps_everything_and_prints_the_same(tmp_path: Path) -> None:
    first = quickstart(tmp_path / "kept.json")
    counted = AuditEntry.objects.count(), Interaction.objects.count(), Decision.objects.count()
    second = quickstart(tmp_path / "kept.json")
    assert printed(second) == printed(first)
    assert (AuditEntry.objects.count(), Interaction.objects.count(), Decision.objects.count()) == counted


def test_an_account_that_bears_the_name_is_left_alone(tmp_path: Path) -> None:
    User.objects.create_user("demo", password="my own password")
    said = quickstart(tmp_path / "kept.json")
    assert printed(said)["user"] == "demo2"
    assert Client().login(username="demo", password="my own password")


def test_a_damaged_file_counts_as_none(tmp_path: Path) -> None:
    path = tmp_path / "kept.json"
    quickstart(path)
    path.write_text('{"user": "de')
    assert printed(quickstart(path))["user"] == "demo2"
    assert path.stat().st_mode & 0o077 == 0
