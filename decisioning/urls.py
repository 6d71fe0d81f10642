"""The addresses of decisioning."""

from django.urls import re_path

from decisioning.api import (
    addresses,
    customer_views,
    eligibility_views,
    filter_view,
    history_views,
    impact_views,
    member_views,
    recommend_view,
    respond_views,
    summary_views,
    viewsets,
)
from decisioning.api.addresses import below_customer
from kaireon.api.viewsets import collection_urls

FLOW = r"^decision-flows/(?P<public_id>[^/]+)"
CUSTOMER = r"^customers/(?P<customer_id>[^\0]+?)"
customer = customer_views.CustomerView.as_view()
customers_bulk = addresses.only("POST", customer_views.CustomersBulkView.as_view(), customer)

urlpatterns = [
    re_path(r"^recommend/?$", recommend_view.RecommendView.as_view(), name="recommend"),
    re_path(r"^respond/?$", respond_views.RespondView.as_view(), name="respond"),
    re_path(r"^respond/bulk/?$", respond_views.RespondBulkView.as_view(), name="respond-bulk"),
    re_path(r"^decisions/filter/?$", filter_view.FilterView.as_view(), name="decisions-filter"),
    # Before the policies' own addresses, which would take its name for a policy's id.
    re_path(r"^contact-policies/impact-preview/?$", impact_views.ImpactPreviewView.as_view(), name="impact-preview"),
    *collection_urls("outcome-types", viewsets.OutcomeTypeViewSet),
    *collection_urls("segments", viewsets.SegmentViewSet),
    *collection_urls("decision-flows", viewsets.DecisionFlowViewSet),
    *collection_urls("campaign-runs", viewsets.CampaignRunViewSet),
    re_path(rf"{FLOW}/publish/?$", viewsets.DecisionFlowViewSet.as_view({"post": "publish"})),
    re_path(rf"{FLOW}/rollback/?$", viewsets.DecisionFlowViewSet.as_view({"post": "rollback"})),
    re_path(rf"{FLOW}/versions/?$", viewsets.DecisionFlowViewSet.as_view({"get": "list_versions"})),
    re_path(rf"{FLOW}/assembly-log/?$", viewsets.DecisionFlowViewSet.as_view({"get": "list_assembly_log"})),
    re_path(r"^segments/(?P<public_id>[^/]+)/members/?$", member_views.SegmentMembersView.as_view(), name="members"),
    re_path(r"^interaction-summaries/?$", summary_views.InteractionSummariesView.as_view()),
    re_path(r"^interaction-summary/?$", summary_views.InteractionSummaryView.as_view()),
    re_path(r"^customers/?$", customer_views.CustomersView.as_view(), name="customers"),
    re_path(r"^customers/bulk/?$", customers_bulk, name="customers-bulk"),
    re_path(
        rf"{CUSTOMER}/why-not/(?P<offer_id>[^/]+)/?$",
        below_customer(eligibility_views.WhyNotView.as_view(), customer, tail="why-not/[^/]+"),
        name="customers-why-not",
    ),
    re_path(
        rf"{CUSTOMER}/eligibility/?$",
        below_customer(eligibility_views.EligibilityView.as_view(), customer, tail="eligibility"),
        name="customers-eligibility",
    ),
    re_path(rf"{CUSTOMER}/?$", customer, name="customers-item"),  # takes what no address below a customer took
    re_path(r"^interaction-history/?$", history_views.InteractionHistoryView.as_view(), name="interaction-history"),
    re_path(r"^decisions/(?P<public_id>[^/]+)/?$", recommend_view.DecisionView.as_view(), name="decisions-item"),
]
