"""Statements of the hot paths: SQL written once for both databases and, on PostgreSQL, prepared once per connection.

A prepared statement is planned once and takes half the time of the same query through the ORM. Django binds parameters
in the client, which prepares nothing; so these run on a cursor of psycopg's own, inside Django's wrapper for errors,
query counting and logging. `OPTIONS["prepare_threshold"]` is 0, or psycopg would wait for the fifth execution.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from weakref import WeakKeyDictionary

import psycopg
from django.db import DEFAULT_DB_ALIAS, InterfaceError, OperationalError, connection, connections

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
# What the two databases say differently. All instants are whole UTC milliseconds.
DIALECTS: Mapping[str, Mapping[str, str]] = {
    "postgresql": {
        "now": "statement_timestamp()",
        "a_minute_ago": "statement_timestamp() - interval '1 minute'",
        "now_ms": "floor(extract(epoch FROM statement_timestamp()) * 1000)::bigint",
        "ms": "floor(extract(epoch FROM {0}) * 1000)::bigint",
        "list": "json_agg({0})::text",
        "row": "json_build_array({0})",
        "text": "{0}::text",
        "words": "= ANY(%s::text[])",
        "keys": "= ANY(%s::bigint[])",
    },
    "sqlite": {
        "now": "strftime('%%Y-%%m-%%d %%H:%%M:%%f', 'now')",
        "a_minute_ago": "strftime('%%Y-%%m-%%d %%H:%%M:%%f', 'now', '-1 minute')",
        "now_ms": "CAST(strftime('%%s', 'now') AS INTEGER) * 1000 + CAST(substr(strftime('%%f', 'now'), 4) AS INTEGER)",
        "ms": "CAST(strftime('%%s', {0}) AS INTEGER) * 1000 + CAST(substr(strftime('%%f', {0}), 4) AS INTEGER)",
        "list": "json_group_array({0})",
        "row": "json_array({0})",
        "text": "{0}",
        "words": "IN (SELECT value FROM json_each(%s))",
        "keys": "IN (SELECT value FROM json_each(%s))",
    },
}


def dialect() -> Mapping[str, str]:
    """The words of the database in use."""
    return DIALECTS[connection.vendor]


def fetch(sql: str, parameters: Sequence[Any]) -> list[tuple[Any, ...]]:
    """The rows a statement that only reads answers.

    A connection that the server has closed meanwhile is opened again once, as long as no transaction is lost by it.
    """
    try:
        return write(sql, parameters)
    except (OperationalError, InterfaceError):
        if connection.in_atomic_block or connection.is_usable():
            raise
        connection.close()
        return write(sql, parameters)


def write(sql: str, parameters: Sequence[Any]) -> list[tuple[Any, ...]]:
    """The rows a statement that writes answers; it is tried once, for nobody knows what became of a lost one."""
    cursor = _cursor()
    cursor.execute(sql, parameters)
    rows: list[tuple[Any, ...]] = cursor.fetchall()
    return rows


# One cursor serves a connection's statements one after the other: making one takes as long as a small query.
_cursors: WeakKeyDictionary[Any, Any] = WeakKeyDictionary()


def _cursor() -> Any:
    database: Any = connections[DEFAULT_DB_ALIAS]  # `connection` would look itself up at every use
    if database.vendor != "postgresql":
        return database.cursor()
    database.ensure_connection()
    plain = _cursors.get(database.connection)
    if plain is None:
        plain = _cursors[database.connection] = psycopg.Cursor(database.connection)
        plain.format = psycopg.pq.Format.BINARY
    return database.make_debug_cursor(plain) if database.queries_logged else database.make_cursor(plain)


def moment(at: int) -> datetime:
    """UTC milliseconds as an instant."""
    return EPOCH + timedelta(milliseconds=at)
