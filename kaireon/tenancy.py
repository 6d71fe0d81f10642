"""Tenants, the roles people and keys have in them, and who acts in a request."""

from __future__ import annotations

import zoneinfo
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache
from typing import TYPE_CHECKING, Any, ClassVar, Self, TypeVar

from django.core.exceptions import ValidationError
from django.core.validators import RegexValidator
from django.db import models

from kaireon import clock
from kaireon.publicid import Kind

if TYPE_CHECKING:
    from django.contrib.auth.models import AbstractBaseUser

    from kaireon.access import ApiKey


class Role(models.TextChoices):
    """What somebody may do. viewer < editor < admin; delivery stands beside them, for the systems that send."""

    VIEWER = "viewer"
    EDITOR = "editor"
    ADMIN = "admin"
    DELIVERY = "delivery"


READERS = frozenset({Role.VIEWER, Role.EDITOR, Role.ADMIN})
EDITORS = frozenset({Role.EDITOR, Role.ADMIN})
ADMINS = frozenset({Role.ADMIN})
EVERYBODY = frozenset(Role)


@cache
def zone_names() -> frozenset[str]:
    """The IANA database's names, read once: collecting them walks its whole folder.

    "localtime" is left out: it is whatever this machine happens to be set to.
    """
    return frozenset(zoneinfo.available_timezones() - {"localtime"})


def validate_timezone(name: str) -> None:
    """Refuses what the IANA database does not know."""
    if name not in zone_names():
        raise ValidationError(f'"{name}" is not an IANA time zone; write one such as "Europe/Berlin".')


class Tenant(models.Model):
    """One company that uses Kaireon. Nothing of it is ever visible to another."""

    id_kind: ClassVar = Kind("t", 1)

    key = models.CharField(
        max_length=63,
        unique=True,
        validators=[RegexValidator(r"^[a-z0-9][a-z0-9-]*$", "Write lower-case letters, digits and hyphens.")],
        help_text="Short name for commands: lower-case letters, digits and hyphens.",
    )
    name = models.CharField(max_length=255)
    timezone = models.CharField(max_length=64, default="UTC", validators=[validate_timezone])
    created_at = models.DateTimeField(default=clock.now, editable=False)

    def __str__(self) -> str:
        return self.name

    @property
    def public_id(self) -> str:
        """`t_...`"""
        return self.id_kind.encode(self.pk)

    def state(self) -> dict[str, Any]:
        """What the audit shows of a tenant."""
        return {"key": self.key, "name": self.name, "timezone": self.timezone}


Row = TypeVar("Row", bound=models.Model)


class TenantQuerySet(models.QuerySet[Row]):
    """The read word every tenant-owned model has."""

    def of(self, tenant: Tenant) -> Self:
        """The tenant's rows only."""
        return self.filter(tenant=tenant)

    def beside(self, *names: str) -> Self:
        """The rows with those that these foreign keys name, in one query; with none where none is named.

        The tenant is better known beforehand: joining it makes SQLite sort a whole list for one page.
        """
        return self.select_related(*names) if names else self


class TenantOwned(models.Model):
    """A row that belongs to one tenant."""

    tenant = models.ForeignKey(Tenant, on_delete=models.PROTECT, related_name="+", editable=False)

    class Meta:
        abstract = True

    @property
    def tenant_public_id(self) -> str:
        """The tenant's id, for which nobody has to read the tenant."""
        return Tenant.id_kind.encode(self.tenant_id)


@dataclass(frozen=True)
class Actor:
    """Who does something, in which tenant, with which rights, at which instant."""

    tenant: Tenant
    role: Role
    user: AbstractBaseUser | None = None
    key: ApiKey | None = None
    command: str = ""
    request_id: str = ""
    now: datetime = field(default_factory=clock.now)

    @property
    def label(self) -> str:
        """How audit and history name the actor."""
        if self.key is not None:
            return f"key {self.key.name}"
        if self.user is not None:
            return self.user.get_username()
        return f"command {self.command}"
