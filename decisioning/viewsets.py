"""The configured parts of decisioning as resources."""

from decisioning.filters import DecisionFlowFilterSet, OutcomeTypeFilterSet
from decisioning.serializers import DecisionFlowSerializer, OutcomeTypeSerializer, SegmentSerializer
from kaireon.api.filters import ResourceFilterSet
from kaireon.api.viewsets import CollectionViewSet


class OutcomeTypeViewSet(CollectionViewSet):
    """What can become of an offer that was shown."""

    serializer_class = OutcomeTypeSerializer
    filterset_class = OutcomeTypeFilterSet
    order = ("key", "id")


class SegmentViewSet(CollectionViewSet):
    """Named groups of customers."""

    serializer_class = SegmentSerializer
    filterset_class = ResourceFilterSet


class DecisionFlowViewSet(CollectionViewSet):
    """The stages a recommendation runs through."""

    serializer_class = DecisionFlowSerializer
    filterset_class = DecisionFlowFilterSet
