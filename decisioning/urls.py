"""The addresses of decisioning."""

from decisioning import viewsets
from kaireon.api.viewsets import collection_urls

urlpatterns = [
    *collection_urls("outcome-types", viewsets.OutcomeTypeViewSet),
    *collection_urls("segments", viewsets.SegmentViewSet),
    *collection_urls("decision-flows", viewsets.DecisionFlowViewSet),
]
