"""What the catalogue's resources look like in the API, and what makes a payload valid."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any, ClassVar

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers
from rest_framework.exceptions import PermissionDenied

from creatives.models import (
    Category,
    Channel,
    CouplingMode,
    Creative,
    DeliveryMode,
    ImpressionMode,
    Offer,
    Placement,
    SubCategory,
)
from creatives.rendering import tokens_in
from kaireon import clock
from kaireon.api.fields import (
    ChoiceField,
    EmbeddedField,
    FlagField,
    InstantField,
    NumberField,
    ObjectField,
    ReferenceField,
    TextField,
    WholeField,
    WordsField,
    read_instant,
    shown,
)
from kaireon.api.serializers import CatalogueSerializer
from kaireon.lifecycle import Status
from kaireon.tenancy import Role

LARGEST = 2**31 - 1
MOST_EXPENSIVE = 999_999_999
MOST_MAPPINGS = 500
BOUNDS = ("startsAt", "endsAt")
SOURCES = ("customer.", "attributes.", "personalization.")
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


class CategorySerializer(CatalogueSerializer):
    """A category."""

    model = Category

    status = ChoiceField(choices=Status.choices, required=False, default=Status.ACTIVE)
    ordinal = WholeField(required=False, default=0, min_value=-LARGEST, max_value=LARGEST)
    color = TextField(required=False, allow_blank=True, default="", max_length=64)
    icon = TextField(required=False, allow_blank=True, default="", max_length=64)


class SubCategorySerializer(CatalogueSerializer):
    """A sub-category."""

    model = SubCategory

    status = ChoiceField(choices=Status.choices, required=False, default=Status.ACTIVE)
    categoryId = ReferenceField(Category, source="category_id")

    def check(self, values: dict[str, Any], data: Mapping[str, Any], faulty: frozenset[str]) -> list[tuple[str, str]]:
        # Deleted offers count too: one that came back would stand in two categories at once.
        moves = self.instance is not None and self.changed("category_id", values)
        if moves and Offer.everything.of(self.unit.tenant).filter(sub_category=self.instance).exists():
            message = "Offers, maybe deleted ones, use this sub-category; make a new one in the other category instead."
            return [("categoryId", message)]
        return []


class OfferSerializer(CatalogueSerializer):
    """An offer."""

    model = Offer

    categoryId = ReferenceField(Category, source="category_id", required=False, allow_null=True, default=None)
    subCategoryId = ReferenceField(SubCategory, source="sub_category_id", required=False, allow_null=True, default=None)
    category = TextField(source="category_label", required=False, allow_blank=True, default="", max_length=255)
    priority = PercentField(required=False, default=50)
    businessValue = NumberField(source="business_value", required=False, default=0)
    mandatory = FlagField(required=False, default=False)
    mandatoryReason = TextField(source="mandatory_reason", required=False, allow_blank=True, default="")
    mandatoryExpiresAt = InstantField(source="mandatory_expires_at", required=False, allow_null=True, default=None)
    shortDesc = TextField(source="short_desc", required=False, allow_blank=True, default="")
    tags = WordsField(required=False, default=list)
    schedule = ScheduleField(required=False, default=dict)
    metadata = ObjectField(required=False, default=dict)

    def check(self, values: dict[str, Any], data: Mapping[str, Any], faulty: frozenset[str]) -> list[tuple[str, str]]:
        self.warnings += [
            f"schedule.{key} is unknown; it is kept and has no effect."
            for key in values.get("schedule", {})
            if key not in BOUNDS
        ]
        return [*self._misplaced(values), *self._not_to_be_forced(values, faulty)]

    def action(self, action: str, values: dict[str, Any]) -> str:
        return "mandatory_override" if self._forces(values) else action

    def _misplaced(self, values: dict[str, Any]) -> list[tuple[str, str]]:
        category, part = self.after("category_id", values), self.after("sub_category_id", values)
        moved = self.changed("category_id", values) or self.changed("sub_category_id", values)
        if not moved or category is None or part is None:
            return []
        if SubCategory.everything.of(self.unit.tenant).filter(pk=part, category=category).exists():
            return []
        return [("subCategoryId", "The sub-category belongs to another category; choose one of categoryId's.")]

    def _not_to_be_forced(self, values: dict[str, Any], faulty: frozenset[str]) -> list[tuple[str, str]]:
        if not self._forces(values):
            return []
        if self.unit.actor.role != Role.ADMIN:
            raise PermissionDenied("Only the role admin may make an offer mandatory.")
        faults = []
        if not self.after("mandatory_reason", values, ""):
            faults.append(("mandatoryReason", "A mandatory offer needs a reason; say why it may pass the policies."))
        expires_at = self.after("mandatory_expires_at", values)
        if "mandatoryExpiresAt" not in faulty and (expires_at is None or expires_at <= self.unit.now):
            faults.append(("mandatoryExpiresAt", "A mandatory offer needs an expiry in the future."))
        return faults

    def _forces(self, values: dict[str, Any]) -> bool:
        """Whether the write makes the offer mandatory, or keeps it so for longer or for another reason."""
        named = ("mandatory", "mandatory_reason", "mandatory_expires_at")
        return bool(self.after("mandatory", values, False)) and any(self.changed(name, values) for name in named)


class ChannelSerializer(CatalogueSerializer):
    """A channel."""

    model = Channel

    channelType = TextField(source="channel_type", required=False, default="email", max_length=255)
    deliveryMode = ChoiceField(
        source="delivery_mode", choices=DeliveryMode.choices, required=False, default=DeliveryMode.API
    )
    impressionMode = ChoiceField(
        source="impression_mode", choices=ImpressionMode.choices, required=False, default=ImpressionMode.EXPLICIT
    )
    couplingMode = ChoiceField(
        source="coupling_mode", choices=CouplingMode.choices, required=False, default=CouplingMode.PARTIAL
    )
    costPerContact = MoneyField(source="cost_per_contact", required=False, default=Decimal(0))


class PlacementSerializer(CatalogueSerializer):
    """A placement."""

    model = Placement

    status = ChoiceField(choices=Status.choices, required=False, default=Status.ACTIVE)
    channelId = ReferenceField(Channel, source="channel_id")
    slotType = TextField(source="slot_type", required=False, default="banner", max_length=255)
    maxSlots = WholeField(source="max_slots", required=False, default=1, min_value=1, max_value=LARGEST)
    schema = ObjectField(required=False, default=dict)
    targeting = ObjectField(required=False, default=dict)

    def check(self, values: dict[str, Any], data: Mapping[str, Any], faulty: frozenset[str]) -> list[tuple[str, str]]:
        moves = self.instance is not None and self.changed("channel_id", values)
        # Deleted creatives count too: one that came back would be on another channel than its placement.
        if moves and Creative.everything.of(self.unit.tenant).filter(placement=self.instance).exists():
            message = "Creatives, maybe deleted ones, use this placement; make a new one on the other channel instead."
            return [("channelId", message)]
        return []


class CreativeSerializer(CatalogueSerializer):
    """A creative with its offer, channel and placement embedded."""

    model = Creative
    TEMPLATE_TYPES: ClassVar = (
        "email_html",
        "push_notification",
        "sms_text",
        "in_app_modal",
        "banner",
        "content_card",
        "webhook_json",
        "whatsapp_template",
    )

    offerId = ReferenceField(Offer, source="offer_id")
    channelId = ReferenceField(Channel, source="channel_id")
    placementId = ReferenceField(Placement, source="placement_id", required=False, allow_null=True, default=None)
    contentItemId = NothingField()
    templateType = TextField(source="template_type", required=False, default="email_html", max_length=255)
    content = ObjectField(required=False, default=dict)
    personalization = PersonalizationField(required=False, default=list)
    constraints = ConstraintsField(required=False, default=dict)
    abTestVariant = TextField(
        source="ab_test_variant", required=False, allow_null=True, allow_blank=True, default=None, max_length=255
    )
    weight = PercentField(required=False, default=100)
    metrics = ObjectField(required=False, default=dict)
    offer = EmbeddedField()
    channel = EmbeddedField()
    placement = EmbeddedField()

    def check(self, values: dict[str, Any], data: Mapping[str, Any], faulty: frozenset[str]) -> list[tuple[str, str]]:
        self._warn_of_tokens(values)
        if faulty & {"channelId", "placementId"}:
            return []
        placement, channel = self.after("placement_id", values), self.after("channel_id", values)
        moved = self.changed("placement_id", values) or self.changed("channel_id", values)
        if (
            placement is None
            or not moved
            or Placement.everything.of(self.unit.tenant).filter(pk=placement, channel=channel).exists()
        ):
            return []
        return [("placementId", "The placement belongs to another channel; choose one of channelId's, or null.")]

    def _warn_of_tokens(self, values: dict[str, Any]) -> None:
        mappings = self.after("personalization", values, [])
        mapped = {mapping["variable"] for mapping in mappings}
        self.warnings += [
            f"The token {{{name}}} has no mapping in personalization and will stay visible."
            for name in tokens_in(self.after("content", values, {}))
            if name not in mapped
        ]
        self.warnings += [
            f"The source of {{{mapping['variable']}}} starts with none of {', '.join(SOURCES)}; its fallback will show."
            for mapping in mappings
            if mapping.get("source") and not mapping["source"].startswith(SOURCES)
        ]
