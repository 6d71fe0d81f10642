"""What callers may ask of a decision, as far as it can be judged without the configuration."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from drf_spectacular.utils import extend_schema_field, extend_schema_serializer
from rest_framework import serializers
from rest_framework.exceptions import ValidationError

from kaireon.api.fields import (
    FlagField,
    InstantField,
    NumberField,
    ObjectField,
    TextField,
    WholeField,
    WordsField,
    shown,
)
from kaireon.api.requests import BodyReader, RequestSerializer
from kaireon.api.schema import NULLABLE_TEXT, TEXT, listed

MOST_CANDIDATES = 5000
EARLIEST = datetime(1970, 1, 1, tzinfo=UTC)

USUAL_RESERVATION = 15 * 60 * 1000

_SECONDS = WholeField(min_value=1, max_value=86_400)


class CustomerIdField(TextField):
    """The client's own id of a customer, never interpreted."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(
            max_length=255,
            trim_whitespace=False,
            error_messages={
                "required": "customerId is required; send 1 to 255 characters.",
                "blank": "customerId is empty; send 1 to 255 characters.",
                "max_length": "customerId is longer than 255 characters; shorten it.",
            },
            **kwargs,
        )


@extend_schema_field(
    {
        "type": "array",
        "maxItems": MOST_CANDIDATES,
        "items": {
            "type": "object",
            "properties": {"creativeId": TEXT, "placementId": NULLABLE_TEXT},
            "required": ["creativeId"],
        },
    }
)
class CandidatesField(serializers.Field):  # type: ignore[type-arg]
    """Creatives, each with the placement it is meant for or none."""

    def to_internal_value(self, data: Any) -> list[Any]:
        if not isinstance(data, list):
            raise ValidationError(f"{shown(data)} is not a list; send [{{creativeId, placementId?}}].")
        if len(data) > MOST_CANDIDATES:
            raise ValidationError(f"{len(data)} candidates are too many; send at most {MOST_CANDIDATES}.")
        return data


@extend_schema_field(listed(TEXT))
class PolicyIdsField(serializers.Field):  # type: ignore[type-arg]
    """Live contact policies of any status."""

    def to_internal_value(self, data: Any) -> list[Any]:
        if not isinstance(data, list):
            raise ValidationError(f"{shown(data)} is not a list; send the ids of contact policies.")
        return data


@extend_schema_field({"type": "object", "additionalProperties": {"type": "number"}})
class PropensitiesField(serializers.Field):  # type: ignore[type-arg]
    """`{offerId: number}`."""

    def to_internal_value(self, data: Any) -> dict[str, float]:
        if not isinstance(data, dict):
            raise ValidationError(f"{shown(data)} is not an object; send {{offerId: number}}.")
        reader, faults, values = NumberField(), {}, {}
        for offer, score in data.items():
            try:
                values[offer] = reader.to_internal_value(score)
            except ValidationError as error:
                faults[offer] = error.detail
        if faults:
            raise ValidationError(faults)
        return values


@extend_schema_field({"oneOf": [{"type": "boolean"}, {"type": "integer", "minimum": 1, "maximum": 86_400}]})
class ReserveField(serializers.Field):  # type: ignore[type-arg]
    """For how long places are reserved: true, false, or seconds."""

    def to_internal_value(self, data: Any) -> int | None:
        if isinstance(data, bool):
            return USUAL_RESERVATION if data else None
        seconds: int = _SECONDS.run_validation(data)
        return seconds * 1000


@extend_schema_serializer(component_name="Filter")  # requests are named after it: FilterRequest
class FilterRequest(RequestSerializer):
    """`POST /decisions/filter`."""

    customerId = CustomerIdField()
    candidates = CandidatesField(required=False, help_text="Absent: one for each creative of the inventory.")
    segments = WordsField(required=False, default=list)
    attributes = ObjectField(required=False, default=dict)
    contactPolicyIds = PolicyIdsField(
        required=False, help_text="Exactly these policies, drafts included. Absent: every active policy."
    )
    asOf = InstantField(required=False, help_text="Decide as of this instant; what came later does not exist.")


@extend_schema_serializer(component_name="Recommend")
class RecommendRequest(RequestSerializer):
    """`POST /recommend`."""

    customerId = CustomerIdField()
    decisionFlowKey = TextField(required=False, max_length=63)
    channel = TextField(required=False, max_length=255, help_text="The channel's type, such as email.")
    channelId = TextField(required=False)
    placement = TextField(required=False, help_text="A placement's id or name.")
    placements = WordsField(required=False)
    limit = WholeField(required=False, min_value=1, max_value=50)
    segments = WordsField(required=False, default=list)
    attributes = ObjectField(required=False, default=dict)
    propensityScores = PropensitiesField(required=False, default=dict)
    personalization = ObjectField(required=False, default=dict)
    excludeOffers = WordsField(required=False, default=list)
    excludeCreatives = WordsField(required=False, default=list)
    campaignId = TextField(required=False, max_length=255, trim_whitespace=False)
    debug = FlagField(required=False, default=False)
    dryRun = FlagField(required=False, default=False)
    asOf = InstantField(required=False)
    reserve = ReserveField(required=False, help_text="true: 15 minutes; a number: so many seconds, at most a day.")

    def get_fields(self) -> dict[str, Any]:
        # Not a class attribute, because a serializer's own `context` is something else.
        return super().get_fields() | {"context": ObjectField(required=False, default=dict)}


FILTER = BodyReader(FilterRequest)
RECOMMEND = BodyReader(RecommendRequest)
