"""The addresses of decisioning."""

from django.urls import re_path

from decisioning import decisions, viewsets
from kaireon.api.viewsets import collection_urls

urlpatterns = [
    *collection_urls("outcome-types", viewsets.OutcomeTypeViewSet),
    *collection_urls("segments", viewsets.SegmentViewSet),
    *collection_urls("decision-flows", viewsets.DecisionFlowViewSet),
    re_path(r"^decisions/filter/?$", decisions.FilterView.as_view(), name="decisions-filter"),
]
