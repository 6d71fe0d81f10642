"""What every configured row is: live or deleted, versioned, with history, and shown to people in the API's names."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any, ClassVar, Self, TypeVar

from django.db import models
from simple_history.models import HistoricalRecords

from kaireon import clock
from kaireon.publicid import Kind
from kaireon.tenancy import TenantOwned, TenantQuerySet

L = TypeVar("L", bound="Lifecycle")


class LifecycleQuerySet(TenantQuerySet[L]):
    """The read words of configured rows."""

    def live(self) -> Self:
        """Rows that are not deleted."""
        return self.filter(deleted_at__isnull=True)

    def active(self) -> Self:
        """Live rows that take part in decisions."""
        return self.live().filter(status=Status.ACTIVE)


class LiveManager(models.Manager[L]):
    """Sees the living only."""

    def get_queryset(self) -> models.QuerySet[L]:
        return super().get_queryset().filter(deleted_at__isnull=True)


class HistoryRow(models.Model):
    """What Kaireon adds to django-simple-history's row: the actor's name, and what lies in other tables."""

    history_actor = models.CharField(max_length=255, default="")
    history_parts = models.JSONField(default=dict)

    class Meta:
        abstract = True


class Remembered(HistoricalRecords):
    """django-simple-history's records without a model's `unaudited` columns."""

    def fields_included(self, model: Any) -> list[Any]:
        unaudited: frozenset[str] = getattr(model, "unaudited", frozenset())
        return [field for field in super().fields_included(model) if field.name not in unaudited]


class Status(models.TextChoices):
    """Only active rows take part in decisions."""

    DRAFT = "draft"
    ACTIVE = "active"
    PAUSED = "paused"
    ARCHIVED = "archived"


class Lifecycle(TenantOwned):
    """A configured row. Nobody saves one except the verbs of `Writing`."""

    id_kind: ClassVar[Kind]
    owners: ClassVar[tuple[str, ...]] = ()  # foreign keys whose deletion takes this row along
    configures: ClassVar[bool] = True  # whether decisions depend on it, so that a change raises the tenant's version
    unaudited: ClassVar[frozenset[str]] = frozenset()  # columns that neither audit nor history keeps
    wire_names: ClassVar[Mapping[str, str]] = {}  # columns whose API name is not their own name in camelCase

    version = models.PositiveIntegerField(default=1, editable=False)
    changed_in = models.BigIntegerField(default=0, editable=False)
    created_at = models.DateTimeField(editable=False)
    updated_at = models.DateTimeField(editable=False)
    deleted_at = models.DateTimeField(null=True, editable=False)
    deleted_with = models.CharField(max_length=64, default="", editable=False)

    everything: ClassVar[Any] = LifecycleQuerySet.as_manager()
    objects: ClassVar[Any] = LiveManager.from_queryset(LifecycleQuerySet)()
    history = Remembered(inherit=True, bases=[HistoryRow], history_change_reason_field=models.TextField(default=""))

    class Meta:
        abstract = True

    def __str__(self) -> str:
        return str(self.name) if hasattr(self, "name") else self.public_id

    @property
    def public_id(self) -> str:
        """The id the outside world uses."""
        return self.id_kind.encode(self.pk)

    @classmethod
    def entity_type(cls) -> str:
        """`contact_policy`, as in audit entries."""
        return re.sub(r"(?<!^)(?=[A-Z])", "_", cls.__name__).lower()

    def state(self, parts: Mapping[str, Any] | None = None) -> dict[str, Any]:
        """The row in the API's names and ids, as audit and history show it; a payload that can be sent again.

        `parts` (default: the current ones) is what belongs to the row but lies in other tables.
        """
        state = {
            self.wire_names.get(field.name) or _wire_name(field): self._wire_value(field)
            for field in self.content_fields()
        }
        state["deletedAt"] = clock.text(self.deleted_at) if self.deleted_at else None
        return state | dict(self.parts() if parts is None else parts)

    def parts(self) -> dict[str, Any]:
        """What belongs to the row but lies in other tables, as JSON; nothing for most kinds."""
        return {}

    def write_parts(self, parts: Mapping[str, Any], *, now: datetime) -> None:
        """Makes the other tables say what `parts` says."""

    def frozen_because(self) -> str | None:
        """Why nobody may change or delete the row; None for all but a few."""
        return None

    @classmethod
    def content_fields(cls) -> list[models.Field[Any, Any]]:
        """The columns that people configure: all but identity and lifecycle."""
        mechanical = {field.name for field in Lifecycle._meta.get_fields()} | {"id", "tenant"} | cls.unaudited
        return [field for field in cls._meta.concrete_fields if field.name not in mechanical]

    def _wire_value(self, field: models.Field[Any, Any]) -> Any:
        value = getattr(self, field.attname)
        if value is not None and isinstance(field, models.ForeignKey):
            related = field.remote_field.model
            return related.id_kind.encode(value) if hasattr(related, "id_kind") else str(value)
        if isinstance(value, datetime):
            return clock.text(value)
        return float(value) if isinstance(value, Decimal) else value


def _wire_name(field: models.Field[Any, Any]) -> str:
    head, *rest = field.name.split("_")
    name = head + "".join(word.title() for word in rest)
    return f"{name}Id" if isinstance(field, models.ForeignKey) else name


def kinds() -> dict[str, type[Lifecycle]]:
    """Every concrete lifecycle model by its entity type."""
    from django.apps import apps

    models_ = (model for model in apps.get_models() if issubclass(model, Lifecycle))
    return {model.entity_type(): model for model in models_}


def unique_live(*fields: str, name: str, message: str) -> models.UniqueConstraint:
    """Unique among live rows, and free again after deletion; `message` is what whoever comes second is told."""
    return models.UniqueConstraint(
        fields=fields,
        condition=models.Q(deleted_at__isnull=True),
        name=name,
        violation_error_message=message,
    )
