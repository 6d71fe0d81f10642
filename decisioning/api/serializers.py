"""What the configured parts of decisioning look like in the API."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers
from rest_framework.exceptions import ValidationError

from decisioning.api.schema import DRAFT_CONFIG, PUBLISHED_VERSION
from decisioning.deciding.questions import each
from decisioning.deciding.requests import CustomerIdField
from decisioning.flows.default_flow import has_default
from decisioning.flows.drafts import judge
from decisioning.models import (
    AssemblyLine,
    CampaignRun,
    DecisionFlow,
    FlowVersion,
    OutcomeType,
    Segment,
    SegmentMember,
)
from decisioning.models.outcomes import Classification
from decisioning.models.segments import SLUG
from kaireon import clock
from kaireon.api.fields import (
    ChoiceField,
    FlagField,
    InstantField,
    NameField,
    ObjectField,
    ReferenceField,
    TextField,
    WholeField,
    WordsField,
    shown,
)
from kaireon.api.requests import RequestSerializer
from kaireon.api.schema import TEXT, listed
from kaireon.api.serializers import CatalogueSerializer, ResourceSerializer
from kaireon.lifecycle import Status
from policies.windows import zone_names


class PatternField(TextField):
    """A text of certain characters only."""

    def __init__(self, pattern: str, *, spoken: str, **kwargs: Any) -> None:
        super().__init__(max_length=63, **kwargs)
        self.pattern, self.spoken = re.compile(pattern), spoken

    def to_internal_value(self, data: Any) -> str:
        text = super().to_internal_value(data)
        if self.pattern.fullmatch(text) is None:
            raise ValidationError(f"{shown(text)} does not fit; write {self.spoken}.")
        return text


class OutcomeTypeSerializer(ResourceSerializer):
    """An outcome type."""

    model = OutcomeType

    key = PatternField(r"[a-z][a-z0-9_]*", spoken="lower-case letters, digits and underscores, a letter first")
    classification = ChoiceField(choices=Classification.choices, required=False, default=Classification.NEUTRAL)
    isSystem = FlagField(source="is_system", read_only=True)

    def check(self, values: dict[str, Any], data: Mapping[str, Any], faulty: frozenset[str]) -> list[tuple[str, str]]:
        if self.instance is not None and self.changed("key", values):
            return [("key", "Interactions are recorded under the key; make a new outcome type instead.")]
        return []


class SegmentNameField(NameField):
    """A segment's name: the word that policies and requests use for it."""

    def to_internal_value(self, data: Any) -> str:
        name = super().to_internal_value(data)
        if re.fullmatch(SLUG, name) is None:
            raise ValidationError(f"{shown(name)} is no slug; write letters, digits, hyphens and underscores.")
        return name


class SegmentSerializer(ResourceSerializer):
    """A segment."""

    model = Segment

    name = SegmentNameField()
    description = TextField(required=False, allow_blank=True, default="")
    status = ChoiceField(choices=Status.choices, required=False, default=Status.ACTIVE)


@extend_schema_field(DRAFT_CONFIG)
class DraftConfigField(ObjectField):
    """What is being edited: `{"stages": {...}}`."""


@extend_schema_field(listed(PUBLISHED_VERSION))
class PublishedVersionsField(serializers.Field):  # type: ignore[type-arg]
    """The published versions, newest first, without their configs."""

    def to_representation(self, value: list[FlowVersion]) -> list[dict[str, Any]]:
        return [shown_version(version) for version in value]


@extend_schema_field({"type": "integer", "nullable": True})
class NewestVersionField(serializers.Field):  # type: ignore[type-arg]
    """The number of the newest published version; null before the first."""

    def to_representation(self, value: list[FlowVersion]) -> int | None:
        return value[0].version if value else None


class DecisionFlowSerializer(CatalogueSerializer):
    """A decision flow with its published versions. One flow of a tenant is its default; the first one is by itself."""

    model = DecisionFlow

    key = PatternField(r"[a-z0-9][a-z0-9_-]*", spoken="lower-case letters, digits, hyphens and underscores")
    autoAssembly = FlagField(source="auto_assembly", required=False, default=True)
    isDefault = FlagField(source="is_default", required=False, default=False)
    draftConfig = DraftConfigField(source="draft_config", required=False, default=dict)
    publishedVersion = NewestVersionField(source="published", read_only=True)
    publishedVersions = PublishedVersionsField(source="published", read_only=True)

    def check(self, values: dict[str, Any], data: Mapping[str, Any], faulty: frozenset[str]) -> list[tuple[str, str]]:
        faults = self._untitled(values, data)
        if "draftConfig" not in faulty and self.changed("draft_config", values):
            before = self.instance.draft_config if self.instance is not None else {}
            found, warnings = judge(values["draft_config"], self.unit.tenant, before=before)
            faults += found
            self.warnings += warnings
        return faults

    def _untitled(self, values: dict[str, Any], data: Mapping[str, Any]) -> list[tuple[str, str]]:
        """Being the default is no part of an old version, is not given up, and falls to the first flow."""
        if self.context.get("action") == "revert":
            values.pop("is_default", None)
        elif self.instance is None and not values.get("is_default") and not has_default(self.unit.tenant):
            values["is_default"] = True
            if data.get("isDefault") is False:
                self.warnings.append("It is the tenant's first flow, so it is the default.")
        elif self.instance is not None and self.instance.is_default and self.changed("is_default", values):
            return [("isDefault", "The flow stays the default until another one is named: set isDefault there.")]
        return []


