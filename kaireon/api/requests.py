"""Reading bodies: what every call asks of them, and the base of serializers for those which store no resource."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from rest_framework import serializers
from rest_framework.exceptions import UnsupportedMediaType, ValidationError
from rest_framework.fields import empty
from rest_framework.request import Request

from kaireon.api.fields import shown, surely_valid


def payload_of(request: Request) -> Mapping[str, Any]:
    """The body, which must be a JSON object and say that it is JSON."""
    if request.content_type.partition(";")[0].strip().lower() != "application/json":
        raise UnsupportedMediaType(
            request.content_type, detail=f"Content-Type is {shown(request.content_type)}; send application/json."
        )
    if not isinstance(request.data, Mapping):
        raise ValidationError({"": [f"The body is {shown(request.data)}; send a JSON object."]})
    return request.data


class RequestSerializer(serializers.Serializer[Any]):
    """Reads a body: every fault at once; unknown fields are named in `warnings`.

    A null key counts as absent, unless null is a value of the field.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.warnings: list[str] = []

    def to_internal_value(self, data: Any) -> dict[str, Any]:
        if not isinstance(data, Mapping):
            raise ValidationError({"": [f"{shown(data)} is not an object; send {{...}}."]})
        known = {*self.fields, "warnings"}  # an answer that is sent back brings its own
        self.warnings += [f'The field "{key}" is unknown and was ignored.' for key in data if key not in known]
        given = {key: value for key, value in data.items() if value is not None or self._takes_null(key)}
        values: dict[str, Any] = super().to_internal_value(given)
        return values

    def _takes_null(self, key: str) -> bool:
        return key in self.fields and bool(self.fields[key].allow_null)


@dataclass(frozen=True)
class Body:
    """A body as it was read: the values that are well-formed, the faults of the others, what was not understood."""

    values: Mapping[str, Any]
    faults: Mapping[str, Any]
    warnings: tuple[str, ...]
    order: tuple[str, ...] = ()

    def resolved(self, **resolvers: Callable[[Any], Any]) -> dict[str, Any]:
        """The values, those named looked up. Raises one ValidationError with all faults in the order of the fields."""
        values, faults = dict(self.values), dict(self.faults)
        for name, resolve in resolvers.items():
            if name in values:
                try:
                    values[name] = resolve(values[name])
                except ValidationError as error:
                    faults[name] = error.detail
        if faults:
            raise ValidationError({name: faults[name] for name in self.order if name in faults})
        return values


class BodyReader:
    """Reads bodies as a serializer declares them; made once, for making a serializer takes longer than deciding."""

    def __init__(self, declaration: type[RequestSerializer]) -> None:
        fields = declaration().fields
        self._fields = [
            (name, field, None if field.required else field.default, surely_valid(field))
            for name, field in fields.items()
        ]
        self._order = tuple(fields)
        self._known = {*fields, "warnings"}

    def read(self, data: Mapping[str, Any]) -> Body:
        """What the body says; a null key counts as absent."""
        values: dict[str, Any] = {}
        faults: dict[str, Any] = {}
        for name, field, default, is_valid in self._fields:
            raw = data.get(name)
            if raw is not None:
                if is_valid(raw):
                    values[name] = raw
                    continue
                try:
                    values[name] = field.run_validation(raw)
                except ValidationError as error:
                    faults[name] = error.detail
            elif field.required:
                faults[name] = [field.error_messages["required"]]
            elif default is not empty:
                values[name] = default() if callable(default) else default
        strange = (f'The field "{key}" is unknown and was ignored.' for key in data if key not in self._known)
        return Body(values, faults, tuple(strange), self._order)
