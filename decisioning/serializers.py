"""What the configured parts of decisioning look like in the API."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from rest_framework.exceptions import ValidationError

from decisioning.models import DecisionFlow, OutcomeType, Segment
from decisioning.models.outcomes import Classification
from decisioning.models.segments import SLUG
from kaireon.api.fields import ChoiceField, FlagField, NameField, ObjectField, TextField, shown
from kaireon.api.serializers import CatalogueSerializer, ResourceSerializer
from kaireon.lifecycle import Status


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


class DecisionFlowSerializer(CatalogueSerializer):
    """A decision flow."""

    model = DecisionFlow

    key = PatternField(r"[a-z0-9][a-z0-9_-]*", spoken="lower-case letters, digits, hyphens and underscores")
    draftConfig = ObjectField(source="draft_config", required=False, default=dict)
