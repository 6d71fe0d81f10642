"""The query parameters of decisioning's lists."""

from typing import Any

import django_filters
from django.db.models import QuerySet

from decisioning.models.outcomes import Classification
from kaireon.api.filters import ChoiceFilter, InstantFilter, ResourceFilterSet


class OutcomeTypeFilterSet(ResourceFilterSet):
    """Outcome types by how they are counted; they have no status."""

    status = None  # type: ignore[assignment]
    key = django_filters.CharFilter()
    classification = ChoiceFilter(choices=Classification.choices)


class DecisionFlowFilterSet(ResourceFilterSet):
    """Decision flows by key."""

    key = django_filters.CharFilter()


class CustomerFilterSet(django_filters.FilterSet):
    """Customers by id, segment and zone."""

    customerId = django_filters.CharFilter(field_name="customer_id", strip=False)
    segment = django_filters.CharFilter(method="in_segment")
    timezone = django_filters.CharFilter()
    createdAfter = InstantFilter(field_name="created_at", lookup_expr="gt")
    createdBefore = InstantFilter(field_name="created_at", lookup_expr="lt")
    updatedAfter = InstantFilter(field_name="updated_at", lookup_expr="gt")
    updatedBefore = InstantFilter(field_name="updated_at", lookup_expr="lt")

    def in_segment(self, rows: QuerySet[Any], name: str, value: str) -> QuerySet[Any]:
        """Members of the live segment with this name; there is at most one."""
        return rows.filter(memberships__segment__name=value, memberships__segment__deleted_at__isnull=True)
