"""The life of every configured row: live or deleted, versioned, with history and audit, changed by four verbs only.

A change is made inside `writing(actor)`, one transaction that holds the tenant's configuration head. Whatever is read
or validated in there cannot be outdated by another write, so a name is free or taken, a version is current or stale,
a reference is live or gone, and nothing has to be tried twice.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any, ClassVar, Self, TypeVar

from django.core.exceptions import ValidationError
from django.db import models, transaction
from simple_history.models import HistoricalRecords

from kaireon import audit, clock
from kaireon.audit import ConfigurationHead
from kaireon.publicid import Kind
from kaireon.tenancy import Actor, TenantOwned, TenantQuerySet

L = TypeVar("L", bound="Lifecycle")


class LifecycleError(Exception):
    """A verb refused; nothing was changed."""


class DuplicateName(LifecycleError):
    """Another live row already bears the name, or another word that must be unique; `taken` has a message for each."""

    def __init__(self, taken: Mapping[str, str]) -> None:
        super().__init__(" ".join(taken.values()))
        self.taken = taken


class StaleVersion(LifecycleError):
    """The caller edited a version that is no longer the current one."""

    def __init__(self, *, given: int, current: int) -> None:
        super().__init__(f"Version {given} is no longer current; read version {current} and apply the change to it.")
        self.current = current


class AlreadyDeleted(LifecycleError):
    """The row to delete is deleted."""


class NotDeleted(LifecycleError):
    """The row to restore is live."""


class OwnerDeleted(LifecycleError):
    """A row cannot come back before what it belongs to."""


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


class Frozen(LifecycleError):
    """The row belongs to the system; nobody changes or deletes it."""


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


@dataclass(frozen=True)
class Written:
    """One write of one row, with its state before (None: there was no row) and after."""

    row: Lifecycle
    action: str
    before: Mapping[str, Any] | None
    after: Mapping[str, Any]


class Writing:
    """One transaction of configuration changes: the verbs, which write row, history, audit and version together."""

    def __init__(self, actor: Actor, head: ConfigurationHead) -> None:
        self.actor = actor
        self.tenant = actor.tenant
        self.now = actor.now
        self.head = head
        self.version = head.version + 1
        self.configured = False
        self.written: list[Written] = []

    def create(self, row: L, *, parts: Mapping[str, Any] | None = None, action: str = "create", reason: str = "") -> L:
        """Stores a new row as its version 1. Raises DuplicateName."""
        row.tenant, row.version = self.tenant, 1
        row.created_at = row.updated_at = self.now
        self._store(row, parts=parts, force_insert=True)
        self._record(row, before=None, sign="+", action=action, reason=reason)
        return row

    def change(
        self,
        row: L,
        *,
        values: Mapping[str, Any],
        parts: Mapping[str, Any] | None = None,
        expected_version: int | None = None,
        action: str = "update",
        reason: str = "",
    ) -> L:
        """Gives the row new values (by attribute name) and its next version. Raises StaleVersion, DuplicateName."""
        current = self._current(row, expected_version)
        if current.deleted_at is not None:
            raise AlreadyDeleted(f'"{current}" is deleted; restore it before changing it.')
        before = current.state()
        for name, value in values.items():
            setattr(current, name, value)
        self._next_version(current, parts=parts)
        self._record(current, before=before, sign="~", action=action, reason=reason)
        return current

    def soft_delete(self, row: L, *, expected_version: int | None = None, reason: str = "") -> L:
        """Marks the row and everything it owns as deleted. Raises AlreadyDeleted, StaleVersion."""
        current = self._current(row, expected_version)
        if current.deleted_at is not None:
            raise AlreadyDeleted(f'"{current}" is already deleted.')
        self._set_deleted(current, deleted_with="", reason=reason)
        for child in list(owned_by(current)):
            self._set_deleted(child, deleted_with=current.public_id, reason=reason)
        return current

    def restore(self, row: L, *, reason: str = "") -> L:
        """Brings back the row and exactly what went with it. Raises NotDeleted, OwnerDeleted, DuplicateName."""
        current = self._current(row, None)
        if current.deleted_at is None:
            raise NotDeleted(f'"{current}" is not deleted.')
        companions = list(went_with(current))
        self._set_live(current, reason=reason)
        for child in companions:
            self._set_live(child, reason=reason)
        return current

    def audit(
        self,
        *,
        action: str,
        entity_type: str,
        entity_id: str,
        entity_name: str,
        before: dict[str, Any] | None,
        after: dict[str, Any] | None,
        entity_version: int | None = None,
    ) -> None:
        """Appends one entry to the tenant's chain."""
        audit.append(
            self.head,
            actor=self.actor,
            action=action,
            entity_type=entity_type,
            entity_id=entity_id,
            entity_name=entity_name,
            entity_version=entity_version,
            before=before,
            after=after,
        )

    def _current(self, row: L, expected_version: int | None) -> L:
        current = type(row).everything.of(self.tenant).get(pk=row.pk)
        if expected_version is not None and expected_version != current.version:
            raise StaleVersion(given=expected_version, current=current.version)
        if (reason := current.frozen_because()) is not None:
            raise Frozen(reason)
        return current  # type: ignore[return-value]

    def _set_deleted(self, row: Lifecycle, *, deleted_with: str, reason: str) -> None:
        before = row.state()
        row.deleted_at, row.deleted_with = self.now, deleted_with
        self._next_version(row)
        self._record(row, before=before, sign="-", action="soft_delete", reason=reason)

    def _set_live(self, row: Lifecycle, *, reason: str) -> None:
        for owner in (getattr(row, name) for name in row.owners):
            if type(owner).everything.filter(pk=owner.pk, deleted_at__isnull=False).exists():
                raise OwnerDeleted(
                    f'"{row}" belongs to the deleted {owner._meta.verbose_name} "{owner}"; restore that first.'
                )
        before = row.state()
        row.deleted_at, row.deleted_with = None, ""
        self._next_version(row)
        self._record(row, before=before, sign="~", action="restore", reason=reason)

    def _next_version(self, row: Lifecycle, *, parts: Mapping[str, Any] | None = None) -> None:
        row.version += 1
        row.updated_at = self.now
        self._store(row, parts=parts, force_insert=False)

    def _store(self, row: Lifecycle, *, parts: Mapping[str, Any] | None, force_insert: bool) -> None:
        _refuse_taken_name(row)
        row.changed_in = self.version
        row.skip_history_when_saving = True  # type: ignore[attr-defined]
        row.save(force_insert=force_insert)
        if parts is not None:
            row.write_parts(parts, now=self.now)
        self.configured = self.configured or row.configures

    def _record(self, row: Lifecycle, *, before: dict[str, Any] | None, sign: str, action: str, reason: str) -> None:
        parts = row.parts()
        after = row.state(parts)
        self.written.append(Written(row, action, before, after))
        history: Any = type(row).history
        history.model.objects.create(
            history_type=sign,
            history_date=self.now,
            history_user=self.actor.user,
            history_actor=self.actor.label[:255],
            history_change_reason=reason or action,
            history_parts=parts,
            **{field.attname: getattr(row, field.attname) for field in history.model.tracked_fields},
        )
        self.audit(
            action=action,
            entity_type=row.entity_type(),
            entity_id=row.public_id,
            entity_name=str(row)[:255],
            entity_version=row.version,
            before=before,
            after=after,
        )


