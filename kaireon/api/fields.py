"""Serializer fields that take exactly the JSON type they name: no text for a number, no number for a text."""

from __future__ import annotations

import json
import math
import sys
from collections.abc import Callable
from datetime import datetime
from typing import Any, ClassVar

from django.core.exceptions import ObjectDoesNotExist
from django.core.validators import MaxLengthValidator, MinLengthValidator, ProhibitNullCharactersValidator
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers
from rest_framework.fields import empty
from rest_framework.validators import ProhibitSurrogateCharactersValidator

from kaireon import clock
from kaireon.lifecycle import Lifecycle

LONGEST_ECHO = 80


class TextField(serializers.CharField):
    """A JSON string."""

    default_error_messages: ClassVar[dict[str, Any]] = {
        "required": "This is required; send a text.",
        "blank": "The text is empty; send at least one character that is not a space.",
        "max_length": "The text has %(show_value)d characters, more than {max_length}; shorten it.",
        "min_length": "The text has %(show_value)d characters, fewer than {min_length}; lengthen it.",
    }

    def to_internal_value(self, data: Any) -> str:
        if not isinstance(data, str):
            raise serializers.ValidationError(f"{shown(data)} is not a text; send a JSON string.")
        return super().to_internal_value(data)


USUAL = (
    MaxLengthValidator,
    MinLengthValidator,
    ProhibitNullCharactersValidator,
    ProhibitSurrogateCharactersValidator,
)


def surely_valid(field: serializers.Field[Any, Any, Any, Any]) -> Callable[[Any], bool]:
    """A test that is true only of values the field would take as they stand, and a tenth as long as its own checks."""
    own = type(field).to_internal_value is TextField.to_internal_value
    if not isinstance(field, TextField) or not own or any(type(each) not in USUAL for each in field.validators):
        return lambda value: False
    least, most = max(field.min_length or 1, 1), field.max_length or sys.maxsize
    trims = field.trim_whitespace

    def test(value: Any) -> bool:
        if type(value) is not str or not least <= len(value) <= most or not value.isascii() or "\0" in value:
            return False
        return not (trims and (value[0].isspace() or value[-1].isspace()))

    return test


class NameField(TextField):
    """The name of a thing: 1 to 255 characters."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(
            min_length=1,
            max_length=255,
            error_messages={
                "blank": "The name is empty; give it 1 to 255 characters.",
                "max_length": "The name is longer than 255 characters; shorten it.",
                "required": "A name is required; give it 1 to 255 characters.",
            },
            **kwargs,
        )


class WholeField(serializers.IntegerField):
    """A JSON number without a fraction."""

    default_error_messages: ClassVar[dict[str, Any]] = {"required": "This is required; send a whole number."}

    def to_internal_value(self, data: Any) -> int:
        if isinstance(data, float) and data.is_integer():
            data = int(data)
        if isinstance(data, bool) or not isinstance(data, int):
            raise serializers.ValidationError(f"{shown(data)} is not a whole number; send one such as 5.")
        _refuse_outside(self, data)
        return data


class NumberField(serializers.FloatField):
    """A JSON number."""

    default_error_messages: ClassVar[dict[str, Any]] = {"required": "This is required; send a number."}

    def to_internal_value(self, data: Any) -> float:
        if isinstance(data, bool) or not isinstance(data, int | float):
            raise serializers.ValidationError(f"{shown(data)} is not a number; send one such as 2.5.")
        try:
            number = float(data)
        except OverflowError as error:
            raise serializers.ValidationError(f"{shown(data)} is too large; send a smaller number.") from error
        if not math.isfinite(number):
            raise serializers.ValidationError(f"{shown(data)} is not a finite number; send one such as 2.5.")
        _refuse_outside(self, number)
        return number


class FlagField(serializers.BooleanField):
    """true or false."""

    default_error_messages: ClassVar[dict[str, Any]] = {"required": "This is required; send true or false."}

    def to_internal_value(self, data: Any) -> bool:
        if not isinstance(data, bool):
            raise serializers.ValidationError(f"{shown(data)} is neither true nor false; send one of them.")
        return data


class ChoiceField(serializers.ChoiceField):
    """One of a few words."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.error_messages["required"] = f"This is required; send one of: {self._known()}."

    def run_validation(self, data: Any = empty) -> Any:
        """Without the empty text's short cut: like any other word it is one of them or none."""
        return self.to_internal_value(data) if data == "" else super().run_validation(data)

    def to_internal_value(self, data: Any) -> str:
        if not isinstance(data, str) or data not in self.choices:
            raise serializers.ValidationError(f"{shown(data)} is none of: {self._known()}.")
        return data

    def _known(self) -> str:
        return ", ".join(map(str, self.choices))


