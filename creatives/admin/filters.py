"""The filters of the list of creatives, made for a million of them: nothing is listed that was not searched for."""

from __future__ import annotations

from typing import Any

from django.contrib.admin import SimpleListFilter
from django.db.models import QuerySet
from django.http import HttpRequest

from creatives.template_types import TEMPLATE_TYPES

OWN = "own"


class TemplateTypeFilter(SimpleListFilter):
    """Creatives of one known template type, or of the client's own ones."""

    title = "Template type"
    parameter_name = "template_type"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [*((known.slug, known.label) for known in TEMPLATE_TYPES), (OWN, "Another type")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        chosen = self.value()
        if chosen == OWN:
            return queryset.exclude(template_type__in=[known.slug for known in TEMPLATE_TYPES])
        return queryset.filter(template_type=chosen) if chosen else queryset
