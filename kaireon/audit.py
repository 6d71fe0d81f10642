"""The audit log: one entry for each change of configuration, chained by hashes, one chain per tenant.

An entry's `body` is the canonical JSON text that was hashed; the other columns repeat parts of it for filtering and are
compared with it when the chain is verified. Hash chain: each link is SHA-256 over the link before and the body.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from django.db import models

from kaireon import clock
from kaireon.publicid import Kind
from kaireon.tenancy import Tenant, TenantOwned, TenantQuerySet

if TYPE_CHECKING:
    from kaireon.tenancy import Actor

GENESIS = "0" * 64
# Actions people know by another word; the rest are said as they are, without their underscores.
DEEDS = {
    "soft_delete": "delete",
    "delete": "delete for good",
    "bulk_upsert": "store many",
    "legal_hold": "hold for legal reasons",
    "legal_release": "release from legal hold",
}
BATCH = 2000


class ConfigurationHead(models.Model):
    """The end of a tenant's history: its configuration version and the last link of its audit chain.

    A row of its own that nothing references, so that locking it never waits for traffic. Every write of configuration
    locks it first: version order is commit order, and two writes of one tenant cannot deadlock.
    """

    tenant = models.OneToOneField(Tenant, on_delete=models.PROTECT, primary_key=True, related_name="+")
    version = models.BigIntegerField(default=0)
    audit_sequence = models.BigIntegerField(default=0)
    audit_hash = models.CharField(max_length=64, default=GENESIS)


class AuditEntry(TenantOwned):
    """One change: who did what to which entity, with the state before and after."""

    id_kind: ClassVar = Kind("log", 15)

    sequence = models.BigIntegerField(editable=False)
    action = models.CharField(max_length=40, editable=False)
    entity_type = models.CharField(max_length=40, editable=False)
    entity_id = models.CharField(max_length=64, editable=False)
    entity_name = models.CharField(max_length=255, editable=False)
    timestamp = models.DateTimeField(editable=False)
    body = models.TextField(editable=False)
    prev_hash = models.CharField(max_length=64, editable=False)
    integrity_hash = models.CharField(max_length=64, editable=False)

    objects = TenantQuerySet["AuditEntry"].as_manager()

    class Meta:
        verbose_name = "audit entry"
        verbose_name_plural = "audit entries"
        constraints = [models.UniqueConstraint(fields=["tenant", "sequence"], name="audit_entry_sequence_once")]
        indexes = [
            models.Index(fields=["tenant", "entity_type", "entity_id"], name="audit_entry_entity"),
            models.Index(fields=["tenant", "action"], name="audit_entry_action"),
        ]

    def __str__(self) -> str:
        done = deed(self.action)
        return f"{done[0].upper()}{done[1:]} {self.kind} “{self.entity_name}”"

    @property
    def public_id(self) -> str:
        """`log_...`"""
        return self.id_kind.encode(self.pk)

    @property
    def kind(self) -> str:
        """The kind of what was changed, in plain words."""
        return self.entity_type.replace("_", " ")

    @property
    def content(self) -> dict[str, Any]:
        """The body as it was hashed; empty when somebody made it unreadable, which verifying finds."""
        try:
            content = json.loads(self.body)
        except ValueError:
            return {}
        return content if isinstance(content, dict) else {}


def deed(action: str) -> str:
    """What was done, in plain words: "delete" for `soft_delete`."""
    return DEEDS.get(action, action.replace("_", " "))


def changes_between(before: Mapping[str, Any] | None, after: Mapping[str, Any] | None) -> dict[str, dict[str, Any]]:
    """`{field: {before, after}}` for every field whose value differs; an absent side counts as null."""
    old, new = before or {}, after or {}
    return {
        key: {"before": old.get(key), "after": new.get(key)}
        for key in sorted(old.keys() | new.keys())
        if old.get(key) != new.get(key)
    }


def append(
    head: ConfigurationHead,
    *,
    actor: Actor,
    action: str,
    entity_type: str,
    entity_id: str,
    entity_name: str,
    entity_version: int | None,
    before: dict[str, Any] | None,
    after: dict[str, Any] | None,
) -> AuditEntry:
    """The next link, not stored yet; the caller holds the head's lock and stores both in the order they were made."""
    timestamp = clock.text(actor.now)
    body = canonical(
        {
            "tenantId": actor.tenant.public_id,
            "sequence": head.audit_sequence + 1,
            "action": action,
            "entityType": entity_type,
            "entityId": entity_id,
            "entityName": entity_name,
            "entityVersion": entity_version,
            "before": before,
            "after": after,
            "changes": changes_between(before, after),
            "actor": actor.label,
            "userId": str(actor.user.pk) if actor.user is not None else None,
            "apiKeyId": actor.key.public_id if actor.key is not None else None,
            "requestId": actor.request_id,
            "timestamp": timestamp,
        }
    )
    entry = AuditEntry(
        tenant=actor.tenant,
        sequence=head.audit_sequence + 1,
        action=action,
        entity_type=entity_type,
        entity_id=entity_id,
        entity_name=entity_name,
        timestamp=actor.now,
        body=body,
        prev_hash=head.audit_hash,
        integrity_hash=link(head.audit_hash, body),
    )
    head.audit_sequence, head.audit_hash = entry.sequence, entry.integrity_hash
    return entry


