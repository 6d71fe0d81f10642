"""The addresses of decisioning."""

from django.urls import re_path

from decisioning import decisions, recommend_view, viewsets
from kaireon.api.viewsets import collection_urls

urlpatterns = [
    *collection_urls("outcome-types", viewsets.OutcomeTypeViewSet),
    *collection_urls("segments", viewsets.SegmentViewSet),
    *collection_urls("decision-flows", viewsets.DecisionFlowViewSet),
    re_path(r"^decisions/filter/?$", decisions.FilterView.as_view(), name="decisions-filter"),
    re_path(r"^decisions/(?P<public_id>[^/]+)/?$", recommend_view.DecisionView.as_view(), name="decisions-item"),
    re_path(r"^recommend/?$", recommend_view.RecommendView.as_view(), name="recommend"),
]