@extend_schema_field({"type": "object", "additionalProperties": {}})
class ObjectField(serializers.Field):  # type: ignore[type-arg]
    """A JSON object that belongs to the client; its keys are kept untouched."""

    default_error_messages: ClassVar[dict[str, Any]] = {"required": "This is required; send an object {...}."}

    def to_internal_value(self, data: Any) -> dict[str, Any]:
        if not isinstance(data, dict):
            raise serializers.ValidationError(f"{shown(data)} is not an object; send {{...}}.")
        return data

    def to_representation(self, value: Any) -> Any:
        return value


class WordsField(serializers.ListField):
    """A JSON array of texts."""

    default_error_messages: ClassVar[dict[str, Any]] = {"required": "This is required; send a list of texts."}
    child = TextField(max_length=255)

    def to_internal_value(self, data: Any) -> list[Any]:
        if not isinstance(data, list):
            raise serializers.ValidationError(f"{shown(data)} is not a list; send [...].")
        return super().to_internal_value(data)


@extend_schema_field({"type": "string", "format": "date-time", "example": "2026-03-10T12:00:00.000Z"})
class InstantField(serializers.Field):  # type: ignore[type-arg]
    """An instant with its zone, cut to milliseconds and shown in UTC."""

    default_error_messages: ClassVar[dict[str, Any]] = {
        "required": "This is required; send an instant such as 2026-03-10T12:00:00.000Z."
    }

    def to_internal_value(self, data: Any) -> datetime:
        return read_instant(data)

    def to_representation(self, value: Any) -> str:
        return clock.text(value)


@extend_schema_field(OpenApiTypes.STR)
class ReferenceField(serializers.Field):  # type: ignore[type-arg]
    """The public id of another row of the tenant. It must be live when it changes; an old reference may stay."""

    def __init__(self, model: type[Lifecycle], **kwargs: Any) -> None:
        self.model = model
        super().__init__(**kwargs)
        self.error_messages["required"] = f"This is required; send the id of a live {model._meta.verbose_name}."

    def to_internal_value(self, data: Any) -> int:
        name = str(self.model._meta.verbose_name)
        key = self.model.id_kind.decode(data)
        current = getattr(self.parent.instance, str(self.source), None) if self.parent.instance is not None else None
        if key is not None and key == current:
            return key
        tenant = self.context["unit"].tenant
        if key is None or not self.model.everything.of(tenant).live().filter(pk=key).exists():
            raise serializers.ValidationError(f"There is no live {name} with the id {shown(data)}; send the id of one.")
        return key

    def to_representation(self, value: int) -> str:
        return self.model.id_kind.encode(value)


@extend_schema_field(
    {
        "type": "object",
        "nullable": True,
        "properties": {"id": {"type": "string"}, "name": {"type": "string"}},
        "required": ["id", "name"],
    }
)
class EmbeddedField(serializers.Field):  # type: ignore[type-arg]
    """The referenced row as `{id, name}`; null when there is none or it is deleted."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(read_only=True, **kwargs)

    def get_attribute(self, instance: Any) -> Any:
        try:
            return super().get_attribute(instance)
        except ObjectDoesNotExist:
            return None

    def to_representation(self, value: Lifecycle) -> dict[str, str] | None:
        return None if value.deleted_at is not None else {"id": value.public_id, "name": str(value)}


def _refuse_outside(field: serializers.IntegerField | serializers.FloatField, number: float) -> None:
    low, high = field.min_value, field.max_value
    if (low is not None and number < low) or (high is not None and number > high):
        bounds = f"from {low} to {high}" if high is not None else f"of at least {low}"
        raise serializers.ValidationError(f"{shown(number)} is out of range; send a number {bounds}.")


def read_instant(data: Any) -> datetime:
    """An instant out of JSON or a query parameter. Raises ValidationError with the remedy."""
    if not isinstance(data, str):
        raise serializers.ValidationError(
            f"{shown(data)} is not an instant; send a text such as 2026-03-10T12:00:00.000Z."
        )
    try:
        return clock.parse(data)
    except ValueError as error:
        raise serializers.ValidationError(
            f"{shown(data)} is not an instant; write ISO 8601 with a zone, such as 2026-03-10T12:00:00.000Z."
        ) from error


def shown(value: Any) -> str:
    """A bad value as messages quote it: the JSON the caller wrote, cut to a bearable length."""
    text = json.dumps(value, ensure_ascii=False, default=str)
    return text if len(text) <= LONGEST_ECHO else f"{text[:LONGEST_ECHO]}..."
