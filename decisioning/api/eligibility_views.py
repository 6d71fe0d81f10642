"""`GET /customers/{customerId}/why-not/{offerId}` and `.../eligibility`."""

from __future__ import annotations

from datetime import datetime

from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema
from rest_framework.exceptions import NotFound
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from decisioning.api.filter_view import REASON
from decisioning.deciding.eligibility import why_not
from decisioning.deciding.lookup import Caller, inform
from kaireon import clock
from kaireon.api.errors import refuse
from kaireon.api.fields import read_instant, shown
from kaireon.api.filters import refuse_unknown_parameters
from kaireon.api.permissions import actor_of
from kaireon.api.schema import NULLABLE_TEXT, TEXT, WHOLE, listed, record
from kaireon.tenancy import READERS, Role

EARLIEST = datetime.fromisoformat("1970-01-01T00:00:00+00:00")
FLAG = {"type": "boolean"}
JUDGED = record(
    policyId=TEXT,
    policyName=TEXT,
    policyVersion=WHOLE,
    ruleType=TEXT,
    verdict={"type": "string", "enum": ["passed", "blocked", "skipped"]},
    reasons=listed(REASON),
)
CREATIVE = record(
    creativeId=TEXT,
    creativeName=TEXT,
    offerId=TEXT,
    offerName=TEXT,
    channelId=TEXT,
    channelName=TEXT,
    placementId=NULLABLE_TEXT,
    inInventory=FLAG,
    absences=listed(TEXT),
    allowed=FLAG,
    freeAt=NULLABLE_TEXT,
    policies=listed(JUDGED),
)
ELIGIBILITY = record(customerId=TEXT, decidedAt=TEXT, policyVersion=WHOLE, creatives=listed(CREATIVE))
AS_OF = OpenApiParameter("asOf", {"type": "string", "format": "date-time"}, description="Decide as of this instant.")


class EligibilityView(APIView):
    """Every creative of the inventory, held against every policy."""

    def roles_for(self, request: Request) -> frozenset[Role]:
        return READERS

    @extend_schema(
        operation_id="eligibility", parameters=[AS_OF], responses={200: OpenApiResponse(ELIGIBILITY, "The verdicts")}
    )
    def get(self, request: Request, customer_id: str) -> Response:
        """What the customer could be shown, now or as of an instant, and why not the rest."""
        return _answer(request, customer_id, offer_id=None)


class WhyNotView(APIView):
    """Every creative of one offer, held against every policy."""

    def roles_for(self, request: Request) -> frozenset[Role]:
        return READERS

    @extend_schema(
        operation_id="why_not", parameters=[AS_OF], responses={200: OpenApiResponse(ELIGIBILITY, "The verdicts")}
    )
    def get(self, request: Request, customer_id: str, offer_id: str) -> Response:
        """Why the customer is not shown the offer, or that nothing stands against it."""
        return _answer(request, customer_id, offer_id=offer_id)


def _answer(request: Request, customer_id: str, *, offer_id: str | None) -> Response:
    refuse_unknown_parameters(request, {"asOf"})
    actor = actor_of(request)
    known, configuration = inform(Caller(tenant=actor.tenant.pk, role=actor.role), customer_id)
    as_of = _as_of(request, known.at)
    offer = None
    if offer_id is not None:
        offer = configuration.key_of("offer", offer_id)
        if offer is None or not any(item.candidate.offer == offer for item in configuration.items.values()):
            raise NotFound(f"There is no live offer with creatives and the id {shown(offer_id)}.")
    creatives = why_not(known, configuration, offer=offer, as_of=as_of)
    return Response(
        {
            "customerId": customer_id,
            "decidedAt": clock.text(as_of or known.at),
            "policyVersion": configuration.version,
            "creatives": creatives,
        }
    )


def _as_of(request: Request, now: datetime) -> datetime | None:
    raw = request.query_params.get("asOf")
    if raw is None:
        return None
    instant = read_instant(raw)
    if not EARLIEST <= instant <= now:
        raise refuse("asOf", f"{shown(raw)} is before 1970 or in the future; it is {clock.text(now)} now.")
    return instant
