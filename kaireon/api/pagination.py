"""Keyset pagination: a cursor names the last row seen, so rows added or deleted meanwhile move nothing."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import models
from django.db.models import Q
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request

from kaireon import clock
from kaireon.api.errors import refuse

DEFAULT_LIMIT, LARGEST_LIMIT = 25, 100
LONGEST_CURSOR = 2000
LARGEST = 2**63 - 1


@dataclass(frozen=True)
class Page:
    """One page of rows and the cursor that continues after it."""

    rows: list[Any]
    total: int
    limit: int
    cursor: str | None

    def pagination(self) -> dict[str, Any]:
        """The envelope's `pagination`; both cursor names carry the same value."""
        return {
            "total": self.total,
            "limit": self.limit,
            "hasMore": self.cursor is not None,
            "cursor": self.cursor,
            "nextCursor": self.cursor,
        }


def paginate(request: Request, rows: models.QuerySet[Any], order: Sequence[str]) -> Page:
    """One page in this order, whose last column must be unique. Costs two queries: the count and the page."""
    limit = read_limit(request.query_params.get("limit"))
    total = rows.count()
    ordered = rows.order_by(*order)
    cursor = request.query_params.get("cursor")
    if cursor:
        ordered = ordered.filter(_beyond(rows.model, order, _decode(cursor, rows.model, order)))
    found = list(ordered[: limit + 1])
    more = len(found) > limit
    found = found[:limit]
    return Page(found, total, limit, _encode(found[-1], order) if more else None)


def read_limit(raw: str | None) -> int:
    """The page size: 25 by default, at most 100, refused below 1."""
    if raw is None:
        return DEFAULT_LIMIT
    if not raw.isascii() or not raw.isdecimal() or len(raw) > 18 or int(raw) < 1:
        raise refuse("limit", f'"{raw[:40]}" is not a page size; send a whole number from 1 to {LARGEST_LIMIT}.')
    return min(int(raw), LARGEST_LIMIT)


def _beyond(model: type[models.Model], order: Sequence[str], values: Sequence[Any]) -> Q:
    """Rows after `values`: later in the first column, or equal there and later in the next, and so on."""
    beyond, equal = Q(), Q()
    for column, value in zip(order, values, strict=True):
        name = column.lstrip("-")
        beyond |= equal & Q(**{f"{name}__{'lt' if column.startswith('-') else 'gt'}": value})
        equal &= Q(**{name: value})
    return beyond


def _encode(row: models.Model, order: Sequence[str]) -> str:
    values = [getattr(row, column.lstrip("-")) for column in order]
    return write_cursor([clock.text(value) if isinstance(value, datetime) else value for value in values])


def _decode(cursor: str, model: type[models.Model], order: Sequence[str]) -> list[Any]:
    values = read_cursor(cursor, length=len(order))
    try:
        return [
            _typed(model._meta.get_field(column.lstrip("-")), value)
            for column, value in zip(order, values, strict=True)
        ]
    except ValueError as error:
        raise unreadable_cursor() from error


def write_cursor(values: Sequence[Any]) -> str:
    """An opaque text, safe in an address, for the values of JSON a page ended with."""
    plain = json.dumps(values, ensure_ascii=False, separators=(",", ":"))
    return base64.urlsafe_b64encode(plain.encode()).decode().rstrip("=")


def read_cursor(cursor: str, *, length: int) -> list[Any]:
    """The so many values of a cursor; a client may have written it, so of any type. Raises ValidationError."""
    if len(cursor) > LONGEST_CURSOR:
        raise unreadable_cursor()
    try:
        values = json.loads(base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True))
    except (binascii.Error, ValueError, RecursionError) as error:
        raise unreadable_cursor() from error
    if not isinstance(values, list) or len(values) != length:
        raise unreadable_cursor()
    return values


def unreadable_cursor() -> ValidationError:
    """The refusal of a cursor that no page ended with."""
    return refuse("cursor", "The cursor cannot be read; use the one of the page before, or leave it out.")


def _typed(field: Any, value: Any) -> Any:
    if isinstance(field, models.DateTimeField):
        if isinstance(value, str):
            return clock.parse(value)
    elif isinstance(field, models.IntegerField | models.AutoField):
        if type(value) is int and abs(value) <= LARGEST:
            return value
    elif isinstance(value, str) and "\0" not in value and value.isprintable():
        return value
    raise ValueError("not a value of the column")
