"""Reading bodies: what every call asks of them, and the base of serializers for those which store no resource."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rest_framework import serializers
from rest_framework.exceptions import UnsupportedMediaType, ValidationError
from rest_framework.request import Request

from kaireon.api.fields import shown


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
