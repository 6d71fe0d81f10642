"""The addresses of the catalogue."""

from creatives import viewsets
from kaireon.api.viewsets import collection_urls

urlpatterns = [
    *collection_urls("categories", viewsets.CategoryViewSet),
    *collection_urls("sub-categories", viewsets.SubCategoryViewSet),
    *collection_urls("offers", viewsets.OfferViewSet),
    *collection_urls("channels", viewsets.ChannelViewSet),
    *collection_urls("placements", viewsets.PlacementViewSet),
    *collection_urls("creatives", viewsets.CreativeViewSet),
]
