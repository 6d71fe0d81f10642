"""What the catalogue's resources look like in the API, and what makes a payload valid."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from rest_framework.exceptions import PermissionDenied

from creatives.fields import (
    BOUNDS,
    LARGEST,
    ConstraintsField,
    MoneyField,
    NothingField,
    PercentField,
    PersonalizationField,
    ScheduleField,
)
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
from creatives.template_types import DEFAULT_TYPE
from creatives.tokens import token_warnings
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
)
from kaireon.api.serializers import CatalogueSerializer
from kaireon.lifecycle import Status
from kaireon.tenancy import Role


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

    offerId = ReferenceField(Offer, source="offer_id")
    channelId = ReferenceField(Channel, source="channel_id")
    placementId = ReferenceField(Placement, source="placement_id", required=False, allow_null=True, default=None)
    contentItemId = NothingField()
    templateType = TextField(source="template_type", required=False, default=DEFAULT_TYPE.slug, max_length=255)
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
        self.warnings += token_warnings(self.after("content", values, {}), self.after("personalization", values, []))
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
