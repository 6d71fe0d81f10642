"""`POST /recommend` and `GET /decisions/{recommendationId}`."""

from __future__ import annotations

from collections.abc import Callable
from time import perf_counter
from typing import Any

from django.http import HttpRequest, HttpResponse
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema
from rest_framework.exceptions import NotFound
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from decisioning import idempotency
from decisioning.api.asking import asked
from decisioning.deciding import recommending
from decisioning.deciding.lookup import Known
from decisioning.deciding.questions import ask_of
from decisioning.deciding.recommendations import Ask
from decisioning.deciding.requests import RECOMMEND, RecommendRequest
from decisioning.in_force.configuration import Configuration
from decisioning.in_force.flows import FlowNotInForce, UnknownFlow
from decisioning.models import Decision
from kaireon.api.errors import Conflict, refuse
from kaireon.api.parsing import parse_json
from kaireon.api.permissions import actor_of
from kaireon.api.plain import PlainView, as_json
from kaireon.api.schema import NULLABLE_TEXT, OBJECT, TEXT, WHOLE, listed, record
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


class RecommendView(PlainView):
    """The best creatives a customer may see now."""

    route = "recommend"

    def roles_for(self, request: Any) -> frozenset[Role]:
        return EDITORS | {Role.DELIVERY}

    @extend_schema(
        operation_id="recommend",
        request=RecommendRequest,
        parameters=[OpenApiParameter("Idempotency-Key", str, OpenApiParameter.HEADER)],
        responses={200: OpenApiResponse(RECOMMENDED, "What to show, in rank order")},
    )
    def post(self, request: Request) -> Response:
        """Decides and stores the decision; with `dryRun` it stores nothing."""
        raise NotImplementedError

    def carry_out(self, request: HttpRequest) -> HttpResponse:
        started = perf_counter()
        caller, body, known, configuration = asked(self, request, RECOMMEND)

        def read(known: Known, configuration: Configuration) -> Ask:
            return ask_of(body, configuration, now=known.at)

        try:
            drafted = recommending.draft(known, configuration, read(known, configuration), started=started)
            if drafted.ask.dry_run:
                return as_json(recommending.rehearse(drafted))
            recommending.prepare(drafted)
            return as_json(_once(request, known, lambda: recommending.commit(drafted, caller, read, started=started)))
        except UnknownFlow as error:
            raise NotFound(str(error)) from error
        except FlowNotInForce as error:
            raise Conflict(str(error)) from error


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
        return Response(recommending.read_back(tenant, decision))


def _once(request: HttpRequest, known: Known, work: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    """Carries out the work, or answers as the first time when the request bears a key that was used before."""
    key = request.META.get("HTTP_IDEMPOTENCY_KEY")
    if key is None:
        return work()
    if not 0 < len(key) <= LONGEST_KEY:
        raise refuse("Idempotency-Key", f"The key has {len(key)} characters; send 1 to {LONGEST_KEY}.")
    body = parse_json(request.body)
    return idempotency.once(
        known.tenant,
        endpoint="recommend",
        key=key,
        body=body,
        customer_id=known.customer_id,
        now=known.at,
        work=work,
    )
