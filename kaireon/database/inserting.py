"""Many rows into one table the shortest way: COPY on PostgreSQL, one prepared INSERT on SQLite."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from functools import cache
from operator import attrgetter
from typing import Any, Protocol

from django.db import connection, models

from kaireon.database.statements import write


def insert(model: type[models.Model], rows: Sequence[Any]) -> None:
    """Stores new rows of texts, numbers, instants, bytes and JSON, which do not get to know their keys.

    A row is anything that has the columns as attributes; to make something less than a model takes the least time.
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
    if connection.vendor == "postgresql":
        write(f"LOCK TABLE {connection.ops.quote_name(table)} IN ROW EXCLUSIVE MODE", [])
        taken = "SELECT nextval((SELECT pg_get_serial_sequence(%s, 'id')::regclass)) FROM generate_series(1, %s)"
        return [key for (key,) in write(taken, [table, count])]
    # Only one transaction writes at a time, and this one has begun to.
    last: int = write("SELECT COALESCE(MAX(seq), 0) FROM sqlite_sequence WHERE name = %s", [table])[0][0]
    return range(last + 1, last + 1 + count)


def _insert(model: type[models.Model], fields: Sequence[models.Field[Any, Any]], rows: Sequence[Any]) -> None:
    if not rows:
        return
    names = tuple(field.attname for field in fields)
    values = _values(fields, rows)
    with connection.wrap_database_errors, connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            with cursor.copy(_copying(model, names)) as copy:
                for each in values:
                    copy.write_row(each)
        else:
            cursor.executemany(_inserting(model, names), list(values))


@cache
def _copying(model: type[models.Model], names: tuple[str, ...]) -> str:
    return f"COPY {_target(model, names)} FROM STDIN"


@cache
def _inserting(model: type[models.Model], names: tuple[str, ...]) -> str:
    return f"INSERT INTO {_target(model, names)} VALUES ({', '.join(['%s'] * len(names))})"


def _target(model: type[models.Model], names: Sequence[str]) -> str:
    """A table and these columns."""
    quoted = connection.ops.quote_name
    return f"{quoted(model._meta.db_table)} ({', '.join(quoted(name) for name in names)})"


def _values(fields: Sequence[models.Field[Any, Any]], rows: Iterable[Any]) -> Iterator[Sequence[Any]]:
    """What stands in each row, as the driver takes it."""
    read = attrgetter(*(field.attname for field in fields))
    instants = [number for number, field in enumerate(fields) if isinstance(field, models.DateTimeField)]
    documents = [number for number, field in enumerate(fields) if isinstance(field, models.JSONField)]
    if connection.vendor == "postgresql":
        instants = []  # which the driver takes as they are
    adapted = connection.ops.adapt_datetimefield_value
    for row in rows:
        values = list(read(row))
        for number in instants:
            values[number] = adapted(values[number])
        for number in documents:
            if values[number] is not None:
                values[number] = json.dumps(values[number])
        yield values
