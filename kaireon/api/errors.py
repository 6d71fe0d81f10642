"""Errors leave the API in one envelope; one table says which status and code each exception becomes."""

from __future__ import annotations

import logging
import math
import re
import sys
from collections.abc import Iterator
from functools import cache
from typing import Any, TypedDict

from django.apps import apps
from django.core.exceptions import DisallowedHost, PermissionDenied, RequestDataTooBig
from django.db import IntegrityError, InterfaceError, OperationalError
from django.db.models import UniqueConstraint
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.template.loader import render_to_string
from django.views import csrf, defaults
from django.views.decorators.csrf import csrf_exempt
from rest_framework import exceptions
from rest_framework.response import Response
from rest_framework.settings import api_settings

from kaireon.tenancy import TenantOwned
from kaireon.writing import AlreadyDeleted, DuplicateName, Frozen, NotDeleted, OwnerDeleted, StaleVersion

logger = logging.getLogger(__name__)


class Detail(TypedDict):
    """One fault and the field it concerns."""

    field: str
    message: str


class MalformedJSON(exceptions.APIException):
    """The body is not JSON that Kaireon accepts."""

    status_code = 400
    default_code = "MALFORMED_JSON"


class TooLarge(exceptions.APIException):
    """The body is above the limit."""

    status_code = 413
    default_code = "TOO_LARGE"
    default_detail = "The body is larger than 2 MiB; send it in smaller parts."


class Conflict(exceptions.APIException):
    """The request contradicts the current state."""

    status_code = 409
    default_code = "CONFLICT"


CODES: dict[type[BaseException], tuple[int, str]] = {
    exceptions.ValidationError: (400, "VALIDATION_ERROR"),
    MalformedJSON: (400, "MALFORMED_JSON"),
    exceptions.ParseError: (400, "MALFORMED_JSON"),
    exceptions.NotAuthenticated: (401, "UNAUTHENTICATED"),
    exceptions.AuthenticationFailed: (401, "UNAUTHENTICATED"),
    exceptions.PermissionDenied: (403, "FORBIDDEN"),
    PermissionDenied: (403, "FORBIDDEN"),
    exceptions.NotFound: (404, "NOT_FOUND"),
    Http404: (404, "NOT_FOUND"),
    exceptions.MethodNotAllowed: (405, "METHOD_NOT_ALLOWED"),
    exceptions.NotAcceptable: (406, "NOT_ACCEPTABLE"),
    DuplicateName: (409, "DUPLICATE_NAME"),
    StaleVersion: (409, "STALE_VERSION"),
    OwnerDeleted: (409, "CONFLICT"),
    Frozen: (409, "CONFLICT"),
    Conflict: (409, "CONFLICT"),
    IntegrityError: (409, "CONFLICT"),
    AlreadyDeleted: (400, "VALIDATION_ERROR"),
    NotDeleted: (400, "VALIDATION_ERROR"),
    TooLarge: (413, "TOO_LARGE"),
    RequestDataTooBig: (413, "TOO_LARGE"),
    exceptions.UnsupportedMediaType: (415, "UNSUPPORTED_MEDIA_TYPE"),
    exceptions.Throttled: (429, "RATE_LIMITED"),
    OperationalError: (503, "UNAVAILABLE"),
    InterfaceError: (503, "UNAVAILABLE"),
}
SPOKEN = {
    RequestDataTooBig: TooLarge.default_detail,
    IntegrityError: "Somebody else stored a conflicting row at the same moment; read it and try again.",
    OperationalError: "The database cannot be reached or is overloaded; try again in a moment.",
    InterfaceError: "The database cannot be reached; try again in a moment.",
    Http404: "There is nothing at this address.",
}


MOST_DETAILS = 100


def answer_exception(error: Exception, context: dict[str, Any]) -> Response:
    """DRF's exception handler: every exception becomes the envelope."""
    status, body, headers = answer_of(error, context["request"])
    return Response(body, status=status, headers=headers)


def answer_of(error: Exception, request: Any) -> tuple[int, dict[str, Any], dict[str, str]]:
    """Status, body and headers for an exception; an unforeseen one is logged and says nothing."""
    status, code = _classify(error)
    if status >= 500:
        logger.error("%s while answering", code, exc_info=error)
    body = envelope(request, status, code, message=_message(error, status), details=list(details_of(error)))
    if isinstance(error, StaleVersion):
        body["error"]["currentVersion"] = error.current
    return status, body, dict(_headers_of(error, status))


def _headers_of(error: Exception, status: int) -> Iterator[tuple[str, str]]:
    if isinstance(error, exceptions.AuthenticationFailed | exceptions.NotAuthenticated):
        yield "WWW-Authenticate", 'Bearer realm="kaireon"'
    if isinstance(error, exceptions.Throttled):
        yield "Retry-After", str(max(1, math.ceil(getattr(error, "wait", None) or 1)))
    if status == 503:
        yield "Retry-After", "1"


def envelope(
    request: Any, status: int, code: str, *, message: str, details: list[Detail] | None = None
) -> dict[str, Any]:
    """The body of every error; of many details it holds the first 100."""
    return {
        "error": {
            "code": code,
            "message": message,
            "status": status,
            "details": (details or [])[:MOST_DETAILS],
            "requestId": getattr(request, "request_id", ""),
        }
    }


def described(error: Exception) -> dict[str, Any]:
    """A refusal as one of several: what a bulk call says about each item that it did not take."""
    status, code = _classify(error)
    return {"code": code, "message": _message(error, status), "details": list(details_of(error))}


