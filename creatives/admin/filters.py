"""The filters of the list of creatives."""

from __future__ import annotations

from typing import Any

from django.contrib.admin import SimpleListFilter
from django.db.models import QuerySet
from django.http import HttpRequest

from creatives.template_types import TEMPLATE_TYPES


class TemplateTypeFilter(SimpleListFilter):
    """Creatives of one known template type; one of the client's own is asked for in the address."""

    title = "Template type"
    parameter_name = "template_type"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [(known.slug, known.label) for known in TEMPLATE_TYPES]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        return queryset.filter(template_type=self.value()) if self.value() else queryset
