"""The endpoints that decide."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import OpenApiResponse, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from decisioning.configuration import Configuration
from decisioning.engine.evaluate import Verdict
from decisioning.engine.explain import instant_to_wire, to_wire
from decisioning.loading import current_configuration
from decisioning.requests import FilterRequest
from decisioning.services import filter_candidates
from kaireon import clock
from kaireon.api.filters import refuse_unknown_parameters
from kaireon.api.permissions import actor_of
from kaireon.api.requests import payload_of
from kaireon.api.schema import NULLABLE_TEXT, OBJECT, TEXT, WHOLE, listed, record
from kaireon.reading import reading
from kaireon.tenancy import EVERYBODY, Role

FLAG = {"type": "boolean"}
INSTANT = {"type": "string", "format": "date-time"}
NULLABLE_INSTANT = {**INSTANT, "nullable": True}
REASON = record(
    policyId=TEXT,
    policyName=TEXT,
    policyVersion=WHOLE,
    ruleType=TEXT,
    scope=TEXT,
    scopeId=NULLABLE_TEXT,
    reason=TEXT,
    evidence=OBJECT,
    freeAt=NULLABLE_INSTANT,
    lifted=FLAG,
)
RESULT = record(
    creativeId=TEXT, placementId=NULLABLE_TEXT, allowed=FLAG, freeAt=NULLABLE_INSTANT, reasons=listed(REASON)
)
FILTERED = record(
    customerId=TEXT, decidedAt=INSTANT, policyVersion=WHOLE, results=listed(RESULT), warnings=listed(TEXT)
)


class FilterView(APIView):
    """Which candidates a customer may be shown, and every reason against the others."""

    def roles_for(self, request: Request) -> frozenset[Role]:
        return EVERYBODY

    @extend_schema(
        operation_id="filter_candidates",
        request=FilterRequest,
        responses={200: OpenApiResponse(FILTERED, "A verdict for each candidate, in the order given")},
    )
    def post(self, request: Request) -> Response:
        """Judges candidates by the contact policies, now or as of a past instant. Nothing is stored."""
        refuse_unknown_parameters(request)
        tenant, data = actor_of(request).tenant, payload_of(request)
        with reading() as committed:
            configuration, read_at = current_configuration(tenant, committed=committed)
            asked = FilterRequest(data=data, context={"configuration": configuration, "read_at": read_at})
            asked.is_valid(raise_exception=True)
            values = asked.validated_data
            found = filter_candidates(
                tenant,
                configuration,
                read_at=read_at,
                customer_id=values["customerId"],
                candidates=values.get("candidates"),
                segments=values["segments"],
                policy_ids=values.get("contactPolicyIds"),
                as_of=values.get("asOf"),
            )
        return Response(
            {
                "customerId": values["customerId"],
                "decidedAt": clock.text(found.decided_at),
                "policyVersion": configuration.version,
                "results": [_shown(verdict, configuration) for verdict in found.verdicts],
                "warnings": [*asked.warnings, *found.warnings],
            }
        )


def _shown(verdict: Verdict, configuration: Configuration) -> dict[str, Any]:
    candidate = verdict.candidate
    placement = candidate.placement
    return {
        "creativeId": configuration.public_ids["creative", candidate.creative],
        "placementId": None if placement is None else configuration.public_ids["placement", placement],
        "allowed": verdict.allowed,
        "freeAt": instant_to_wire(verdict.free_at),
        "reasons": [to_wire(reason) for reason in verdict.reasons],
    }
