"""`POST /respond` and `POST /respond/bulk`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.http import HttpRequest, HttpResponse
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema
from rest_framework.exceptions import APIException, ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from decisioning.api.asking import admit
from decisioning.deciding.lookup import Caller, Known, caller_of, identify, in_force
from decisioning.reporting.reports import LONGEST_KEY, RESPOND, Report, RespondRequest, Surroundings, is_key, report_of
from decisioning.reporting.responding import respond, respond_once
from decisioning.reporting.standing import stand
from kaireon.api.errors import described, envelope, refuse
from kaireon.api.fields import shown
from kaireon.api.plain import PlainView, as_json, payload_of
from kaireon.api.requests import Body
from kaireon.api.schema import ERROR, NULLABLE_TEXT, OBJECT, TEXT, WHOLE, listed, named, record
from kaireon.tenancy import EDITORS, Role

MOST_AT_ONCE = 1000
RECORDED = {
    **record(
        interactionId=TEXT,
        recommendationId=NULLABLE_TEXT,
        customerId=TEXT,
        outcome=TEXT,
        classification=TEXT,
        rank={"type": "integer", "nullable": True},
        offerId=NULLABLE_TEXT,
        creativeId=NULLABLE_TEXT,
        channelId=NULLABLE_TEXT,
        status=TEXT,
        timestamp=TEXT,
        warnings=listed(TEXT),
    ),
    "additionalProperties": {},
}
BULK = record(outcomes={**listed(named("RespondRequest")), "minItems": 1, "maxItems": MOST_AT_ONCE})
COUNTED = record(processed=WHOLE, succeeded=WHOLE, failed=WHOLE, errors=listed(record(index=WHOLE, error=OBJECT)))
KEY = OpenApiParameter("Idempotency-Key", str, OpenApiParameter.HEADER)
BULK_KEY = OpenApiParameter(
    "Idempotency-Key",
    {"type": "string", "minLength": 1, "maxLength": LONGEST_KEY - len(f"#{MOST_AT_ONCE}")},
    OpenApiParameter.HEADER,
    description="Sent again, the same outcomes are recorded once. An outcome's own idempotencyKey counts instead.",
)


class RespondView(PlainView):
    """What became of an offer that was shown."""

    route = "respond"

    def roles_for(self, request: Any) -> frozenset[Role]:
        return EDITORS | {Role.DELIVERY}

    @extend_schema(
        operation_id="respond",
        request=RespondRequest,
        parameters=[KEY],
        responses={
            201: OpenApiResponse(RECORDED, "Recorded"),
            200: OpenApiResponse(RECORDED, "Recorded before, which `duplicate` says"),
        },
    )
    def post(self, request: Request) -> Response:
        """Records one thing that happened to a customer, once."""
        raise NotImplementedError

    def carry_out(self, request: HttpRequest) -> HttpResponse:
        caller, payload = _asked(self, request)
        body, header_key = RESPOND.read(payload), request.META.get("HTTP_IDEMPOTENCY_KEY")
        known, standing = stand(caller, body.values, header_key if header_key and is_key(header_key) else None)
        admit(self, request, caller, known)
        around = Surroundings(known.tenant, in_force(caller, known), [body], now=known.at, made=standing.made)
        report = report_of(body, payload, around, header_key=header_key)
        answer = respond_once(known.tenant, report, standing).answer()
        return as_json(answer, status=200 if answer.get("duplicate") else 201)


class RespondBulkView(PlainView):
    """What became of many offers."""

    route = "respond-bulk"

    def roles_for(self, request: Any) -> frozenset[Role]:
        return EDITORS | {Role.DELIVERY}

    @extend_schema(
        operation_id="respond_bulk",
        parameters=[BULK_KEY],
        request={"application/json": BULK},
        responses={
            200: OpenApiResponse(COUNTED, "At least one was recorded"),
            422: OpenApiResponse({"allOf": [COUNTED, ERROR]}, "None was recorded"),
        },
    )
    def post(self, request: Request) -> Response:
        """Records up to 1,000 things that happened, each judged alone; a call that is repeated records what is missing.

        That takes an `idempotencyKey` in every outcome, or the header with the same outcomes in the same order.
        """
        raise NotImplementedError

    def carry_out(self, request: HttpRequest) -> HttpResponse:
        caller, payload = _asked(self, request)
        known = identify(caller)
        admit(self, request, caller, known)
        items, key = _items(payload), _bulk_key(request)
        bodies = [RESPOND.read(item) if isinstance(item, Mapping) else None for item in items]
        read = [body for body in bodies if body is not None]
        around = Surroundings(known.tenant, in_force(caller, known), read, now=known.at)
        faults = _faults(known, items, bodies, around, key=key)
        errors = [
            {"index": index, "error": described(fault)} for index, fault in enumerate(faults) if fault is not None
        ]
        succeeded = len(items) - len(errors)
        counted = {"processed": len(items), "succeeded": succeeded, "failed": len(errors), "errors": errors}
        if succeeded:
            return as_json(counted)
        said = f"None of the {len(items)} outcomes could be recorded; errors says why."
        return as_json(counted | envelope(request, 422, "ALL_FAILED", message=said), status=422)


def _asked(view: PlainView, request: HttpRequest) -> tuple[Caller, Mapping[str, Any]]:
    """Who asks, and the body; what is wrong with it is said only to those who may ask at all."""
    caller = caller_of(request)
    try:
        return caller, payload_of(request)
    except APIException:
        admit(view, request, caller, identify(caller))
        raise


def _items(payload: Mapping[str, Any]) -> list[Any]:
    items = payload.get("outcomes")
    if not isinstance(items, list) or not 0 < len(items) <= MOST_AT_ONCE:
        said = f"{len(items)} of them" if isinstance(items, list) else shown(items)
        raise refuse("outcomes", f"{said}: send a list of 1 to {MOST_AT_ONCE} outcomes.")
    return items


def _bulk_key(request: HttpRequest) -> str | None:
    """The header's key, which `#` and an index make the key of each outcome that brings none."""
    key: str | None = request.META.get("HTTP_IDEMPOTENCY_KEY")
    if key is not None and not is_key(f"{key}#{MOST_AT_ONCE}" if key else key):
        most = LONGEST_KEY - len(f"#{MOST_AT_ONCE}")
        raise refuse("Idempotency-Key", f"The key has {len(key)} characters; send 1 to {most}, in ASCII and no NUL.")
    return key


def _faults(
    known: Known, items: list[Any], bodies: list[Body | None], around: Surroundings, *, key: str | None
) -> list[APIException | None]:
    """Carries out every item that can be; why the others were refused."""
    judged: list[Report | ValidationError] = []
    for index, (item, body) in enumerate(zip(items, bodies, strict=True)):
        try:
            judged.append(_report(item, body, around, key=None if key is None else f"{key}#{index}"))
        except ValidationError as error:
            judged.append(error)
    reports = [each for each in judged if isinstance(each, Report)]
    outcomes = iter(respond(known.tenant, reports) if reports else ())
    return [next(outcomes).conflict if isinstance(each, Report) else each for each in judged]


def _report(item: Any, body: Body | None, around: Surroundings, *, key: str | None) -> Report:
    if body is None:
        raise refuse("", f"{shown(item)} is not an object; send {{...}}.")
    return report_of(body, item, around, header_key=None if "idempotencyKey" in body.values else key)
