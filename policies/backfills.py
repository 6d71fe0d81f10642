"""Policies without a single scope assignment, which concern nobody, get back what their history says."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from kaireon.history import entries_of
from kaireon.writing import Writing
from policies.models import SCOPED, ContactPolicy, PolicyScope

REASON = "scope assignments restored from history"


class NoScopeKnown(Exception):
    """Nothing says where a policy applies; guessing would widen it."""


def restore_scopes(unit: Writing, policy: ContactPolicy) -> None:
    """Assigns the policy to what the newest version that had a scope was assigned to. Raises NoScopeKnown."""
    found = (_scopes(entry.history_parts) for entry in entries_of(policy).order_by("-version", "-history_id"))
    scopes = next((scopes for scopes in found if scopes), None)
    if scopes is None:
        raise NoScopeKnown(f'no version of "{policy.name}" says where it applies; assign it in the admin')
    for scope in scopes:
        if not _is_known(unit, scope):
            raise NoScopeKnown(f'"{policy.name}" was assigned to {scope}, which does not exist; assign it in the admin')
    unit.change(policy, values={}, parts={"scopes": scopes}, action="backfill", reason=REASON)


def _scopes(parts: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The assignments of a version; an old one may hold the legacy pair instead."""
    if parts.get("scopes"):
        return list(parts["scopes"])
    return [{"scope": parts["scope"], "scopeId": parts.get("scopeId")}] if parts.get("scope") else []


def _is_known(unit: Writing, wire: Mapping[str, Any]) -> bool:
    """Whether the scope can be read; the row it names may be deleted, as for any other assignment."""
    if wire.get("scope") == "global":
        return True
    model = SCOPED.get(wire.get("scope") or "")
    if model is None:
        return False
    scope = PolicyScope.read({"scopeId": None, **wire})
    return scope.each or model.everything.of(unit.tenant).filter(pk=scope.target or 0).exists()
