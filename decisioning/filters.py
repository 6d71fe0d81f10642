"""The query parameters of decisioning's lists."""

import django_filters

from decisioning.models.outcomes import Classification
from kaireon.api.filters import ChoiceFilter, ResourceFilterSet


class OutcomeTypeFilterSet(ResourceFilterSet):
    """Outcome types by how they are counted; they have no status."""

    status = None  # type: ignore[assignment]
    key = django_filters.CharFilter()
    classification = ChoiceFilter(choices=Classification.choices)


class DecisionFlowFilterSet(ResourceFilterSet):
    """Decision flows by key."""

    key = django_filters.CharFilter()
