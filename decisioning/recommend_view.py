"""`POST /recommend` and `GET /decisions/{recommendationId}`."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema
from rest_framework.exceptions import NotFound
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from decisioning import deciding, idempotency
from decisioning.flows import FlowNotInForce, UnknownFlow, published_flow, terms_of
from decisioning.loading import current_configuration
from decisioning.models import Decision
from decisioning.requests import RecommendRequest
from kaireon.api.errors import Conflict, refuse
from kaireon.api.permissions import actor_of
from kaireon.api.schema import NULLABLE_TEXT, OBJECT, TEXT, WHOLE, listed, record
from kaireon.reading import reading
from kaireon.tenancy import EDITORS, READERS, Role

LONGEST_KEY = 255
NUMBER = {"type": "number"}
LINE = record(
    rank=WHOLE,
    offerId=TEXT,
    offerName=TEXT,
    categoryName=NULLABLE_TEXT,
    creativeId=TEXT,
    creativeName=TEXT,
    channelId=TEXT,
    channelName=TEXT,
    placementId=NULLABLE_TEXT,
    templateType=TEXT,
    content=OBJECT,
    abTestVariant=NULLABLE_TEXT,
    score=NUMBER,
    interactionId=NULLABLE_TEXT,
    reservedUntil=NULLABLE_TEXT,
)
META = record(
    candidates=WHOLE,
    afterContactPolicies=WHOLE,
    suppressed=WHOLE,
    decidedAt=TEXT,
    policyVersion=WHOLE,
    flowVersion={"type": "integer", "nullable": True},
    freeAt=NULLABLE_TEXT,
    durationMs=NUMBER,
)
RECOMMENDED = {
    **record(
        recommendationId=NULLABLE_TEXT,
        customerId=TEXT,
        count=WHOLE,
        decisions=listed(LINE),
        placements={"type": "object", "additionalProperties": record(count=WHOLE, ranks=listed(WHOLE))},
        meta=META,
    ),
    "additionalProperties": {},
}


class RecommendView(APIView):
    """The best creatives a customer may see now."""

    def roles_for(self, request: Request) -> frozenset[Role]:
        return EDITORS | {Role.DELIVERY}

    @extend_schema(
        operation_id="recommend",
        request=RecommendRequest,
        parameters=[OpenApiParameter("Idempotency-Key", str, OpenApiParameter.HEADER)],
        responses={200: OpenApiResponse(RECOMMENDED, "What to show, in rank order")},
    )
    def post(self, request: Request) -> Response:
        """Decides and stores the decision; with `dryRun` it stores nothing."""
        tenant = actor_of(request).tenant
        with reading() as committed:
            configuration, read_at = current_configuration(tenant, committed=committed)
            body = RecommendRequest(data=request.data, context={"configuration": configuration, "read_at": read_at})
            body.is_valid(raise_exception=True)
            ask, published = body.ask(), _published(tenant, body.validated_data.get("decisionFlowKey"))
            read = deciding.Reading(
                configuration=configuration,
                ask=ask,
                terms=terms_of(published.flow, configuration),
                flow_version=published.version,
            )
            if ask.dry_run:
                return Response(deciding.rehearse(tenant, read, now=read_at))
        key = request.headers.get("Idempotency-Key")
        if key is None:
            return Response(deciding.recommend(tenant, read))
        if not 0 < len(key) <= LONGEST_KEY:
            raise refuse("Idempotency-Key", f"The key has {len(key)} characters; send 1 to {LONGEST_KEY}.")
        try:
            answer, first = idempotency.once(
                tenant,
                endpoint="recommend",
                key=key,
                body=request.data,
                now=read_at,
                work=lambda: deciding.recommend(tenant, read),
            )
        except idempotency.KeyReused as error:
            raise Conflict(str(error)) from error
        return Response(answer if first else answer | {"duplicate": True})


class DecisionView(APIView):
    """A decision as it was made."""

    def roles_for(self, request: Request) -> frozenset[Role]:
        return READERS

    @extend_schema(operation_id="read_decision", responses={200: OpenApiResponse(RECOMMENDED, "As it was answered")})
    def get(self, request: Request, public_id: str) -> Response:
        """The answer as it was given, with every suppressed candidate's reasons."""
        tenant = actor_of(request).tenant
        decision = Decision.objects.of(tenant).filter(pk=Decision.id_kind.decode(public_id) or 0).first()
        if decision is None:
            raise NotFound(f'There is no decision with the id "{public_id[:80]}", or it is no longer kept.')
        return Response(deciding.read_back(tenant, decision))


def _published(tenant: Any, key: str | None) -> Any:
    try:
        return published_flow(tenant, key)
    except UnknownFlow as error:
        raise NotFound(str(error)) from error
    except FlowNotInForce as error:
        raise Conflict(str(error)) from error