# What other apps do about the changes of a transaction before it is committed; an app's `ready()` adds a line, so no
# import runs upward. What a listener writes, later ones see in `written`.
after_writing: list[Callable[[Writing], None]] = []


@contextmanager
def writing(actor: Actor) -> Iterator[Writing]:
    """One transaction that holds the tenant's head; all of it is committed, or none."""
    with transaction.atomic():
        head = ConfigurationHead.objects.select_for_update().get(tenant=actor.tenant)
        unit = Writing(actor, head)
        yield unit
        for listen in after_writing:
            listen(unit)
        if unit.configured:
            head.version = unit.version
        head.save()


def kinds() -> dict[str, type[Lifecycle]]:
    """Every concrete lifecycle model by its entity type."""
    from django.apps import apps

    models_ = (model for model in apps.get_models() if issubclass(model, Lifecycle))
    return {model.entity_type(): model for model in models_}


def owned_by(owner: Lifecycle) -> Iterator[Lifecycle]:
    """The live rows that deleting the owner takes along."""
    for model, name in _ownerships(type(owner)):
        yield from model.objects.filter(**{name: owner.pk}).order_by("pk")


def went_with(owner: Lifecycle) -> Iterator[Lifecycle]:
    """The deleted rows that restoring the owner brings back."""
    for model, name in _ownerships(type(owner)):
        yield from model.everything.filter(**{name: owner.pk}, deleted_with=owner.public_id).order_by("pk")


def _ownerships(owner: type[Lifecycle]) -> Iterator[tuple[type[Lifecycle], str]]:
    for model in kinds().values():
        for name in model.owners:
            if model._meta.get_field(name).related_model is owner:
                yield model, name


def _refuse_taken_name(row: Lifecycle) -> None:
    # Exact, not a guess: every other writer of this tenant waits for the head this transaction holds.
    taken = {}
    for model, constraints in row.get_constraints():
        for constraint in constraints:
            try:
                constraint.validate(model, row)
            except ValidationError as error:
                field = constraint.deconstruct()[2]["fields"][-1]
                taken[field] = " ".join(error.messages)
    if taken:
        raise DuplicateName(taken)
