"""The filter of the policy list by what policies are assigned to."""

from __future__ import annotations

from typing import Any

from django.contrib.admin import SimpleListFilter
from django.db.models import Exists, OuterRef, QuerySet
from django.http import HttpRequest

from policies.admin.scopes_field import GROUPS
from policies.models import PolicyScope
from policies.scope import EACH


class ScopeFilter(SimpleListFilter):
    """Policies with an assignment of a kind."""

    title = "Scope"
    parameter_name = "applies"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [(kind, label) for _, kinds in GROUPS for kind, label, _ in kinds]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        if not self.value():
            return queryset
        scope, _, each = str(self.value()).partition(":")
        assigned = PolicyScope.objects.filter(policy=OuterRef("pk"), scope=scope, each=each == EACH)
        return queryset.filter(Exists(assigned))
