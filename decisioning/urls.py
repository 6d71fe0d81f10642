"""The addresses of decisioning."""

from django.urls import re_path

from decisioning import decisions, recommend_view, viewsets
from kaireon.api.viewsets import collection_urls

FLOW = r"^decision-flows/(?P<public_id>[^/]+)"

urlpatterns = [
    *collection_urls("outcome-types", viewsets.OutcomeTypeViewSet),
    *collection_urls("segments", viewsets.SegmentViewSet),
    *collection_urls("decision-flows", viewsets.DecisionFlowViewSet),
    re_path(rf"{FLOW}/publish/?$", viewsets.DecisionFlowViewSet.as_view({"post": "publish"})),
    re_path(rf"{FLOW}/rollback/?$", viewsets.DecisionFlowViewSet.as_view({"post": "rollback"})),
    re_path(rf"{FLOW}/versions/?$", viewsets.DecisionFlowViewSet.as_view({"get": "list_versions"})),
    re_path(rf"{FLOW}/assembly-log/?$", viewsets.DecisionFlowViewSet.as_view({"get": "list_assembly_log"})),
    re_path(r"^decisions/filter/?$", decisions.FilterView.as_view(), name="decisions-filter"),
    re_path(r"^decisions/(?P<public_id>[^/]+)/?$", recommend_view.DecisionView.as_view(), name="decisions-item"),
    re_path(r"^recommend/?$", recommend_view.RecommendView.as_view(), name="recommend"),
]
