"""Who may enter the admin, in which tenants and as what; the tenant a session works in."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest
from django.urls import reverse

from kaireon.access import Membership
from kaireon.tenancy import READERS, Actor, Role, Tenant

SESSION_KEY = "tenant"
LONGEST_REASON = 1000


@dataclass(frozen=True)
class Entrance:
    """A tenant a person may work in, and the role there."""

    tenant: Tenant
    role: Role


def entrances_of(user: Any) -> list[Entrance]:
    """The person's tenants by their memberships; a superuser is admin of every tenant."""
    if not user.is_active:
        return []
    if user.is_superuser:
        return [Entrance(tenant, Role.ADMIN) for tenant in Tenant.objects.order_by("pk")]
    memberships = Membership.objects.select_related("tenant").filter(user=user.pk, role__in=READERS).order_by("pk")
    return [Entrance(membership.tenant, Role(membership.role)) for membership in memberships]


def entrances(request: HttpRequest) -> list[Entrance]:
    """The entrances of who is asking; looked up once per request."""
    found: list[Entrance] | None = getattr(request, "_entrances", None)
    if found is None:
        found = entrances_of(request.user)
        request._entrances = found  # type: ignore[attr-defined]
    return found


def entered(request: HttpRequest) -> Entrance | None:
    """The tenant the session chose, else the person's first; None for somebody without any."""
    choices = entrances(request)
    chosen = request.session.get(SESSION_KEY)
    return next((entrance for entrance in choices if entrance.tenant.pk == chosen), choices[0] if choices else None)


def role_of(request: HttpRequest) -> Role | None:
    """The role in the current tenant."""
    entrance = entered(request)
    return entrance.role if entrance else None


def actor_of(request: HttpRequest) -> Actor:
    """The one actor of the request; its instant is the same for everything the request writes."""
    actor: Actor | None = getattr(request, "_actor", None)
    if actor is None:
        entrance = entered(request)
        if entrance is None:
            raise LookupError("Nobody acts without a tenant; the permissions let such a request nowhere.")
        actor = acting_in(request, entrance.tenant, entrance.role)
        request._actor = actor  # type: ignore[attr-defined]
    return actor


def acting_in(request: HttpRequest, tenant: Tenant, role: Role) -> Actor:
    """The person of the request acting in a given tenant."""
    request_id = str(getattr(request, "request_id", ""))
    user: Any = request.user
    return Actor(tenant=tenant, role=role, user=user, request_id=request_id)


def reason_in(request: HttpRequest, field: str = "why") -> str:
    """Why somebody does what they do, as they wrote it, without the character NUL, which PostgreSQL cannot keep."""
    return request.POST.get(field, "").replace("\0", "").strip()[:LONGEST_REASON]


def tenant_name(request: HttpRequest) -> str:
    """What stands under the site's name: the tenant and the role in it."""
    entrance = entered(request) if request.user.is_authenticated else None
    return f"{entrance.tenant.name} · {entrance.role}" if entrance else ""


def doors(request: HttpRequest) -> list[dict[str, str]]:
    """The dropdown under the site's name, for people who have a choice."""
    if not request.user.is_authenticated or len(entrances(request)) < 2:
        return []
    return [{"title": "Switch tenant", "icon": "swap_horiz", "link": reverse("admin:tenant")}]
