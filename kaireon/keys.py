"""Keys taken before their rows are stored, for rows that others stored by the same statement have to name."""

from __future__ import annotations

from collections import defaultdict
from typing import Any
from weakref import WeakKeyDictionary

from django.db import connection
from django.db.models import Model

from kaireon.statements import fetch

AHEAD = 32  # keys a connection takes at once; those it never uses are no row's

_taken: WeakKeyDictionary[Any, dict[str, list[int]]] = WeakKeyDictionary()  # by connection, the next one last


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
    keys = _taken.setdefault(connection.connection, defaultdict(list))[table]
    if not keys:
        sequence = "SELECT nextval(pg_get_serial_sequence(%s, 'id')) FROM generate_series(1, %s)"
        keys += reversed([key for (key,) in fetch(sequence, [table, AHEAD])])
    return keys.pop()
