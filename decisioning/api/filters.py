"""The query parameters of decisioning's lists."""

from typing import Any

import django_filters
from django.db.models import QuerySet

from creatives.models import Category, Channel, Creative, Offer
from decisioning.models import DecisionFlow, Segment
from decisioning.models.outcomes import Classification
from decisioning.models.summaries import Period
from kaireon.api.filters import ChoiceFilter, InstantFilter, OwnIdFilter, ReferenceFilter, ResourceFilterSet


class OutcomeTypeFilterSet(ResourceFilterSet):
    """Outcome types by how they are counted; they have no status."""

    status = None  # type: ignore[assignment]
    key = django_filters.CharFilter()
    classification = ChoiceFilter(choices=Classification.choices)


class DecisionFlowFilterSet(ResourceFilterSet):
    """Decision flows by key."""

    key = django_filters.CharFilter()


class CampaignRunFilterSet(ResourceFilterSet):
    """Campaign runs by what they run and for whom."""

    decisionFlowId = ReferenceFilter(DecisionFlow, field_name="decision_flow_id")
    segmentId = ReferenceFilter(Segment, field_name="segment_id")


class CustomerFilterSet(django_filters.FilterSet):
    """Customers by id, segment and zone."""

    customerId = OwnIdFilter(field_name="customer_id")
    segment = django_filters.CharFilter(method="in_segment")
    timezone = django_filters.CharFilter()
    createdAfter = InstantFilter(field_name="created_at", lookup_expr="gt")
    createdBefore = InstantFilter(field_name="created_at", lookup_expr="lt")
    updatedAfter = InstantFilter(field_name="updated_at", lookup_expr="gt")
    updatedBefore = InstantFilter(field_name="updated_at", lookup_expr="lt")

    def in_segment(self, rows: QuerySet[Any], name: str, value: str) -> QuerySet[Any]:
        """Members of the live segment with this name; there is at most one."""
        return rows.filter(memberships__segment__name=value, memberships__segment__deleted_at__isnull=True)


# Built by a call, because `from` is a word a class body cannot assign. The range is half-open, so that two
# neighbouring ranges never share an interaction.
InteractionFilterSet: Any = type(
    "InteractionFilterSet",
    (django_filters.FilterSet,),
    {
        "customerId": OwnIdFilter(field_name="customer_id"),
        "offerId": ReferenceFilter(Offer, field_name="offer_key"),
        "creativeId": ReferenceFilter(Creative, field_name="creative_key"),
        "channelId": ReferenceFilter(Channel, field_name="channel_key"),
        "type": django_filters.CharFilter(field_name="outcome"),
        "campaignId": OwnIdFilter(field_name="campaign_id"),
        "from": InstantFilter(field_name="at", lookup_expr="gte"),
        "to": InstantFilter(field_name="at", lookup_expr="lt"),
    },
)


class KeyFilter(ReferenceFilter):
    """Compares a plain key with a public id; an id that names nothing finds nothing, not what is about nothing."""

    def filter(self, qs: QuerySet[Any], value: str) -> QuerySet[Any]:
        return qs.filter(**{str(self.field_name): self.model_of_id.id_kind.decode(value) or -1}) if value else qs


class SummaryFilterSet(django_filters.FilterSet):
    """One customer's summaries by period and by what they are about."""

    customerId = OwnIdFilter(field_name="customer_id")
    periodType = ChoiceFilter(field_name="period_type", choices=Period.choices)
    offerId = KeyFilter(Offer, field_name="offer_key")
    creativeId = KeyFilter(Creative, field_name="creative_key")
    channelId = KeyFilter(Channel, field_name="channel_key")
    categoryId = KeyFilter(Category, field_name="category_key")
    campaignId = OwnIdFilter(field_name="campaign_id")
