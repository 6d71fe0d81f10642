"""The verbs that change configured rows. Nobody else saves one.

A change is made inside `writing(actor)`, one transaction that holds the tenant's configuration head. Whatever is read
or validated in there cannot be outdated by another write, so a name is free or taken, a version is current or stale,
a reference is live or gone, and nothing has to be tried twice.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, TypeVar

from django.core.exceptions import ValidationError
from django.db import models, transaction

from kaireon import audit
from kaireon.audit import ConfigurationHead
from kaireon.database.reading import waits_for_locks
from kaireon.lifecycle import Lifecycle, kinds
from kaireon.tenancy import Actor

L = TypeVar("L", bound=Lifecycle)

RECORDS_PER_STATEMENT = 500
MOST_WAITED = 5  # seconds that a server waits for a tenant's head


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


class Frozen(LifecycleError):
    """The row belongs to the system; nobody changes or deletes it."""


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
        self._records: dict[type[models.Model], list[models.Model]] = defaultdict(list)

    def create(
        self,
        row: L,
        *,
        parts: Mapping[str, Any] | None = None,
        action: str = "create",
        reason: str = "",
        surely_free: bool = False,
    ) -> L:
        """Stores a new row as its version 1. Raises DuplicateName, unless the name is `surely_free`."""
        row.tenant, row.version = self.tenant, 1
        row.created_at = row.updated_at = self.now
        if not surely_free:
            refuse_taken_name(row)
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

    def begin_history(self, row: Lifecycle, *, reason: str) -> None:
        """Remembers the present state of a row that has no history. The row itself does not change."""
        parts = row.parts()
        self._remember(row, parts, sign="+", reason=reason)
        self._audit_row(row, action="begin_history", before=None, after=row.state(parts))

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
        entry = audit.append(
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
        self._records[audit.AuditEntry].append(entry)

    def keep_records(self) -> None:
        """Stores the history rows and audit entries made so far, a statement per table and not one per row."""
        for model, records in self._records.items():
            model._base_manager.bulk_create(records, batch_size=RECORDS_PER_STATEMENT)
        self._records.clear()

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
        refuse_taken_name(row)
        self._store(row, parts=parts, force_insert=False)

    def _store(self, row: Lifecycle, *, parts: Mapping[str, Any] | None, force_insert: bool) -> None:
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
        self._remember(row, parts, sign=sign, reason=reason or action)
        self._audit_row(row, action=action, before=before, after=after)

    def _remember(self, row: Lifecycle, parts: dict[str, Any], *, sign: str, reason: str) -> None:
        history: Any = type(row).history
        record = history.model(
            history_type=sign,
            history_date=self.now,
            history_user=self.actor.user,
            history_actor=self.actor.label[:255],
            history_change_reason=reason,
            history_parts=parts,
            **{field.attname: getattr(row, field.attname) for field in history.model.tracked_fields},
        )
        self._records[history.model].append(record)

    def _audit_row(
        self, row: Lifecycle, *, action: str, before: dict[str, Any] | None, after: dict[str, Any] | None
    ) -> None:
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
    """One transaction that holds the tenant's head; all of it is committed, or none.

    A command waits for whoever else writes, however long. A server has calls to answer that write nothing, so it does
    not: while an import's dry run holds the head for minutes, what would change the configuration is a 503.
    """
    with transaction.atomic():
        if not actor.command:
            waits_for_locks(seconds=MOST_WAITED)
        head = ConfigurationHead.objects.select_for_update().get(tenant=actor.tenant)
        unit = Writing(actor, head)
        yield unit
        for listen in after_writing:
            listen(unit)
        unit.keep_records()
        if unit.configured:
            head.version = unit.version
        head.save()


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


def refuse_taken_name(row: Lifecycle) -> None:
    """Raises DuplicateName when another live row bears a word that must be unique."""
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
