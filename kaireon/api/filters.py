"""Query parameters of lists: declared with django-filter, and a parameter nobody declared is refused by name."""

from __future__ import annotations

from collections.abc import Set
from typing import Any

import django_filters
from django import forms
from django.db import models
from django.db.models import QuerySet
from django_filters.fields import ChoiceField
from django_filters.rest_framework import DjangoFilterBackend
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request

from kaireon.api.errors import refuse
from kaireon.api.fields import read_instant, shown
from kaireon.lifecycle import Lifecycle, Status

PAGING = {"limit", "cursor"}


class ChoiceFormField(ChoiceField):
    """One of a few words; a refusal lists them."""

    def validate(self, value: Any) -> None:
        if value and not self.valid_value(value):
            known = ", ".join(str(word) for word, _ in self.choices if word)
            raise forms.ValidationError(f"{shown(value)} is none of: {known}.")


class ChoiceFilter(django_filters.ChoiceFilter):
    """Compares one of a few words."""

    field_class = ChoiceFormField


class InstantFilter(django_filters.CharFilter):
    """Compares an instant that is written with its zone."""

    def filter(self, qs: QuerySet[Any], value: str) -> QuerySet[Any]:
        if not value:
            return qs
        try:
            rows: QuerySet[Any] = super().filter(qs, read_instant(value))
        except ValidationError as error:
            raise ValidationError({self.parameter: error.detail}) from error
        return rows

    @property
    def parameter(self) -> str:
        """The query parameter's name."""
        return next(str(name) for name, filter_ in self.parent.filters.items() if filter_ is self)


class OwnIdFilter(django_filters.CharFilter):
    """Compares a client's own id as it is. An empty one, of a client that lost it, must not ask about everybody."""

    def __init__(self, *, field_name: str) -> None:
        super().__init__(field_name=field_name, strip=False)


class ReferenceFilter(django_filters.CharFilter):
    """Compares a foreign key with a public id; an id that names nothing finds nothing."""

    def __init__(self, model: type[Lifecycle], *, field_name: str) -> None:
        super().__init__(field_name=field_name)
        self.model_of_id = model

    def filter(self, qs: QuerySet[Any], value: str) -> QuerySet[Any]:
        rows: QuerySet[Any] = super().filter(qs, self.model_of_id.id_kind.decode(value) or 0) if value else qs
        return rows


class ResourceFilterSet(django_filters.FilterSet):
    """The filters that every resource has."""

    status = ChoiceFilter(choices=Status.choices)
    name = django_filters.CharFilter(lookup_expr="icontains")
    createdAfter = InstantFilter(field_name="created_at", lookup_expr="gt")
    createdBefore = InstantFilter(field_name="created_at", lookup_expr="lt")
    updatedAfter = InstantFilter(field_name="updated_at", lookup_expr="gt")
    updatedBefore = InstantFilter(field_name="updated_at", lookup_expr="lt")


class StrictFilterBackend(DjangoFilterBackend):
    """Refuses parameters that neither the filter set nor paging knows, and values its fields cannot read."""

    def filter_queryset(self, request: Any, queryset: QuerySet[Any], view: Any) -> QuerySet[Any]:
        filters = view.filterset_class.base_filters
        refuse_unknown_parameters(request, PAGING | view.switches | filters.keys())
        for name, each in filters.items():
            if isinstance(each, OwnIdFilter) and request.query_params.get(name) == "":
                raise refuse(name, "The id is empty; send 1 to 255 characters, or leave the parameter out.")
        result: QuerySet[Any] = super().filter_queryset(request, queryset, view)
        return result


def refuse_unknown_parameters(request: Request, known: Set[str] = frozenset()) -> None:
    """Refuses the first query parameter that is unknown or given twice, and a value no column could hold."""
    for name, value in request.query_params.items():
        if name not in known:
            remedy = f"known are {', '.join(sorted(known))}" if known else "this address takes none"
            raise refuse(name[:80], f'The parameter "{name[:80]}" is unknown; {remedy}.')
        if len(request.query_params.getlist(name)) > 1:
            raise refuse(name, f'The parameter "{name}" is given twice; give it once.')
        if "\0" in value:
            raise refuse(name, "The value holds the character NUL; remove it.")


def wants_deleted(raw: str | None) -> bool:
    """Reads `includeDeleted`."""
    if raw not in {None, "true", "false"}:
        raise refuse("includeDeleted", f'"{str(raw)[:40]}" is neither true nor false.')
    return raw == "true"


def live_only(rows: models.QuerySet[Any]) -> models.QuerySet[Any]:
    """Without soft-deleted rows."""
    return rows.filter(deleted_at__isnull=True)
