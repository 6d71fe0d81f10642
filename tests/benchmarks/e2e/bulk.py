"""Rows by the million: COPY into a model's table, with every column named."""

import json
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from django.db import connection, models, transaction
from psycopg import Copy


def fill(model: type[models.Model], columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    """Copies rows with these columns; those left out get the model's defaults."""
    rest = tuple(defaults(model, columns).values())
    with copying(model, columns) as copy:
        for row in rows:
            copy.write_row((*row, *rest))


@contextmanager
def copying(model: type[models.Model], columns: Sequence[str]) -> Iterator[Copy]:
    """A COPY of text lines with these columns and then those of `defaults`, into a table that is emptied for it.

    As the table is emptied in the same transaction, its rows are stored as VACUUM would leave them.
    """
    table = connection.ops.quote_name(model._meta.db_table)
    named = ", ".join([*columns, *defaults(model, columns)])
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(f"TRUNCATE {table}{' CASCADE' if model._meta.related_objects else ''}")
        with cursor.copy(f"COPY {table} ({named}) FROM STDIN WITH (FREEZE)") as copy:
            yield copy


def defaults(model: type[models.Model], columns: Sequence[str]) -> dict[str, str]:
    """As text, what goes into columns that must not be NULL and are not named; Django keeps no defaults in tables."""
    fields = (field for field in model._meta.concrete_fields if field.column not in columns)
    return {
        field.column: _text(field.get_default())
        for field in fields
        if not field.null and not field.primary_key and field.db_default is models.NOT_PROVIDED
    }


@contextmanager
def without_indexes(model: type[models.Model]) -> Iterator[None]:
    """Takes the model's indexes away meanwhile; building them over all rows at once is far quicker."""
    with connection.schema_editor() as editor:
        for index in model._meta.indexes:
            editor.remove_index(model, index)
    yield
    with connection.cursor() as cursor:
        cursor.execute("SET maintenance_work_mem = '512MB'")
    with connection.schema_editor() as editor:
        for index in model._meta.indexes:
            editor.add_index(model, index)


def _text(value: Any) -> str:
    """A default as COPY reads it."""
    if isinstance(value, bytes):
        return "\\x" + value.hex()
    return value if isinstance(value, str) else json.dumps(value)
