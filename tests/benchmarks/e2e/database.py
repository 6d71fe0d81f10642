"""The benchmark's own database: made, told apart from everybody else's, and dropped."""

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

import psycopg
from django.conf import settings
from django.core.management import call_command
from django.db import connection
from psycopg import sql

from tests.benchmarks.e2e.models import Shown

# The table that says a database is the benchmark's, and what it was filled with; empty until it is full.
MARK = "benchmark_world"


@contextmanager
def reserved() -> Iterator[None]:
    """Keeps others from running on the same database meanwhile. Ends the run when somebody already does."""
    with _server() as server:
        # Held by this connection, so it ends with the process whatever happens.
        taken = server.execute("SELECT pg_try_advisory_lock(hashtext(%s))", [f"{MARK} {_name()}"]).fetchone()
        if taken != (True,):
            sys.exit(f"Another run uses the database {_name()}; wait, or name another in BENCHMARK_DATABASE_URL.")
        yield


def filled_with() -> dict[str, Any] | None:
    """What the database was filled with; None when it has to be filled. Ends the run when it is somebody else's."""
    if not _is_ours():
        return None
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT parameters::text FROM {MARK}")
        row = cursor.fetchone()
    return None if row is None else json.loads(row[0])


def create() -> None:
    """A new database with all tables, those of the benchmark included. Whatever was there before is dropped."""
    drop()
    with _server() as server:
        server.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(_name())))
    with connection.cursor() as cursor:
        cursor.execute(f"CREATE TABLE {MARK} (parameters jsonb NOT NULL)")
    call_command("migrate", verbosity=0)
    with connection.schema_editor() as editor:
        editor.create_model(Shown)


def mark(parameters: dict[str, Any]) -> None:
    """Says that the database is full."""
    with connection.cursor() as cursor:
        cursor.execute(f"INSERT INTO {MARK} VALUES (%s)", [json.dumps(parameters)])


def settle() -> None:
    """Leaves nothing to do for the database's housekeeping while time is taken."""
    with connection.cursor() as cursor:
        cursor.execute("VACUUM (ANALYZE)")
        with suppress(Exception):  # only a superuser may; for others the first round may see it happen
            cursor.execute("CHECKPOINT")


def drop() -> None:
    """Drops the database. Ends the run when it is somebody else's."""
    _is_ours()
    connection.close()
    with _server() as server:
        server.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(_name())))


def _is_ours() -> bool:
    """Whether the database was made by this benchmark; one without a table is nobody's. Ends the run otherwise."""
    with _server() as server:
        if server.execute("SELECT 1 FROM pg_database WHERE datname = %s", [_name()]).fetchone() is None:
            return False
    tables = connection.introspection.table_names()
    if tables and MARK not in tables:
        sys.exit(f"The database {_name()} was not made by this benchmark; name another in BENCHMARK_DATABASE_URL.")
    return bool(tables)


def _name() -> str:
    return str(settings.DATABASES["default"]["NAME"])


def _server() -> psycopg.Connection[Any]:
    """A connection to the server, outside of the database."""
    given = settings.DATABASES["default"]
    parts = {part: given.get(part.upper()) or None for part in ("host", "port", "user", "password")}
    return psycopg.connect(**parts, dbname="postgres", autocommit=True)
