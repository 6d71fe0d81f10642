"""What the catalogue's fields read and refuse, beyond what every resource's do."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from kaireon import clock
from kaireon.api.fields import (
    NumberField,
    ObjectField,
    WholeField,
    read_instant,
    shown,
)

LARGEST = 2**31 - 1
MOST_EXPENSIVE = 999_999_999
MOST_MAPPINGS = 500
BOUNDS = ("startsAt", "endsAt")
# The bounds of the constraints the engine enforces; other keys belong to the client.
CONSTRAINTS: dict[str, int | None] = {"frequencyCapPerDay": None, "cooldownHours": None, "priorityOverride": 100}


class PercentField(WholeField):
    """A whole number from 0 to 100."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(min_value=0, max_value=100, **kwargs)


class MoneyField(NumberField):
    """An amount from 0 on, kept to a millionth."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(min_value=0, max_value=MOST_EXPENSIVE, **kwargs)

    def to_internal_value(self, data: Any) -> Decimal:  # type: ignore[override]
        return Decimal(repr(super().to_internal_value(data))).quantize(Decimal("0.000001"))

    def to_representation(self, value: Any) -> float:  # type: ignore[override]
        return float(value)


class ScheduleField(ObjectField):
    """When an offer may be shown: `{startsAt?, endsAt?}`, instants with a zone, the end after the start.

    The two are kept as every instant is, cut to milliseconds and in UTC; other keys stay as they were sent.
    """

    def to_internal_value(self, data: Any) -> dict[str, Any]:
        schedule = super().to_internal_value(data)
        bounds: list[datetime | None] = []
        faults = {}
        for key in BOUNDS:
            try:
                bounds.append(read_instant(schedule[key]) if schedule.get(key) is not None else None)
            except serializers.ValidationError as error:
                faults[key] = error.detail
        if faults:
            raise serializers.ValidationError(faults)
        if bounds[0] is not None and bounds[1] is not None and bounds[1] <= bounds[0]:
            raise serializers.ValidationError("endsAt is not after startsAt; swap or correct them.")
        return schedule | {
            key: clock.text(bound) for key, bound in zip(BOUNDS, bounds, strict=True) if bound is not None
        }


class ConstraintsField(ObjectField):
    """Limits of one creative; the keys the engine knows are checked, others are kept."""

    def to_internal_value(self, data: Any) -> dict[str, Any]:
        constraints = super().to_internal_value(data)
        faults = {}
        for key, most in CONSTRAINTS.items():
            value = constraints.get(key)
            if value is not None and not _counts(value, most):
                bound = f"from 0 to {most}" if most else "of at least 0"
                faults[key] = [f"{shown(value)} is not a whole number {bound}; send one."]
        if faults:
            raise serializers.ValidationError(faults)
        return constraints


def _counts(value: Any, most: int | None) -> bool:
    """Whether it is a whole number from 0 to `most`; 24.0 is one."""
    if isinstance(value, bool) or not isinstance(value, int | float) or value != int(value):
        return False
    return value >= 0 and (most is None or value <= most)


@extend_schema_field(
    {
        "type": "array",
        "maxItems": MOST_MAPPINGS,
        "items": {
            "type": "object",
            "properties": {
                "variable": {"type": "string", "minLength": 1},
                "fallback": {},
                "source": {"type": "string"},
            },
            "required": ["variable"],
        },
    }
)
class PersonalizationField(serializers.Field):  # type: ignore[type-arg]
    """The token mappings: a list of `{variable, fallback, source}`, at most 500."""

    def to_internal_value(self, data: Any) -> list[dict[str, Any]]:
        if not isinstance(data, list):
            raise serializers.ValidationError(f"{shown(data)} is not a list; send [{{variable, fallback, source}}].")
        if len(data) > MOST_MAPPINGS:
            raise serializers.ValidationError(f"{len(data)} mappings are more than {MOST_MAPPINGS}; send fewer.")
        faults = [self._fault(entry) for entry in data]
        if any(faults):
            raise serializers.ValidationError(faults)
        return data

    def to_representation(self, value: Any) -> Any:
        return value

    @staticmethod
    def _fault(entry: Any) -> dict[str, list[str]]:
        if not isinstance(entry, dict):
            return {"": [f"{shown(entry)} is not an object; send {{variable, fallback, source}}."]}
        if not isinstance(entry.get("variable"), str) or not entry["variable"]:
            return {"variable": ["Name the token: variable is a non-empty text."]}
        if not isinstance(entry.get("source", ""), str | None):
            return {"source": [f"{shown(entry['source'])} is not a path; send a text such as customer.first_name."]}
        return {}


@extend_schema_field({"type": "string", "nullable": True})
class NothingField(serializers.Field):  # type: ignore[type-arg]
    """Always null: content lies in the creative itself."""

    def __init__(self) -> None:
        super().__init__(source="*", read_only=True)

    def to_representation(self, value: Any) -> None:
        return None
