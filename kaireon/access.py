"""Who may come in: people through memberships, systems through API keys."""

from __future__ import annotations

import hmac
import secrets
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime, timedelta
from typing import ClassVar

from django.conf import settings
from django.db import OperationalError, models, transaction

from kaireon.audit import ConfigurationHead
from kaireon.database.reading import impatient
from kaireon.lifecycle import Lifecycle, unique_live
from kaireon.publicid import Kind
from kaireon.tenancy import Actor, Role, Tenant
from kaireon.writing import Writing, writing

KEY_PREFIX = "krn_"
LAST_USED_PRECISION = timedelta(minutes=1)

# What other apps give every new tenant (its outcome types); an app's `ready()` adds a line, so no import runs upward.
on_tenant_created: list[Callable[[Writing], None]] = []


class Membership(Lifecycle):
    """A person's role in a tenant."""

    id_kind = Kind("mem", 17)
    configures = False

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    role = models.CharField(max_length=16, choices=Role.choices, default=Role.VIEWER)

    class Meta:
        constraints = [
            unique_live(
                "tenant",
                "user",
                name="membership_once_per_user",
                message="This person already has a role in the tenant; change that one.",
            )
        ]

    def __str__(self) -> str:
        return f"{self.user.get_username()} ({self.role})"


class ApiKey(Lifecycle):
    """A system's key: one tenant, one role. The key itself is never stored; deleting it revokes it."""

    id_kind = Kind("key", 16)
    configures = False
    unaudited: ClassVar = frozenset({"digest", "last_used_at"})

    name = models.CharField(max_length=255)
    role = models.CharField(max_length=16, choices=Role.choices, default=Role.VIEWER)
    start = models.CharField(max_length=12, editable=False, help_text="The first characters, to recognise it by.")
    digest = models.CharField(max_length=64, unique=True, editable=False)
    expires_at = models.DateTimeField(null=True, blank=True)
    last_used_at = models.DateTimeField(null=True, editable=False)

    class Meta:
        verbose_name = "API key"
        constraints = [
            unique_live(
                "tenant", "name", name="api_key_name_taken", message="An API key with that name already exists."
            )
        ]


def remember_use(key: int, last_used_at: datetime | None, now: datetime) -> None:
    """Notes when a key was last used, at most once a minute, and never at the cost of the request."""
    if last_used_at is not None and now - last_used_at < LAST_USED_PRECISION:
        return
    free = ApiKey.everything.select_for_update(skip_locked=True).filter(pk=key)
    with impatient(), suppress(OperationalError), transaction.atomic():
        if free.exists():
            free.update(last_used_at=now)


def new_secret() -> str:
    """A fresh key, `krn_` and 43 characters."""
    return KEY_PREFIX + secrets.token_urlsafe(32)


def digest_of(secret: str) -> str:
    """HMAC-SHA256 of the key under the environment's pepper, in hex; what is stored and looked up."""
    return hmac.digest(settings.API_KEY_PEPPER.encode(), secret.encode(), "sha256").hex()


def issue_key(unit: Writing, *, name: str, role: str, expires_at: datetime | None = None) -> tuple[ApiKey, str]:
    """Makes a key; the second value is the key itself, which is not to be had again."""
    secret = new_secret()
    key = ApiKey(name=name, role=role, expires_at=expires_at, start=secret[:12], digest=digest_of(secret))
    return unit.create(key), secret


def find_key(secret: str, *, now: datetime) -> ApiKey | None:
    """The living, unexpired key, or None."""
    key = ApiKey.objects.select_related("tenant").filter(digest=digest_of(secret)).first()
    return None if key is None or (key.expires_at is not None and key.expires_at <= now) else key


def create_tenant(*, key: str, name: str, timezone: str = "UTC") -> Tenant:
    """A new tenant with its configuration head. Raises ValidationError with every fault of the values."""
    tenant = Tenant(key=key, name=name, timezone=timezone)
    tenant.full_clean()
    with transaction.atomic():
        tenant.save()
        ConfigurationHead.objects.create(tenant=tenant)
        with writing(operator(tenant, "create_tenant")) as unit:
            audit_tenant(unit, action="create", before=None)
            for prepare in on_tenant_created:
                prepare(unit)
    return tenant


def audit_tenant(unit: Writing, *, action: str, before: dict[str, object] | None) -> None:
    """Notes a change of the tenant itself, which decisions depend on (its time zone)."""
    unit.audit(
        action=action,
        entity_type="tenant",
        entity_id=unit.tenant.public_id,
        entity_name=unit.tenant.name,
        before=before,
        after=unit.tenant.state(),
    )
    unit.configured = True


def operator(tenant: Tenant, command: str) -> Actor:
    """The actor of a management command."""
    return Actor(tenant=tenant, role=Role.ADMIN, command=command)
