"""`manage.py backfill_history`: a row without a history gets its first entry, and nothing else changes."""

from __future__ import annotations

from collections.abc import Callable
from io import StringIO
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.management import CommandError, call_command

from creatives.models import Category, Offer
from kaireon.audit import AuditEntry, ConfigurationHead, verify
from kaireon.history import entries_of
from kaireon.lifecycle import kinds
from kaireon.tenancy import Tenant
from policies.models import ContactPolicy
from tests.conftest import Catalogue, Door
from tests.witness import rows_added, stored


def begun(**options: Any) -> str:
    out = StringIO()
    call_command("backfill_history", tenant="acme", stdout=out, verbosity=0, **options)
    return out.getvalue().strip()


def test_rows_without_a_history_get_their_first_entry(
    admin: Door, stranger: Door, person: Callable[[str], User], tenant: Tenant, catalogue: Catalogue
) -> None:
    person("viewer")
    foreign = stranger.make("categories", name="Foreign")["id"]
    policy = admin.make("contact-policies", name="P", ruleType="cooldown", config={"cooldownHours": 1}, scope="global")
    admin.make("segments", name="vip")
    admin("DELETE", f"offers?id={catalogue.offer}")
    kept = Category.objects.get(pk=Category.id_kind.decode(catalogue.category))
    rows = 0
    for model in kinds().values():
        history: Any = model.history
        lost = [row for row in model.everything.of(tenant) if row != kept]
        history.filter(id__in=[row.pk for row in lost]).delete()
        rows += len(lost)
    version, before = ConfigurationHead.objects.get(tenant=tenant).version, stored()
    assert begun(dry_run=True) == f"acme: {rows} histories begun (dry run: rolled back)"
    assert stored() == before
    assert begun(batch_size=3) == f"acme: {rows} histories begun"
    added = rows_added(before)
    assert added.pop("kaireon.AuditEntry") == rows
    assert sum(added.values()) == rows
    assert all("Historical" in label for label in added)
    assert ConfigurationHead.objects.get(tenant=tenant).version == version
    row = ContactPolicy.objects.get()
    [entry] = entries_of(row)
    assert (entry.history_type, entry.version, entry.history_parts) == ("+", 1, row.parts())
    assert entry.history_change_reason == "history begins here; the row is older"
    [entry] = entries_of(Offer.everything.get())
    assert (entry.history_type, entry.version) == ("+", 2)
    assert entry.deleted_at is not None
    status, answer = admin("GET", f"contact-policies/{policy['id']}/history")
    assert (status, [version["changedBy"] for version in answer["data"]]) == (200, ["command backfill_history"])
    entry = AuditEntry.objects.of(tenant).filter(entity_id=policy["id"]).latest("pk")
    assert (entry.action, entry.content["before"]) == ("begin_history", None)
    assert verify(tenant).intact
    assert entries_of(Category.objects.get(pk=Category.id_kind.decode(foreign))).count() == 1
    before = stored()
    assert begun() == "acme: nothing to do"
    assert stored() == before


def test_it_goes_on_behind_a_row(admin: Door, tenant: Tenant) -> None:
    ids = [admin.make("categories", name=f"C{number}")["id"] for number in range(3)]
    offer = admin.make("offers", name="Gold")["id"]
    for model in (Category, Offer):
        model.history.all().delete()
    assert begun(after=ids[1], dry_run=True).startswith("acme: 2 histories begun")
    assert begun(after=offer, dry_run=True) == "acme: nothing to do (dry run: rolled back)"
    with pytest.raises(CommandError, match="no id of a configured row"):
        begun(after="ih_1")
