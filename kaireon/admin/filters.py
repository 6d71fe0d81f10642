"""Filters of lists: the living, the deleted or both; rows that refer to a row which is searched for."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from django.contrib.admin import SimpleListFilter
from django.db.models import QuerySet
from django.http import HttpRequest
from unfold.contrib.filters.admin import AutocompleteSelectFilter
from unfold.contrib.filters.forms import AutocompleteDropdownForm

from kaireon.admin.entrance import entered


class DeletedFilter(SimpleListFilter):
    """Live rows unless asked otherwise."""

    title = "Deleted"
    parameter_name = "deleted"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("yes", "Deleted only"), ("all", "Live and deleted")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        if self.value() == "all":
            return queryset
        return queryset.filter(deleted_at__isnull=self.value() != "yes")

    def choices(self, changelist: Any) -> Iterator[Any]:
        every, *others = super().choices(changelist)
        yield {**every, "display": "Live only"}
        yield from others


class TenantRowsForm(AutocompleteDropdownForm):
    """A filter's search box that knows rows of the tenant only, also when another's key is guessed."""

    def __init__(self, *, request: HttpRequest, name: str, field: Any, **kwargs: Any) -> None:
        super().__init__(request=request, name=name, field=field, **kwargs)
        entrance = entered(request)
        rows = field.remote_field.model.everything
        chosen: Any = self.fields[name]
        chosen.queryset = rows.of(entrance.tenant) if entrance else rows.none()


class SearchedRowFilter(AutocompleteSelectFilter):
    """Rows that refer to one other row, which is searched by name: there may be too many to list."""

    form_class = TenantRowsForm

    def value(self) -> str | None:
        """The key that was chosen; what can be none is none."""
        chosen = super().value()
        return chosen if chosen and re.fullmatch(r"[0-9]{1,18}", chosen) else None

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        """Nothing refers to what is no key."""
        if self.lookup_val and self.value() is None:
            return queryset.none()
        found: QuerySet[Any] = super().queryset(request, queryset)
        return found
