"""Many rows into one table the shortest way: COPY on PostgreSQL, one prepared INSERT on SQLite."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Protocol, TypeVar

from django.db import connection, models

M = TypeVar("M", bound=models.Model)


def insert(model: type[M], rows: Sequence[M]) -> None:
    """Stores new rows of texts, numbers, instants, bytes and JSON, which do not get to know their keys.

    Takes a fifth of the time of `bulk_create`, which makes an expression of every value.
    """
    _insert(model, [field for field in model._meta.concrete_fields if not field.primary_key], rows)


class Keyed(Protocol):
    """Anything that has a row's columns as attributes."""

    id: int | None


def insert_keyed(model: type[models.Model], rows: Sequence[Keyed]) -> None:
    """Stores new rows as `insert` does, inside a transaction; each gets the next key."""
    keys = _next_keys(model, len(rows)) if rows else ()
    for row, key in zip(rows, keys, strict=True):
        row.id = key
    _insert(model, model._meta.concrete_fields, rows)


def _next_keys(model: type[models.Model], count: int) -> Iterable[int]:
    """Keys no other row has or will get, taken, as an insert takes its keys, once the table is locked for it."""
    table = model._meta.db_table
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute(f"LOCK TABLE {connection.ops.quote_name(table)} IN ROW EXCLUSIVE MODE")
            sequence = "SELECT nextval(pg_get_serial_sequence(%s, 'id')) FROM generate_series(1, %s)"
            cursor.execute(sequence, [table, count])
            return [key for (key,) in cursor.fetchall()]
        # Only one transaction writes at a time, and this one has begun to.
        cursor.execute("SELECT COALESCE(MAX(seq), 0) FROM sqlite_sequence WHERE name = %s", [table])
        last: int = cursor.fetchone()[0]
        return range(last + 1, last + 1 + count)


def _insert(model: type[models.Model], fields: Sequence[models.Field[Any, Any]], rows: Sequence[Any]) -> None:
    if not rows:
        return
    columns = ", ".join(connection.ops.quote_name(str(field.column)) for field in fields)
    table = connection.ops.quote_name(model._meta.db_table)
    with connection.wrap_database_errors, connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            with cursor.copy(f"COPY {table} ({columns}) FROM STDIN") as copy:
                for values in _values(fields, rows):
                    copy.write_row(values)
        else:
            slots = ", ".join(["%s"] * len(fields))
            cursor.executemany(f"INSERT INTO {table} ({columns}) VALUES ({slots})", list(_values(fields, rows)))


def _values(fields: Sequence[models.Field[Any, Any]], rows: Iterable[Any]) -> Iterator[list[Any]]:
    """What stands in each row, as the driver takes it."""
    names = [field.attname for field in fields]
    instants = [number for number, field in enumerate(fields) if isinstance(field, models.DateTimeField)]
    documents = [number for number, field in enumerate(fields) if isinstance(field, models.JSONField)]
    adapted = connection.ops.adapt_datetimefield_value
    for row in rows:
        values = [getattr(row, name) for name in names]
        for number in instants:
            values[number] = adapted(values[number])
        for number in documents:
            values[number] = None if values[number] is None else json.dumps(values[number])
        yield values
