"""The endpoints that decide."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from drf_spectacular.utils import OpenApiResponse, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from decisioning.api.asking import asked
from decisioning.deciding.filtering import filter_candidates
from decisioning.deciding.questions import question_of
from decisioning.deciding.requests import FILTER, FilterRequest
from decisioning.engine.evaluate import Verdict
from decisioning.engine.explain import instant_to_wire, to_wire
from decisioning.in_force.configuration import Configuration
from kaireon import clock
from kaireon.api.plain import PlainView, as_json
from kaireon.api.schema import NULLABLE_TEXT, OBJECT, TEXT, WHOLE, listed, record
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


class FilterView(PlainView):
    """Which candidates a customer may be shown, and every reason against the others."""

    route = "decisions-filter"

    def roles_for(self, request: Any) -> frozenset[Role]:
        return EVERYBODY

    @extend_schema(
        operation_id="filter_candidates",
        request=FilterRequest,
        responses={200: OpenApiResponse(FILTERED, "A verdict for each candidate, in the order given")},
    )
    def post(self, request: Request) -> Response:
        """Judges candidates by the contact policies, now or as of a past instant. Nothing is stored."""
        raise NotImplementedError

    def carry_out(self, request: HttpRequest) -> HttpResponse:
        _, asked_body, known, configuration = asked(self, request, FILTER)
        question = question_of(asked_body, configuration, now=known.at)
        found = filter_candidates(
            known,
            configuration,
            candidates=question.candidates,
            segments=question.segments,
            policy_ids=question.policy_ids,
            as_of=question.as_of,
        )
        body = {
            "customerId": known.customer_id,
            "decidedAt": clock.text(found.decided_at),
            "policyVersion": configuration.version,
            "results": [_shown(verdict, configuration) for verdict in found.verdicts],
            "warnings": [*asked_body.warnings, *found.warnings],
        }
        return as_json(body)


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
