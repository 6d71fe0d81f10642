"""Large answers of the database column by column, as Arrow tables: a tenth of the time that a million tuples take."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from io import BytesIO
from typing import Any

import pyarrow as pa
from django.db import connection
from pyarrow import csv

ROWS_AT_ONCE = 20_000
BYTES_AT_ONCE = 16 << 20
# COPY writes NULL as nothing at all, and an empty text in quotes.
NULLS = {"null_values": [""], "strings_can_be_null": True, "quoted_strings_can_be_null": False}


def table_of(sql: str, parameters: Sequence[Any], schema: pa.Schema) -> pa.Table:
    """What a query answers; the schema names its columns in their order, which are whole numbers and short texts."""
    parts = _copied if connection.vendor == "postgresql" else _fetched
    return pa.concat_tables([schema.empty_table(), *parts(sql, parameters, schema)])


def _fetched(sql: str, parameters: Sequence[Any], schema: pa.Schema) -> Iterator[pa.Table]:
    with connection.chunked_cursor() as cursor:
        cursor.execute(sql, parameters)
        while rows := cursor.fetchmany(ROWS_AT_ONCE):
            yield pa.table(list(zip(*rows, strict=True)), schema=schema)


def _copied(sql: str, parameters: Sequence[Any], schema: pa.Schema) -> Iterator[pa.Table]:
    read = csv.ReadOptions(column_names=schema.names)
    parse = csv.ParseOptions(newlines_in_values=True, ignore_empty_lines=False)
    convert = csv.ConvertOptions(column_types=schema, **NULLS)
    for block in _blocks(f"COPY ({sql}) TO STDOUT (FORMAT csv)", parameters):
        yield csv.read_csv(block, read_options=read, parse_options=parse, convert_options=convert)


def _blocks(sql: str, parameters: Sequence[Any]) -> Iterator[BytesIO]:
    """What COPY sends, which it does a row at a time, in large pieces that end where a row ends."""
    connection.ensure_connection()
    driver: Any = connection.connection  # Django's own cursors, where they keep a log, take no parameters for COPY
    with connection.wrap_database_errors, driver.cursor() as cursor, cursor.copy(sql, parameters) as copy:
        block = BytesIO()
        for row in copy:
            block.write(row)
            if block.tell() >= BYTES_AT_ONCE:
                block.seek(0)
                yield block
                block = BytesIO()
        if block.tell():
            block.seek(0)
            yield block