class CampaignRunSerializer(CatalogueSerializer):
    """A campaign run; a flow or segment that is deleted later stays named."""

    model = CampaignRun

    decisionFlowId = ReferenceField(
        DecisionFlow, source="decision_flow_id", required=False, allow_null=True, default=None
    )
    segmentId = ReferenceField(Segment, source="segment_id", required=False, allow_null=True, default=None)


class PublicationSerializer(RequestSerializer):
    """The body of a publication."""

    reason = TextField(required=False, allow_blank=True, max_length=1000, default="")
    rowVersion = WholeField(required=False)


class RollbackSerializer(PublicationSerializer):
    """The body of a rollback."""

    version = WholeField(min_value=1, max_value=2**31 - 1)


def shown_version(version: FlowVersion) -> dict[str, Any]:
    """When and by whom a version was published."""
    return {
        "version": version.version,
        "publishedAt": clock.text(version.published_at),
        "publishedBy": version.published_by,
    }


def shown_line(line: AssemblyLine) -> dict[str, Any]:
    """One line of an assembly log."""
    return {"at": clock.text(line.at), "cause": line.cause, "takenUp": line.taken_up, "dropped": line.dropped}


class TimezoneField(TextField):
    """An IANA time zone; null when it is unknown."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(allow_null=True, **kwargs)

    def to_internal_value(self, data: Any) -> str:
        name = super().to_internal_value(data)
        if name not in zone_names():
            raise ValidationError(
                f'{shown(name)} is not an IANA time zone; write one such as "Europe/Berlin", or null.'
            )
        return name

    def to_representation(self, value: str) -> Any:
        return value or None


@extend_schema_field(listed(TEXT))
class SegmentNamesField(serializers.Field):  # type: ignore[type-arg]
    """The names of live segments; read as their keys. The context's `segments` is a call that answers both."""

    def to_internal_value(self, data: Any) -> frozenset[int]:
        if not isinstance(data, list):
            raise ValidationError(f"{shown(data)} is not a list; send the names of segments.")
        return frozenset(each(data, self._key))

    def to_representation(self, value: Any) -> list[str]:
        members: list[SegmentMember] = list(value.all())
        return sorted(member.segment.name for member in members)

    def _key(self, name: Any) -> int:
        key: int | None = self.context["segments"]().get(name) if isinstance(name, str) else None
        if key is None:
            raise ValidationError({"": [f"There is no live segment with the name {shown(name)}."]})
        return key


class CustomerSerializer(RequestSerializer):
    """A customer; what is not given stays as it is. Shown with `memberships` of live segments only."""

    customerId = CustomerIdField(source="customer_id")
    attributes = ObjectField(required=False, help_text="Replaced whole.")
    timezone = TimezoneField(required=False)
    segments = SegmentNamesField(source="memberships", required=False, help_text="Replaces the membership.")
    version = WholeField(read_only=True)
    rowVersion = WholeField(source="version", read_only=True)
    createdAt = InstantField(source="created_at", read_only=True)
    updatedAt = InstantField(source="updated_at", read_only=True)


class CustomerChangeSerializer(CustomerSerializer):
    """A customer whom the address names; an id in the body is ignored, as in what was read."""

    customerId = CustomerIdField(source="customer_id", read_only=True)


class CustomerIdsField(WordsField):
    """Ids of customers, 1 to 1,000 of them."""

    child = CustomerIdField()

    def __init__(self, **kwargs: Any) -> None:
        messages: Any = {
            "required": "customerIds is required; send 1 to 1000 ids.",
            "empty": "customerIds is empty; send 1 to 1000 ids.",
            "max_length": "customerIds holds more than 1000 ids; send them in smaller parts.",
        }
        super().__init__(allow_empty=False, max_length=1000, error_messages=messages, **kwargs)


class MembersRequest(RequestSerializer):
    """Customers who join or leave a segment."""

    customerIds = CustomerIdsField()