@dataclass(frozen=True)
class Verification:
    """What walking a chain found; `broken_at` is the first entry that does not hold."""

    intact: bool
    verified: int
    total: int
    broken_at: str | None = None
    broken_reason: str | None = None


def verify(tenant: Tenant) -> Verification:
    """Walks the tenant's chain from its first link to the head, in constant memory; writers need not wait.

    The last entry is looked up before the head and the walk ends at the head, so a change that is stored meanwhile
    is neither a missing tail nor a forged one.
    """
    entries = AuditEntry.objects.of(tenant).order_by("sequence")
    last = entries.last()
    head = ConfigurationHead.objects.get(tenant=tenant)
    total = head.audit_sequence
    previous, verified = GENESIS, 0
    for entry in entries.filter(sequence__lte=total).iterator(chunk_size=BATCH):
        reason = _fault(entry, previous, verified + 1)
        if reason:
            return Verification(False, verified, total, entry.public_id, reason)
        previous, verified = entry.integrity_hash, verified + 1
    if (total, head.audit_hash) != (verified, previous):
        reason = f"The chain ends at entry {verified}, but the head knows {total}: its tail was cut."
        return Verification(False, verified, total, None, reason)
    if last is not None and last.sequence > total:
        return Verification(False, verified, total, last.public_id, f"The head knows {total} entries; this is beyond.")
    return Verification(True, verified, total)


def _fault(entry: AuditEntry, previous: str, sequence: int) -> str | None:
    if entry.sequence != sequence:
        return f"Entry {sequence} is missing: the next one found is {entry.sequence}."
    if entry.prev_hash != previous:
        return "The entry does not follow the one before it."
    if entry.integrity_hash != link(previous, entry.body):
        return "The entry's content does not match its hash."
    content = entry.content
    shown = {
        "tenantId": Tenant.id_kind.encode(entry.tenant_id),
        "sequence": entry.sequence,
        "action": entry.action,
        "entityType": entry.entity_type,
        "entityId": entry.entity_id,
        "entityName": entry.entity_name,
        "timestamp": clock.text(entry.timestamp),
    }
    differing = [name for name, value in shown.items() if content.get(name) != value]
    return f"The column {differing[0]} does not match the entry's content." if differing else None


def canonical(value: Any) -> str:
    """JSON with sorted keys and no spaces, the same text on every machine."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def link(previous: str, body: str) -> str:
    """The hash of a body that follows the link `previous`."""
    return hashlib.sha256(f"{previous}\n{body}".encode()).hexdigest()
