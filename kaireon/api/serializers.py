"""The base of every resource's serializer: validates a payload and carries it out through the lifecycle's verbs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from rest_framework import serializers
from rest_framework.exceptions import ErrorDetail, ValidationError
from rest_framework.fields import SkipField, empty

from kaireon.api.fields import ChoiceField, InstantField, NameField, TextField, WholeField, shown
from kaireon.lifecycle import Lifecycle, Status
from kaireon.writing import Writing


class IdField(serializers.CharField):
    """The row's own public id."""

    def __init__(self) -> None:
        super().__init__(source="public_id", read_only=True)


class ResourceSerializer(serializers.Serializer[Any]):
    """Reads and writes one kind of row. The context's `unit` is the transaction that a write belongs to.

    The admin and the commands write through the same serializer, so that one room knows what is valid.
    """

    model: ClassVar[type[Lifecycle]]

    id = IdField()
    tenantId = serializers.CharField(source="tenant_public_id", read_only=True)
    name = NameField()
    version = WholeField(read_only=True)
    rowVersion = WholeField(source="version", read_only=True)
    deletedAt = InstantField(source="deleted_at", read_only=True, allow_null=True)
    createdAt = InstantField(source="created_at", read_only=True)
    updatedAt = InstantField(source="updated_at", read_only=True)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.warnings: list[str] = []

    @property
    def unit(self) -> Writing:
        """The transaction this write belongs to."""
        unit: Writing = self.context["unit"]
        return unit

    def to_internal_value(self, data: Any) -> dict[str, Any]:
        """Validates every field, then what several fields say together, and reports all faults at once."""
        if not isinstance(data, Mapping):
            raise ValidationError({"": [f"{shown(data)} is not an object; send {{...}}."]})
        values: dict[str, Any] = {}
        faults: dict[str, Any] = {}
        for field in self._writable_fields:
            try:
                values[str(field.source)] = self._read(field, data)
            except SkipField:
                continue
            except ValidationError as error:
                faults[str(field.field_name)] = error.detail
        for name, message in self.check(values, data, frozenset(faults)):
            faults.setdefault(name, []).append(ErrorDetail(message, code="invalid"))
        if faults:
            raise ValidationError(faults)
        self._warn_of_unknown_fields(data)
        return values

    def check(self, values: dict[str, Any], data: Mapping[str, Any], faulty: frozenset[str]) -> list[tuple[str, str]]:
        """Faults `(field, message)` that only several fields together show; `faulty` names those already refused."""
        return []

    def create(self, validated_data: dict[str, Any]) -> Lifecycle:
        values, parts = self.split(validated_data)
        return self.unit.create(
            self.model(**values),
            parts=parts,
            action=self.action("create", values),
            reason=self.context.get("reason", ""),
        )

    def update(self, instance: Lifecycle, validated_data: dict[str, Any]) -> Lifecycle:
        values, parts = self.split(validated_data)
        return self.unit.change(
            instance,
            values=values,
            parts=parts,
            expected_version=self.context.get("expected_version"),
            action=self.action(self.context.get("action", "update"), values),
            reason=self.context.get("reason", ""),
        )

    def split(self, values: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any] | None]:
        """The row's own values, and what goes into other tables (None = leave those alone)."""
        return values, None

    def action(self, action: str, values: dict[str, Any]) -> str:
        """The audit action of a write."""
        return action

    def after(self, name: str, values: Mapping[str, Any], default: Any = None) -> Any:
        """What an attribute will be after the write."""
        if name in values:
            return values[name]
        return default if self.instance is None else getattr(self.instance, name)

    def changed(self, name: str, values: Mapping[str, Any]) -> bool:
        """Whether the write changes an attribute."""
        return name in values and (self.instance is None or values[name] != getattr(self.instance, name))

    def _read(self, field: Any, data: Mapping[str, Any]) -> Any:
        raw = data.get(field.field_name, empty)
        if raw is None and not field.allow_null:
            raw = empty  # a null optional key counts as absent
        return field.run_validation(raw)

    def _warn_of_unknown_fields(self, data: Mapping[str, Any]) -> None:
        known = {*self.fields, "rowVersion", "warnings"}
        self.warnings += [f'The field "{key}" is unknown and was ignored.' for key in data if key not in known]


class CatalogueSerializer(ResourceSerializer):
    """A resource with the fields that every part of the catalogue shares."""

    description = TextField(required=False, allow_blank=True, default="")
    status = ChoiceField(choices=Status.choices, required=False, default=Status.DRAFT)


def save_resource(
    serializer: type[ResourceSerializer],
    unit: Writing,
    *,
    data: Mapping[str, Any],
    instance: Lifecycle | None = None,
    **context: Any,
) -> tuple[Lifecycle, list[str]]:
    """Validates and stores a payload: the one way into configuration, for the API, the admin and the commands.

    With an instance only the fields in `data` change. Answers the row and the warnings; raises ValidationError with
    all faults, or what the verbs raise.
    """
    bound = serializer(instance, data=data, partial=instance is not None, context={"unit": unit, **context})
    bound.is_valid(raise_exception=True)
    return bound.save(), bound.warnings
