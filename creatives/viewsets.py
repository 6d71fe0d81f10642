"""The catalogue's resources."""

from creatives import filters, serializers
from kaireon.api.filters import ResourceFilterSet
from kaireon.api.viewsets import CollectionViewSet


class CategoryViewSet(CollectionViewSet):
    """Families of offers, listed by their ordinal."""

    serializer_class = serializers.CategorySerializer
    filterset_class = ResourceFilterSet
    order = ("ordinal", "id")


class SubCategoryViewSet(CollectionViewSet):
    """Parts of categories."""

    serializer_class = serializers.SubCategorySerializer
    filterset_class = filters.SubCategoryFilterSet


class OfferViewSet(CollectionViewSet):
    """What customers can be offered."""

    serializer_class = serializers.OfferSerializer
    filterset_class = filters.OfferFilterSet


class ChannelViewSet(CollectionViewSet):
    """Ways to reach customers."""

    serializer_class = serializers.ChannelSerializer
    filterset_class = filters.ChannelFilterSet


class PlacementViewSet(CollectionViewSet):
    """Places on channels."""

    serializer_class = serializers.PlacementSerializer
    filterset_class = filters.PlacementFilterSet


class CreativeViewSet(CollectionViewSet):
    """Offers' content for channels."""

    serializer_class = serializers.CreativeSerializer
    filterset_class = filters.CreativeFilterSet
    embeds = ("offer", "channel", "placement")