def refuse(field: str, message: str) -> exceptions.ValidationError:
    """A validation error about one field."""
    return exceptions.ValidationError({field: [message]})


@csrf_exempt
def not_found(request: HttpRequest, exception: Exception | None = None) -> JsonResponse:
    """Answers an address that no resource has."""
    message = f"There is nothing at {request.path}; /api/v1/docs lists every address."
    return JsonResponse(envelope(request, 404, "NOT_FOUND", message=message), status=404)


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Answers what cannot even be routed, such as a host that is not ours."""
    if not request.path.startswith("/api/"):
        return defaults.bad_request(request, exception)
    message = "The request cannot be read; check its headers."
    details: list[Detail] = []
    if isinstance(exception, DisallowedHost):
        message = "The header Host names a host that is not served here; use the service's own address."
        details = [{"field": "Host", "message": message}]
    return JsonResponse(envelope(request, 400, "VALIDATION_ERROR", message=message, details=details), status=400)


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """Answers a request that a browser may have been tricked into."""
    if not request.path.startswith("/api/"):
        return csrf.csrf_failure(request, reason)
    message = f"{reason.rstrip('.') or 'CSRF verification failed'}; send the header X-CSRFToken, or use an API key."
    return JsonResponse(envelope(request, 403, "FORBIDDEN", message=message), status=403)


def failure(request: HttpRequest) -> HttpResponse:
    """Answers what went wrong outside the API's own handler; people get a page, for which nothing is read."""
    error = sys.exception()
    away = isinstance(error, OperationalError | InterfaceError)
    status, code = (503, "UNAVAILABLE") if away else (500, "INTERNAL")
    if request.path.startswith("/api/"):
        message = _message(error or RuntimeError(), status)
        answer: HttpResponse = JsonResponse(envelope(request, status, code, message=message), status=status)
    else:
        said = {"request_id": getattr(request, "request_id", "")}
        answer = HttpResponse(render_to_string(f"{status}.html", said), status=status)
    if away:
        answer["Retry-After"] = "1"
    return answer


def _classify(error: Exception) -> tuple[int, str]:
    if isinstance(error, IntegrityError) and _refused_by(error) not in _unique_constraints():
        return 500, "INTERNAL"
    for kind in type(error).__mro__:
        if kind in CODES:
            return CODES[kind]
    return 500, "INTERNAL"


@cache
def _unique_constraints() -> frozenset[str]:
    """What PostgreSQL (by name) and SQLite (by columns, or by name for an expression) call our unique constraints."""
    found: set[str] = set()
    for model in apps.get_models():
        named = model._meta.constraints if issubclass(model, TenantOwned) else []
        for constraint in (each for each in named if isinstance(each, UniqueConstraint)):
            columns = [model._meta.get_field(name).column for name in constraint.fields]  # type: ignore[union-attr]
            found |= {constraint.name, ", ".join(f"{model._meta.db_table}.{column}" for column in columns)}
    return frozenset(found - {""})


def _refused_by(error: IntegrityError) -> str:
    """The constraint that refused a row, in the database's words."""
    reported = getattr(getattr(error.__cause__, "diag", None), "constraint_name", None)
    if reported is not None:
        return str(reported)
    words = re.fullmatch(r"UNIQUE constraint failed: (?:index '(\w+)'|(.+))", str(error))
    return (words[1] or words[2]) if words else ""


def _message(error: BaseException, status: int) -> str:
    if status == 500:
        return "Something went wrong here; the request id finds it in the log."
    for kind, spoken in SPOKEN.items():
        if isinstance(error, kind):
            return str(spoken)
    if isinstance(error, exceptions.ValidationError):
        details = list(details_of(error))
        first = _spoken(details[0]) if details else "The request is not valid."
        if len(details) < 2:
            return first
        more = len(details) - MOST_DETAILS
        where = "see details" if more <= 0 else f"details holds the first {MOST_DETAILS}, {more} more are left out"
        return f"{first} ({len(details)} faults; {where}.)"
    detail = error.detail if isinstance(error, exceptions.APIException) else error
    return str(detail) or "The request cannot be carried out."


def _spoken(detail: Detail) -> str:
    """The message with its field in front, unless it names the field itself."""
    named = detail["field"].rpartition(".")[2] in detail["message"]
    return detail["message"] if named else f"{detail['field']}: {detail['message']}"


def details_of(error: Exception) -> Iterator[Detail]:
    """Every fault of a refused write with the field it concerns, in the API's names."""
    if isinstance(error, exceptions.ValidationError):
        yield from _flatten(error.detail, "")
    elif isinstance(error, DuplicateName):
        for field, message in error.taken.items():
            yield {"field": field, "message": message}


def _flatten(detail: Any, field: str) -> Iterator[Detail]:
    if isinstance(detail, dict):
        for key, value in detail.items():
            if isinstance(key, int):  # DRF's lists of fields
                yield from _flatten(value, f"{field}[{key}]")
                continue
            plain = "" if key == api_settings.NON_FIELD_ERRORS_KEY else str(key)
            yield from _flatten(value, f"{field}.{plain}" if field and plain else field or plain)
    elif isinstance(detail, list):
        for index, value in enumerate(detail):
            inner = f"{field}[{index}]" if isinstance(value, dict) else field
            if value:
                yield from _flatten(value, inner)
    else:
        yield {"field": field, "message": str(detail)}
