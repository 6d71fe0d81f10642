"""`POST /contact-policies/impact-preview`."""

from __future__ import annotations

from drf_spectacular.utils import OpenApiResponse, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from decisioning.insight.impact import preview, wire
from decisioning.insight.trials import ImpactPreviewRequest, asked
from kaireon.api.filters import refuse_unknown_parameters
from kaireon.api.permissions import actor_of
from kaireon.api.requests import payload_of
from kaireon.api.schema import TEXT, WHOLE, listed, record
from kaireon.tenancy import READERS, Role

ONE_DECIMAL = {"type": "number", "description": "to one decimal"}
IMPACT = {
    **record(
        totalCustomersAnalyzed=WHOLE,
        customersAffected=WHOLE,
        affectedPercent=ONE_DECIMAL,
        offersSuppressed={
            "type": "object",
            "additionalProperties": WHOLE,
            "description": "Contacts beyond the policy's limit by the offer's name",
        },
        avgOffersBeforePolicy=ONE_DECIMAL,
        avgOffersAfterPolicy=ONE_DECIMAL,
        topAffectedSegments=listed(record(segment=TEXT, affected=WHOLE, total=WHOLE)),
    ),
    "description": "`warnings` is there if there is something to say.",
}
IMPACT["properties"]["warnings"] = listed(TEXT)


class ImpactPreviewView(APIView):
    """What a policy that is being written would have done to the contacts of the last days."""

    def roles_for(self, request: Request) -> frozenset[Role]:
        return READERS

    @extend_schema(
        operation_id="preview_impact",
        request=ImpactPreviewRequest,
        responses={200: OpenApiResponse(IMPACT, "The projected impact")},
    )
    def post(self, request: Request) -> Response:
        """Tries a policy on a sample of the active customers, or on all of them. Nothing is stored."""
        refuse_unknown_parameters(request)
        actor = actor_of(request)
        wanted = asked(actor.tenant, payload_of(request))
        found = preview(actor.tenant, wanted.trial, [wanted.assignment], most=wanted.most, now=actor.now)
        warnings = {"warnings": list(wanted.warnings)} if wanted.warnings else {}
        return Response(wire(found) | warnings)
