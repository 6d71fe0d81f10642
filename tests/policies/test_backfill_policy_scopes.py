"""`manage.py backfill_policy_scopes`: what a policy was assigned to is found in its history, and never guessed."""

from __future__ import annotations

from io import StringIO
from typing import Any

from django.core.management import CommandError, call_command

from kaireon.audit import AuditEntry, verify
from kaireon.history import entries_of
from kaireon.tenancy import Tenant
from policies.models import ContactPolicy, PolicyScope
from tests.conftest import Catalogue, Door
from tests.witness import stored


def run(**options: Any) -> tuple[str, str, str]:
    """Summary, what was said of rows, and the error."""
    out, said, error = StringIO(), StringIO(), ""
    try:
        call_command("backfill_policy_scopes", tenant="acme", stdout=out, stderr=said, verbosity=0, **options)
    except CommandError as refused:
        error = str(refused)
    return out.getvalue().strip(), said.getvalue().strip(), error


def made(door: Door, name: str, *scopes: dict[str, Any]) -> ContactPolicy:
    config = {"cooldownHours": 1}
    answer = door.make("contact-policies", name=name, ruleType="cooldown", config=config, scopes=list(scopes))
    return ContactPolicy.objects.get(pk=ContactPolicy.id_kind.decode(answer["id"]))


def remember(policy: ContactPolicy, parts: Any) -> None:
    """Makes every version of the policy say this of its scopes."""
    entries_of(policy).update(history_parts=parts)


def test_lost_assignments_come_back_as_a_new_version_and_unknown_ones_are_named(
    admin: Door, tenant: Tenant, catalogue: Catalogue
) -> None:
    wanted = [{"scope": "offer", "scopeId": catalogue.offer}, {"scope": "channel", "scopeId": "*"}]
    whole, whole_too = made(admin, "whole", {"scope": "global"}), made(admin, "two", *wanted)
    lost, legacy, unknown, gone = (made(admin, name, *wanted) for name in ("lost", "legacy", "unknown", "gone"))
    admin("PATCH", f"contact-policies/{lost.public_id}", {"scopes": wanted[:1]})
    remember(legacy, {"scope": "creative", "scopeId": catalogue.creative})
    remember(unknown, {})
    remember(gone, {"scopes": [{"scope": "offer", "scopeId": "off_nothing"}]})
    PolicyScope.objects.filter(policy__in=[lost, legacy, unknown, gone]).delete()
    before = stored()
    failed = (
        f'{unknown.public_id}: no version of "unknown" says where it applies; assign it in the admin\n'
        f"{gone.public_id}: \"gone\" was assigned to {{'scope': 'offer', 'scopeId': 'off_nothing'}}, which does not "
        "exist; assign it in the admin",
        "2 policies failed.",
    )
    assert run(dry_run=True) == ("acme: 2 policies assigned, 2 failed (dry run: rolled back)", *failed)
    assert stored() == before
    assert run() == ("acme: 2 policies assigned, 2 failed", *failed)
    scopes = {policy.name: policy.parts()["scopes"] for policy in ContactPolicy.objects.of(tenant)}
    assert scopes == {
        "whole": [{"scope": "global", "scopeId": None}],
        "two": wanted,
        "lost": wanted[:1],
        "legacy": [{"scope": "creative", "scopeId": catalogue.creative}],
        "unknown": [],
        "gone": [],
    }
    assert ContactPolicy.objects.get(pk=lost.pk).version == 3
    entry = AuditEntry.objects.of(tenant).filter(entity_id=legacy.public_id).latest("pk")
    assert (entry.action, entry.content["entityVersion"]) == ("backfill", 2)
    assert verify(tenant).intact
    assert {policy.version for policy in ContactPolicy.objects.filter(pk__in=[whole.pk, whole_too.pk])} == {1}
    before = stored()
    assert run()[0] == "acme: 2 failed"
    assert run(after=gone.public_id) == ("acme: nothing to do", "", "")
    assert run(after="off_1")[2] == '--after: "off_1" is no id such as cp_...'
    assert stored() == before
