"""Roles at the door: a view says which roles each of its actions takes."""

from __future__ import annotations

from typing import Any

from rest_framework.permissions import BasePermission
from rest_framework.request import Request

from kaireon.tenancy import Actor, Role


class HasRole(BasePermission):
    """Asks the view's `roles_for(request)`; nobody anonymous passes."""

    message = "Your role does not allow this."

    def has_permission(self, request: Request, view: Any) -> bool:
        if not isinstance(request.auth, Actor):
            return False
        allowed = view.roles_for(request)
        if request.auth.role not in allowed:
            self.message = role_refusal(request.auth.role, allowed)
            return False
        return True


def role_refusal(role: Role, allowed: frozenset[Role]) -> str:
    """What somebody is told whose role is not among the allowed."""
    return f"This needs the role {' or '.join(sorted(allowed))}; yours is {role}."


def actor_of(request: Request) -> Actor:
    """Who is asking; authentication has made sure somebody is."""
    actor: Actor = request.auth  # type: ignore[assignment]
    return actor
