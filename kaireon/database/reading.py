"""How the database is entered: reading several tables as they were at one instant, and writing without waiting."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.db import connection, transaction

from kaireon.database.statements import write


@contextmanager
def reading() -> Iterator[bool]:
    """One consistent view of the database for everything read inside; nothing may be written there.

    Says whether all of that is committed. It is not inside a transaction already begun, whose own view counts.
    """
    if connection.in_atomic_block:
        yield False
        return
    with _deferred_start(), transaction.atomic():
        if connection.vendor == "postgresql":
            with connection.cursor() as cursor:
                cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
        yield True


@contextmanager
def _deferred_start() -> Iterator[None]:
    """Lets the next transaction on SQLite begin without the write lock that all others take at once."""
    if connection.vendor != "sqlite":
        yield
        return
    sqlite: Any = connection
    sqlite.ensure_connection()  # connecting sets the mode, so it comes first
    configured, sqlite.transaction_mode = sqlite.transaction_mode, "DEFERRED"
    try:
        yield
    finally:
        sqlite.transaction_mode = configured


@contextmanager
def impatient() -> Iterator[None]:
    """Lets what is written inside fail at once where SQLite would wait for another writer."""
    if connection.vendor == "sqlite":
        with connection.cursor() as cursor:
            patience = cursor.execute("PRAGMA busy_timeout").fetchone()[0]
            cursor.execute("PRAGMA busy_timeout = 0")
            try:
                yield
            finally:
                cursor.execute(f"PRAGMA busy_timeout = {patience}")
        return
    yield


def waits_for_locks(*, seconds: int) -> None:
    """Bounds how long the rest of this transaction waits for a lock; SQLite bounds that for every connection."""
    if connection.vendor == "postgresql":
        write("SELECT set_config('lock_timeout', %s, true)", [f"{seconds}s"])


def patience() -> None:
    """Bounds how long the rest of this transaction waits: for a lock 1 s, for a statement 2 s; then it is a 503."""
    if connection.vendor == "postgresql":
        write("SELECT set_config('lock_timeout', '1s', true), set_config('statement_timeout', '2s', true)", [])
