"""Keys taken before their rows are stored, for rows that others stored by the same statement have to name."""

from __future__ import annotations

from time import monotonic
from typing import Any
from weakref import WeakKeyDictionary

from django.db import connection
from django.db.models import Model

from kaireon.database.statements import fetch

AHEAD = 32  # keys a connection takes at once; those it never uses are no row's
SECONDS_AHEAD = 10  # it uses none later, so whoever walks through rows by their keys waits that long for the last

# By connection and table: when the keys were taken, and those left, the next one last.
_taken: WeakKeyDictionary[Any, dict[str, tuple[float, list[int]]]] = WeakKeyDictionary()


def next_key(model: type[Model]) -> int:
    """A key that no other row of the model has or will get.

    Keys taken by different connections rise only roughly in the order in which rows are stored. On SQLite the next key
    is read off the table, so it is asked for in the transaction that stores the row.
    """
    table = model._meta.db_table
    if connection.vendor == "sqlite":
        sql = "SELECT COALESCE((SELECT seq FROM sqlite_sequence WHERE name = %s), 0) + 1"
        key: int = fetch(sql, [table])[0][0]
        return key
    connection.ensure_connection()
    taken, now = _taken.setdefault(connection.connection, {}), monotonic()
    since, keys = taken.get(table, (now, []))
    if not keys or now - since >= SECONDS_AHEAD:
        sequence = "SELECT nextval(pg_get_serial_sequence(%s, 'id')) FROM generate_series(1, %s)"
        keys = [key for (key,) in reversed(fetch(sequence, [table, AHEAD]))]
        taken[table] = now, keys
    return keys.pop()
