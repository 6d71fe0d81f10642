"""The audit log: complete, chained, and written in the transaction of the change it tells of."""

from __future__ import annotations

from collections.abc import Callable
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import connection

from kaireon.audit import AuditEntry, ConfigurationHead
from kaireon.tenancy import Tenant
from tests.conftest import Catalogue, Door
from tests.witness import stored

ENTRY_KEYS = {
    "id", "tenantId", "sequence", "action", "entityType", "entityId", "entityName", "entityVersion", "before", "after",
    "changes", "actor", "userId", "apiKeyId", "requestId", "timestamp", "prevHash", "integrityHash",
}  # fmt: skip


def verify(admin: Door) -> Any:
    status, body = admin("GET", "audit-logs/verify")
    assert status == 200
    return body


def commanded(tenant: Tenant) -> str:
    """What the command prints; a broken chain must also be its exit."""
    out = StringIO()
    try:
        call_command("verify_audit_log", "--tenant", tenant.key, stdout=out)
    except CommandError as error:
        assert str(error) == "1 of 1 chains are broken."
        assert "BROKEN" in out.getvalue()
    else:
        assert "intact" in out.getvalue()
    return out.getvalue()


def entries(tenant: Tenant) -> list[AuditEntry]:
    return list(AuditEntry.objects.of(tenant).order_by("sequence"))


def test_an_entry_tells_everything(admin: Door, tenant: Tenant, catalogue: Catalogue) -> None:
    _, made = admin("PATCH", f"offers/{catalogue.offer}", {"priority": 7}, **{"X-Request-Id": "req-7"})
    _, page = admin("GET", "audit-logs?limit=2")
    entry, previous = page["data"]
    assert page["logs"] == page["data"]
    assert page.keys() == {"data", "logs", "pagination"}
    assert entry.keys() == ENTRY_KEYS
    state = entry["before"]
    key = entry.pop("apiKeyId")
    assert key.startswith("key_")
    assert entry == {
        "id": entry["id"],
        "tenantId": tenant.public_id,
        "sequence": previous["sequence"] + 1,
        "action": "update",
        "entityType": "offer",
        "entityId": catalogue.offer,
        "entityName": "Platinum Card Upgrade",
        "entityVersion": 2,
        "before": state,
        "after": state | {"priority": 7},
        "changes": {"priority": {"before": 50, "after": 7}},
        "actor": "key admin key",
        "userId": None,
        "requestId": "req-7",
        "timestamp": made["updatedAt"],
        "prevHash": previous["integrityHash"],
        "integrityHash": entry["integrityHash"],
    }
    assert state == {
        "name": "Platinum Card Upgrade", "description": "", "status": "active", "categoryId": catalogue.category,
        "subCategoryId": None, "category": "", "priority": 50, "businessValue": 0, "mandatory": False,
        "mandatoryReason": "", "mandatoryExpiresAt": None, "shortDesc": "", "tags": [], "schedule": {}, "metadata": {},
        "deletedAt": None,
    }  # fmt: skip


def test_a_creation_has_no_before_and_a_deletion_shows_both(admin: Door, catalogue: Catalogue) -> None:
    admin("DELETE", f"creatives/{catalogue.creative}")
    _, page = admin("GET", f"audit-logs?entityId={catalogue.creative}")
    deletion, creation = page["data"]
    assert (creation["action"], creation["before"], creation["entityVersion"]) == ("create", None, 1)
    assert deletion["before"] == creation["after"]
    assert deletion["after"] == creation["after"] | {"deletedAt": deletion["timestamp"]}
    assert deletion["changes"] == {"deletedAt": {"before": None, "after": deletion["timestamp"]}}


def test_the_log_is_filtered_and_paged(admin: Door, catalogue: Catalogue) -> None:
    admin("DELETE", f"creatives/{catalogue.creative}")
    _, page = admin("GET", "audit-logs?entityType=creative&action=soft_delete")
    (entry,) = page["data"]
    instant = entry["timestamp"]
    assert admin("GET", f"audit-logs?entityType=creative&from={instant}")[1]["data"] == [entry]
    assert admin("GET", f"audit-logs?entityType=creative&action=soft_delete&to={instant}")[1]["data"] == []
    assert admin("GET", "audit-logs?entityType=contact_policy")[1]["data"] == []
    seen, cursor = [], ""
    while cursor is not None:
        _, page = admin("GET", f"audit-logs?limit=4&cursor={cursor}")
        seen += [row["sequence"] for row in page["data"]]
        cursor = page["pagination"]["cursor"]
    assert seen == list(range(page["pagination"]["total"], 0, -1))
    assert admin("GET", "audit-logs?colour=red")[0] == 400


def test_an_untouched_chain_is_intact(admin: Door, tenant: Tenant, catalogue: Catalogue) -> None:
    count = len(entries(tenant))
    assert verify(admin) == {"intact": True, "verified": count, "total": count}
    assert f"{count} of {count} entries verified" in commanded(tenant)


TAMPERED = {
    "sequence": 99,
    "action": "update",
    "entity_type": "creative",
    "entity_id": "off_x",
    "entity_name": "Somebody else",
    "timestamp": "2001-01-01T00:00:00Z",
    "body": "{}",
    "prev_hash": "0" * 64,
    "integrity_hash": "f" * 64,
}


@pytest.mark.parametrize("column", TAMPERED)
def test_every_tampered_column_is_found(admin: Door, tenant: Tenant, catalogue: Catalogue, column: str) -> None:
    fifth = entries(tenant)[4]
    AuditEntry.objects.filter(pk=fifth.pk).update(**{column: TAMPERED[column]})
    found = verify(admin)
    assert (found["intact"], found["verified"]) == (False, 4)
    assert found["brokenAtId"] == (fifth.public_id if column != "sequence" else entries(tenant)[4].public_id)
    assert found["brokenReason"]
    assert found["brokenReason"] in commanded(tenant)
    assert admin("GET", "audit-logs?limit=100")[0] == 200


