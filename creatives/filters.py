"""The query parameters of the catalogue's lists."""

import django_filters

from creatives.models import Category, Channel, Offer, Placement, SubCategory
from kaireon.api.filters import ReferenceFilter, ResourceFilterSet


class SubCategoryFilterSet(ResourceFilterSet):
    """Sub-categories by category."""

    categoryId = ReferenceFilter(Category, field_name="category_id")


class OfferFilterSet(ResourceFilterSet):
    """Offers by where they are sorted."""

    categoryId = ReferenceFilter(Category, field_name="category_id")
    subCategoryId = ReferenceFilter(SubCategory, field_name="sub_category_id")
    category = django_filters.CharFilter(field_name="category_label")


class ChannelFilterSet(ResourceFilterSet):
    """Channels by type."""

    channelType = django_filters.CharFilter(field_name="channel_type")


class PlacementFilterSet(ResourceFilterSet):
    """Placements by channel."""

    channelId = ReferenceFilter(Channel, field_name="channel_id")


class CreativeFilterSet(ResourceFilterSet):
    """Creatives by what they belong to."""

    offerId = ReferenceFilter(Offer, field_name="offer_id")
    channelId = ReferenceFilter(Channel, field_name="channel_id")
    placementId = ReferenceFilter(Placement, field_name="placement_id")
    templateType = django_filters.CharFilter(field_name="template_type")
    abTestVariant = django_filters.CharFilter(field_name="ab_test_variant")
