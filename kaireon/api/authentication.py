"""Who is asking: an API key, or a person's session; either way the request gets one `Actor`."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from rest_framework import authentication, exceptions
from rest_framework.request import Request

from kaireon import clock
from kaireon.access import KEY_PREFIX, Membership, find_key, remember_use
from kaireon.api.errors import refuse
from kaireon.tenancy import Actor, Role, Tenant


class UnknownKey(exceptions.AuthenticationFailed):
    """Nobody who may come in has this key."""

    default_detail = "The API key is unknown, expired or revoked."


class ApiKeyAuthentication(authentication.BaseAuthentication):
    """`X-API-Key: krn_...` or `Authorization: Bearer krn_...`."""

    def authenticate(self, request: Request) -> tuple[Any, Actor] | None:
        secret = presented_key(request)
        if secret is None:
            return None
        now = clock.now()
        key = find_key(secret, now=now)
        if key is None:
            raise UnknownKey
        refuse_other_tenant(request, key.tenant)
        remember_use(key.pk, key.last_used_at, now)
        return None, Actor(tenant=key.tenant, role=Role(key.role), key=key, request_id=_request_id(request), now=now)

    def authenticate_header(self, request: Request) -> str:
        return 'Bearer realm="kaireon"'


class SessionAuthentication(authentication.SessionAuthentication):
    """A person's Django session, CSRF-protected; `X-Tenant-Id` chooses among several memberships."""

    def authenticate(self, request: Request) -> tuple[Any, Any] | None:
        found = super().authenticate(request)
        if found is None:
            return None
        user = found[0]
        membership = membership_of(user, request.headers.get("X-Tenant-Id"))
        return user, Actor(
            tenant=membership.tenant, role=Role(membership.role), user=user, request_id=_request_id(request)
        )


def presented_key(request: Request | HttpRequest) -> str | None:
    """The key the request carries, if it carries one; a Bearer token that is no key fails by being unknown."""
    direct: str | None = request.META.get("HTTP_X_API_KEY")
    if direct is not None:
        return direct
    authorization: str = request.META.get("HTTP_AUTHORIZATION", "")
    scheme, _, token = authorization.partition(" ")
    if scheme.lower() == "bearer" or token.strip().startswith(KEY_PREFIX):
        return token.strip()
    return None


def refuse_other_tenant(request: Request | HttpRequest, tenant: Tenant) -> None:
    """A caller with a key may name the tenant, but only the key's own. Raises PermissionDenied."""
    wanted = request.META.get("HTTP_X_TENANT_ID")
    if wanted is not None and wanted != tenant.public_id:
        raise exceptions.PermissionDenied("X-Tenant-Id names another tenant than the API key's.")


def membership_of(user: Any, tenant_id: str | None) -> Membership:
    """The person's membership in the named tenant, or the only one there is."""
    memberships = Membership.objects.select_related("tenant").filter(user=user).order_by("pk")
    if tenant_id is not None:
        memberships = memberships.filter(tenant=Tenant.id_kind.decode(tenant_id) or 0)
    found: list[Membership] = list(memberships[:2])
    if not found:
        raise exceptions.PermissionDenied("You are not a member of this tenant.")
    if len(found) > 1:
        raise refuse("X-Tenant-Id", "You are a member of several tenants; name one in the header X-Tenant-Id.")
    return found[0]


def _request_id(request: Request) -> str:
    return str(getattr(request, "request_id", ""))
