"""How the plain endpoints come from a request to what a decision needs: who asks, what was asked, what is known."""

from __future__ import annotations

from django.http import HttpRequest
from rest_framework.exceptions import APIException

from decisioning.deciding.lookup import Caller, Known, caller_of, identify, inform
from decisioning.in_force.configuration import Configuration
from kaireon.access import remember_use
from kaireon.api.authentication import refuse_other_tenant
from kaireon.api.plain import PlainView, payload_of
from kaireon.api.requests import Body, BodyReader


def asked(view: PlainView, request: HttpRequest, reader: BodyReader) -> tuple[Caller, Body, Known, Configuration]:
    """A request read. What is wrong with it is said only to those who may ask at all."""
    caller = caller_of(request)
    try:
        body = reader.read(payload_of(request))
    except APIException:
        admit(view, request, caller, identify(caller))
        raise
    known, configuration = inform(caller, body.values.get("customerId", ""))
    admit(view, request, caller, known)
    return caller, body, known, configuration


def admit(view: PlainView, request: HttpRequest, caller: Caller, known: Known) -> None:
    """Raises PermissionDenied and Throttled; notes that a key was used."""
    if caller.digest:
        refuse_other_tenant(request, known.tenant)
        if not known.used_lately and known.key is not None:
            remember_use(known.key, None, known.at)
    view.admit(request, tenant=known.tenant, role=known.role, key=known.key)
