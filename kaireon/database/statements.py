"""Statements of the hot paths: SQL written once for both databases and, on PostgreSQL, prepared once per connection.

A prepared statement is planned once and takes half the time of the same query through the ORM. Django binds parameters
in the client, which prepares nothing, and a cursor's own work takes longer than the small statements themselves; so
they go to the driver's libpq, and the driver reads the rows. Those hold whole numbers, truth values, texts and bytes,
which both databases tell alike; statements cast everything else. The driver must not prepare any of its own (Django's
default), for it would throw these away with them. SQLite's driver keeps what it prepared and takes them as they are.
Whoever listens to Django's statements (tests, a debug log) hears these, too: then they take the way of a cursor.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from functools import cache, lru_cache
from typing import Any
from weakref import WeakKeyDictionary

import psycopg
from django.db import DEFAULT_DB_ALIAS, InterfaceError, OperationalError, connection, connections
from psycopg import pq
from psycopg.adapt import Transformer

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
        "found": "= ANY(ARRAY(SELECT ({0}) FROM unnest(%s::text[]) AS w (word)))",
        "keys": "= ANY(%s::bigint[])",
        "each": "json_array_elements(CAST(%s AS json)) AS a",
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
        "found": "IN (SELECT ({0}) FROM (SELECT value AS word FROM json_each(%s)) AS w)",
        "keys": "IN (SELECT value FROM json_each(%s))",
        "each": "json_each(%s) AS a",
    },
}


@cache
def vendor() -> str:
    """The database in use, which is the same as long as this process lives; asking the connection takes a while."""
    return str(connection.vendor)


def dialect() -> Mapping[str, str]:
    """The words of the database in use."""
    return DIALECTS[vendor()]


def found(table: str, condition: str) -> str:
    """Says of an id that it is that of a row which fulfils a condition about one of many words, `w.word`.

    The parameters are those of the condition and then the words. Each word is looked up by itself: a list of them would
    only filter what the rest of an index finds, as long as there are no statistics that say how much that is.
    """
    return dialect()["found"].format(f"SELECT x.id FROM {table} x WHERE {condition}")


def listed(items: Collection[Any]) -> Any:
    """Words or whole numbers as the parameter of a dialect's `words`, `found` or `keys`."""
    return list(items) if vendor() == "postgresql" else json.dumps(list(items))


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


def present() -> datetime:
    """The database's clock: what decisions and reservations go by, whatever this machine's says."""
    return moment(fetch(f"SELECT {dialect()['now_ms']}", [])[0][0])


def write(sql: str, parameters: Sequence[Any]) -> list[tuple[Any, ...]]:
    """The rows a statement that writes answers; it is tried once, for nobody knows what became of a lost one."""
    database: Any = connections[DEFAULT_DB_ALIAS]  # `connection` would look itself up at every use
    if not database.execute_wrappers and not database.queries_logged:
        database.ensure_connection()
        with database.wrap_database_errors:
            if database.vendor != "postgresql":
                plain: list[tuple[Any, ...]] = database.connection.execute(_marked(sql), parameters).fetchall()
                return plain
            driver = database.connection
            server = driver.pgconn
            if not database.autocommit and server.transaction_status == pq.TransactionStatus.IDLE:
                _checked(server, server.exec_(b"BEGIN"))  # as a cursor would, before the first statement
            return _answered(driver, sql, parameters)
    with _cursor(database) as cursor:
        cursor.execute(sql, parameters)
        rows: list[tuple[Any, ...]] = cursor.fetchall() if cursor.description else []
        return rows


def _cursor(database: Any) -> Any:
    if database.vendor != "postgresql":
        return database.cursor()
    database.ensure_connection()
    plain: Any = psycopg.Cursor(database.connection)
    plain.format = pq.Format.BINARY
    return database.make_debug_cursor(plain) if database.queries_logged else database.make_cursor(plain)


@lru_cache(maxsize=1000)
def _marked(sql: str) -> str:
    """A statement with SQLite's marks for the places of parameters."""
    return re.sub(r"(?<!%)%s", "?", sql).replace("%%", "%")


# The names of the statements that a connection of libpq has prepared.
_prepared: WeakKeyDictionary[Any, dict[str, bytes]] = WeakKeyDictionary()


def _answered(driver: Any, sql: str, parameters: Sequence[Any]) -> list[tuple[Any, ...]]:
    """Carries a statement out on a connection's libpq. Raises psycopg's errors."""
    server = driver.pgconn
    names = _prepared.setdefault(server, {})
    name = names.get(sql)
    if name is None:
        name = f"kaireon_{len(names)}".encode()
        numbered = re.sub(r"%s", _Numbers(), sql)
        _checked(server, server.prepare(name, numbered.encode()))
        names[sql] = name
    values = [SENDERS.get(type(value), _sent)(value) for value in parameters]
    formats = [pq.Format.BINARY if type(value) is bytes else pq.Format.TEXT for value in parameters]
    result = server.exec_prepared(name, values, formats, pq.Format.BINARY)
    _checked(server, result)
    reader = Transformer(driver)
    reader.set_pgresult(result)
    return reader.load_rows(0, result.ntuples, tuple)


class _Numbers:
    """Turns the places of parameters, one after the other, into $1, $2, ..."""

    def __init__(self) -> None:
        self._last = 0

    def __call__(self, place: re.Match[str]) -> str:
        self._last += 1
        return f"${self._last}"


def _checked(server: Any, result: Any) -> None:
    if result.status not in {pq.ExecStatus.TUPLES_OK, pq.ExecStatus.COMMAND_OK}:
        if server.status == pq.ConnStatus.BAD:  # it was cut, so nobody said why
            raise psycopg.OperationalError(result.get_error_message())
        raise psycopg.errors.error_from_result(result)


def _sent(value: Any) -> bytes:
    """A parameter as libpq takes it, of a type that `SENDERS` does not name."""
    return str(value).encode()


def _array(items: list[Any]) -> bytes:
    """Words or whole numbers as an array; no word holds a NUL, which ends a text everywhere in PostgreSQL."""
    if not items or isinstance(items[0], int):
        return f"{{{','.join(map(str, items))}}}".encode()
    words = "\0".join(items)
    if words.count("\0") >= len(items):
        raise ValueError("a word holds the character NUL")
    quoted = words.replace("\\", "\\\\").replace('"', '\\"').replace("\0", '","')
    return f'{{"{quoted}"}}'.encode()


# How parameters of a type become what libpq takes; lists hold words or whole numbers.
SENDERS: Mapping[type, Callable[[Any], bytes | None]] = {
    type(None): lambda _: None,
    bytes: lambda value: value,
    str: str.encode,
    int: lambda value: b"%d" % value,
    datetime: lambda value: value.isoformat().encode(),
    list: _array,
}


def instant(at: int) -> Any:
    """UTC milliseconds as a statement takes an instant."""
    at_once = moment(at)
    return at_once if vendor() == "postgresql" else connection.ops.adapt_datetimefield_value(at_once)


def moment(at: int) -> datetime:
    """UTC milliseconds as an instant."""
    return EPOCH + timedelta(milliseconds=at)
