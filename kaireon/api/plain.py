"""Endpoints whose speed matters: the manners of every other endpoint without the REST framework's machinery.

They are declared as `APIView`s, so that roles and the OpenAPI document know them, and take any method but POST as such.
A POST is carried out by `carry_out`, a plain Django view; what it raises is put into the envelope all errors have.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from functools import cached_property
from typing import Any, ClassVar

import orjson
from django.conf import settings
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.http.request import UnreadablePostError
from django.urls import get_resolver, reverse
from rest_framework.exceptions import NotAuthenticated, PermissionDenied, Throttled, UnsupportedMediaType
from rest_framework.negotiation import DefaultContentNegotiation
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request
from rest_framework.views import APIView

from kaireon.access import ApiKey
from kaireon.api.authentication import SessionAuthentication
from kaireon.api.errors import CODES, MalformedJSON, answer_of, refuse
from kaireon.api.fields import shown
from kaireon.api.filters import refuse_unknown_parameters
from kaireon.api.parsing import parse_json
from kaireon.api.permissions import role_refusal
from kaireon.api.throttling import KeyRateThrottle
from kaireon.tenancy import Actor, Role, Tenant

JSON = "application/json"


class PlainView(APIView):
    """An endpoint that answers POST with `carry_out`; its `post` only describes it. `route` is its address's name."""

    route: ClassVar[str]

    @classmethod
    def as_view(cls, **initkwargs: Any) -> Any:
        ordinary, quick = super().as_view(**initkwargs), cls(**initkwargs)

        def view(request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
            if request.method != "POST":
                return ordinary(request, *args, **kwargs)
            try:
                refuse_unacceptable(request)
                return quick.carry_out(request)
            except FORESEEN as error:
                status, body, headers = answer_of(error, request)
                return JsonResponse(body, status=status, headers=headers)

        view.cls, view.initkwargs, view.csrf_exempt = cls, initkwargs, True  # type: ignore[attr-defined]
        ways[cls.route] = view
        return view

    def carry_out(self, request: HttpRequest) -> HttpResponse:
        """The answer."""
        raise NotImplementedError

    def roles_for(self, request: Any) -> frozenset[Role]:
        """Who may ask."""
        raise NotImplementedError

    def admit(self, request: HttpRequest, *, tenant: Tenant, role: Role, key: int | None) -> None:
        """Raises PermissionDenied for a role that may not ask, Throttled for a key that asks too often."""
        if role not in (allowed := self.roles_for(request)):
            raise PermissionDenied(role_refusal(role, allowed))
        if settings.RATE_LIMIT_PER_MINUTE and key is not None:
            throttle = KeyRateThrottle()
            asking = Request(request)
            asking.auth = Actor(tenant=tenant, role=role, key=ApiKey(pk=key))
            if not throttle.allow_request(asking, self):
                raise Throttled(throttle.wait())


class ShortWayMiddleware:
    """Brings a POST with an API key straight to its plain view.

    Behind it stand sessions, form tokens, messages and the search for an address, which take as long as a decision and
    have nothing to say about such a call.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if request.method == "POST" and ("HTTP_X_API_KEY" in request.META or "HTTP_AUTHORIZATION" in request.META):
            view = self._views.get(request.path_info)
            if view is not None:
                response: HttpResponse = view(request)
                return response
        return self.get_response(request)

    @cached_property
    def _views(self) -> Mapping[str, Callable[[HttpRequest], Any]]:
        get_resolver()._populate()  # whereby every address is read and tells its view
        found = {reverse(name): view for name, view in ways.items()}
        return found | {f"{address}/": view for address, view in found.items()}


# The plain views by the names of their addresses.
ways: dict[str, Callable[[HttpRequest], Any]] = {}
FORESEEN: tuple[type[Exception], ...] = tuple(kind for kind in CODES if issubclass(kind, Exception))


def as_json(body: Mapping[str, Any], *, status: int = 200) -> HttpResponse:
    """A body as a response."""
    return HttpResponse(spelled(body), content_type=JSON, status=status)


def spelled(body: Mapping[str, Any]) -> bytes:
    """A body as JSON; integers beyond 64 bits, which clients may have written, take the slower road."""
    try:
        return orjson.dumps(body)
    except TypeError:
        return json.dumps(body, separators=(",", ":")).encode()


def session_actor(request: HttpRequest) -> Actor:
    """The person whose session this is, CSRF-protected. Raises NotAuthenticated."""
    found = SessionAuthentication().authenticate(Request(request))
    if found is None:
        raise NotAuthenticated
    actor: Actor = found[1]
    return actor


def payload_of(request: HttpRequest) -> Mapping[str, Any]:
    """The body, which must be a JSON object and say that it is JSON."""
    if request.META.get("QUERY_STRING"):
        refuse_unknown_parameters(Request(request))
    if request.content_type != JSON:
        declared = request.META.get("CONTENT_TYPE", "")
        raise UnsupportedMediaType(declared, detail=f"Content-Type is {shown(declared)}; send {JSON}.")
    try:
        data = parse_json(request.body)
    except UnreadablePostError as error:
        raise MalformedJSON("The body broke off; send it again.") from error
    if not isinstance(data, Mapping):
        raise refuse("", f"The body is {shown(data)}; send a JSON object.")
    return data


def refuse_unacceptable(request: HttpRequest) -> None:
    """Raises NotAcceptable when the caller wants anything but JSON."""
    if request.META.get("HTTP_ACCEPT", "*/*") not in {"*/*", JSON}:
        DefaultContentNegotiation().select_renderer(Request(request), [JSONRenderer()])
