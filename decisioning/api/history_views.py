"""`GET /interaction-history`: what happened, newest first; nothing there is ever changed or taken away."""

from __future__ import annotations

from typing import Any, ClassVar

from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from creatives.models import Category, Channel, Creative, Offer, Placement, SubCategory
from decisioning.api.filters import InteractionFilterSet
from decisioning.models import Decision, Interaction
from kaireon import clock
from kaireon.api.filters import StrictFilterBackend
from kaireon.api.pagination import paginate
from kaireon.api.permissions import actor_of
from kaireon.api.schema import NULLABLE_TEXT, OBJECT, PAGINATION, TEXT, listed, record
from kaireon.api.viewsets import paged
from kaireon.tenancy import READERS, Role
from policies.limits import MICRO

NUMBER = {"type": "number"}
# The public ids a row shows, by the column that holds the key.
IDS: dict[str, tuple[str, Any]] = {
    "offerId": ("offer_key", Offer),
    "creativeId": ("creative_key", Creative),
    "channelId": ("channel_key", Channel),
    "placementId": ("placement_key", Placement),
    "categoryId": ("category_key", Category),
    "subCategoryId": ("sub_category_key", SubCategory),
    "recommendationId": ("decision_key", Decision),
}
ROW = record(
    id=TEXT,
    customerId=TEXT,
    type=TEXT,
    timestamp=TEXT,
    recordedAt=TEXT,
    rank={"type": "integer", "nullable": True},
    category=NULLABLE_TEXT,
    campaignId=NULLABLE_TEXT,
    conversionValue=NUMBER,
    cost=NUMBER,
    direction=TEXT,
    context={**OBJECT, "nullable": True},
    void={"type": "boolean"},
    **dict.fromkeys(IDS, NULLABLE_TEXT),
)


class InteractionHistoryView(APIView):
    """Every interaction of the tenant's customers."""

    filterset_class = InteractionFilterSet
    switches: ClassVar[frozenset[str]] = frozenset()

    def roles_for(self, request: Request) -> frozenset[Role]:
        return READERS

    @extend_schema(
        operation_id="list_interactions",
        parameters=[
            *(OpenApiParameter(name, str) for name in InteractionFilterSet.base_filters),
            OpenApiParameter("cursor", str),
            OpenApiParameter("limit", {"type": "integer", "minimum": 1}),
        ],
        responses={200: OpenApiResponse(record(data=listed(ROW), pagination=PAGINATION), "One page")},
    )
    def get(self, request: Request) -> Response:
        """One page of what happened, the newest first. An impression that is `void` was never presented."""
        existing = Interaction.objects.of(actor_of(request).tenant)
        page = paginate(request, StrictFilterBackend().filter_queryset(request, existing, self), ("-at", "-id"))
        return paged(page, [shown(row) for row in page.rows])


def shown(row: Interaction) -> dict[str, Any]:
    """One interaction as the API shows it."""
    keys = {name: (getattr(row, column), kind) for name, (column, kind) in IDS.items()}
    return {
        "id": row.public_id,
        "customerId": row.customer_id,
        "type": row.outcome,
        "timestamp": clock.text(row.at),
        "recordedAt": clock.text(row.recorded_at),
        "rank": row.rank,
        "category": row.label,
        "campaignId": row.campaign_id,
        "conversionValue": row.value_micros / MICRO,
        "cost": row.cost_micros / MICRO,
        "direction": row.direction,
        "context": row.context,
        "void": row.void,
        **{name: None if key is None else kind.id_kind.encode(key) for name, (key, kind) in keys.items()},
    }