@pytest.mark.parametrize("body", ["", "nonsense", "[]", '{"sequence": 5}'])
def test_a_body_rewritten_with_its_own_hash_is_found(
    admin: Door, tenant: Tenant, catalogue: Catalogue, body: str
) -> None:
    from kaireon.audit import link

    last = entries(tenant)[-1]
    AuditEntry.objects.filter(pk=last.pk).update(body=body, integrity_hash=link(last.prev_hash, body))
    found = verify(admin)
    assert (found["intact"], found["brokenAtId"]) == (False, last.public_id)


def test_an_entry_moved_to_another_tenant_is_found(
    admin: Door, tenant: Tenant, foreign_tenant: Tenant, catalogue: Catalogue
) -> None:
    last = entries(tenant)[-1]
    AuditEntry.objects.filter(pk=last.pk).update(tenant=foreign_tenant, sequence=1000)
    assert verify(admin)["intact"] is False
    with pytest.raises(CommandError, match="2 of 2 chains are broken"):
        call_command("verify_audit_log", stdout=StringIO())


def test_a_missing_middle_a_cut_tail_and_a_forged_tail_are_found(
    admin: Door, tenant: Tenant, catalogue: Catalogue
) -> None:
    chain = entries(tenant)
    total = len(chain)

    chain[-1].delete()
    cut = {
        "intact": False,
        "verified": total - 1,
        "total": total,
        "brokenAtId": None,
        "brokenReason": f"The chain ends at entry {total - 1}, but the head knows {total}: its tail was cut.",
    }
    assert verify(admin) == cut
    assert "the end" in commanded(tenant)

    chain[-1].save(force_insert=True)
    assert verify(admin)["intact"] is True
    AuditEntry.objects.filter(pk=chain[2].pk).delete()
    assert verify(admin) == {
        "intact": False,
        "verified": 2,
        "total": total,
        "brokenAtId": chain[3].public_id,
        "brokenReason": "Entry 3 is missing: the next one found is 4.",
    }
    chain[2].save(force_insert=True)
    AuditEntry.objects.create(
        tenant=tenant, sequence=total + 1, action="create", timestamp=chain[0].timestamp, body="{}"
    )
    found = verify(admin)
    assert (found["intact"], found["verified"]) == (False, total)


def test_an_emptied_log_is_found(admin: Door, tenant: Tenant) -> None:
    AuditEntry.objects.of(tenant).delete()
    found = verify(admin)
    assert (found["intact"], found["verified"]) == (False, 0)


@pytest.fixture
def refuse_writes(db: None) -> Callable[[str], None]:
    """Makes the database itself refuse to insert into, or to update, a table."""

    def refuse(table: str, event: str = "INSERT") -> None:
        with connection.cursor() as cursor:
            if connection.vendor == "sqlite":
                cursor.execute(
                    f"CREATE TRIGGER refusal BEFORE {event} ON {table} BEGIN SELECT RAISE(FAIL, 'no space'); END"
                )
            else:
                cursor.execute(
                    "CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS "
                    "$$ BEGIN RAISE EXCEPTION 'no space'; END $$"
                )
                cursor.execute(
                    f"CREATE TRIGGER refusal BEFORE {event} ON {table} FOR EACH ROW EXECUTE FUNCTION refuse()"
                )

    return refuse


@pytest.mark.parametrize(
    ("table", "event"),
    [
        ("policies_historicalcontactpolicy", "INSERT"),
        ("kaireon_auditentry", "INSERT"),
        ("policies_policyscope", "INSERT"),
        ("kaireon_configurationhead", "UPDATE"),
    ],
)
def test_row_history_and_audit_are_written_together_or_not_at_all(
    admin: Door, catalogue: Catalogue, refuse_writes: Callable[..., None], table: str, event: str
) -> None:
    policy = admin.make("contact-policies", name="Quiet", scope="global", ruleType="allow_override")
    path = f"contact-policies/{policy['id']}"
    admin.client.raise_request_exception = False
    before = stored()
    refuse_writes(table, event)
    new = {"name": "New", "scope": "global", "ruleType": "allow_override"}
    writes: list[tuple[str, str, Any]] = [
        ("POST", "contact-policies", new),
        ("PATCH", path, {"scopes": [{"scope": "offer", "scopeId": "*"}], "priority": 1}),
    ]
    if table != "policies_policyscope":
        writes += [("DELETE", path, None), ("POST", f"{path}/revert", {"version": 1})]
    for method, address, body in writes:
        assert admin(method, address, body)[0] >= 409
        assert stored() == before


def test_a_cascade_is_one_transaction(admin: Door, catalogue: Catalogue, refuse_writes: Callable[..., None]) -> None:
    before = stored()
    refuse_writes("creatives_historicalcreative")
    assert admin("DELETE", f"channels/{catalogue.channel}")[0] >= 409
    assert stored() == before


def test_each_tenant_has_a_chain_of_its_own(
    admin: Door, stranger: Door, tenant: Tenant, foreign_tenant: Tenant, catalogue: Catalogue
) -> None:
    stranger.make("offers", name="Theirs")
    for owner in (tenant, foreign_tenant):
        chain = entries(owner)
        assert [entry.sequence for entry in chain] == list(range(1, len(chain) + 1))
        head = ConfigurationHead.objects.get(tenant=owner)
        assert (head.audit_sequence, head.audit_hash) == (len(chain), chain[-1].integrity_hash)
    assert {row["tenantId"] for row in stranger("GET", "audit-logs?limit=100")[1]["data"]} == {foreign_tenant.public_id}
