"""The query parameters of the policy list."""

from typing import Any

import django_filters
from django.db.models import Exists, OuterRef, QuerySet

from kaireon.api.filters import ChoiceFilter, ResourceFilterSet
from policies.models import SCOPE_CHOICES, SCOPED, PolicyScope, rule_choices
from policies.scope import EACH


class ContactPolicyFilterSet(ResourceFilterSet):
    """Policies by rule and by what they are assigned to; scope and scopeId together name one assignment."""

    ruleType = ChoiceFilter(field_name="rule_type", choices=rule_choices)
    scope = ChoiceFilter(choices=SCOPE_CHOICES, method="unfiltered")
    scopeId = django_filters.CharFilter(method="unfiltered")

    def unfiltered(self, rows: QuerySet[Any], name: str, value: str) -> QuerySet[Any]:
        """The two are applied together, in `filter_queryset`."""
        return rows

    def filter_queryset(self, queryset: QuerySet[Any]) -> QuerySet[Any]:
        rows: QuerySet[Any] = super().filter_queryset(queryset)
        scope, scope_id = self.form.cleaned_data.get("scope"), self.form.cleaned_data.get("scopeId")
        if not scope and not scope_id:
            return rows
        assignments = PolicyScope.objects.filter(policy=OuterRef("pk"))
        if scope:
            assignments = assignments.filter(scope=scope)
        if scope_id == EACH:
            assignments = assignments.filter(each=True)
        elif scope_id:
            assignments = _named(assignments, scope_id)
        return rows.filter(Exists(assignments))


def _named(assignments: QuerySet[PolicyScope], scope_id: str) -> QuerySet[PolicyScope]:
    """Assignments to the row with this id; the id's prefix says of which kind it is."""
    for scope, model in SCOPED.items():
        key = model.id_kind.decode(scope_id)
        if key is not None:
            return assignments.filter(scope=scope, target=key)
    return assignments.none()
