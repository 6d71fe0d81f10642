"""What a request says to PostgreSQL, read off the wire: libpq's own trace, which nothing that is sent goes past."""

import re
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from os import SEEK_END
from tempfile import TemporaryFile

from django.db import connection
from psycopg.pq import Trace

MESSAGE = re.compile(r"\n(?=[FB]\t\d+\t)")
WRITES = re.compile(r"\b(INSERT INTO|UPDATE|DELETE FROM|MERGE INTO)\b", re.IGNORECASE)
CONTROL = re.compile(r"\s*(BEGIN|COMMIT|ROLLBACK|SAVEPOINT|RELEASE|SET)\b", re.IGNORECASE)


@dataclass(frozen=True)
class Spoken:
    """How often each statement was carried out per request, and how often the client waited for the server."""

    statements: dict[str, float]
    round_trips: float

    def count(self, kind: str) -> float:
        """The statements per request that are a `read`, a `write` or `control` a transaction."""
        return sum(times for statement, times in self.statements.items() if kind_of(statement) == kind)


def kind_of(statement: str) -> str:
    """Whether a statement reads, writes or controls a transaction; one that does both writes."""
    if CONTROL.match(statement):
        return "control"
    locks = re.sub(r"\bFOR (NO KEY )?UPDATE\b", "", statement, flags=re.IGNORECASE)
    return "write" if WRITES.search(locks) else "read"


def spoken(ask: Callable[[], object], *, times: int) -> Spoken:
    """What one call of `ask` says, on average over so many after as many that are not counted."""
    connection.close()
    connection.ensure_connection()
    wire = connection.connection.pgconn
    with TemporaryFile() as trace:
        wire.trace(trace.fileno())
        wire.set_trace_flags(Trace.SUPPRESS_TIMESTAMPS)
        for _ in range(times):
            ask()
        before = trace.seek(0, SEEK_END)
        for _ in range(times):
            ask()
        if connection.connection is None or connection.connection.pgconn is not wire:
            raise RuntimeError("The connection was closed while its statements were counted.")
        wire.untrace()
        trace.seek(0)
        text = trace.read()
    return _told(text[:before].decode(), text[before:].decode(), times)


def _told(before: str, counted: str, times: int) -> Spoken:
    prepared = {name: sql for kind, name, sql in _said(before + counted) if kind == "Parse"}
    statements: Counter[str] = Counter()
    trips = 0
    for kind, name, sql in _said(counted):
        if kind in {"Query", "Bind"}:
            statements[" ".join((prepared[name] if kind == "Bind" else sql).split())] += 1
        trips += kind in {"Query", "Sync"}
    return Spoken({sql: count / times for sql, count in statements.items()}, trips / times)


def _said(trace: str) -> Iterator[tuple[str, str, str]]:
    """(kind, name of the prepared statement, SQL) of everything the client said."""
    for message in MESSAGE.split(trace):
        side, _, kind, said = [*message.split("\t", 3), ""][:4]
        if side == "F" and kind == "Parse":
            _, name, _, sql = said.split('"', 3)
            yield kind, name, sql.rpartition('"')[0]
        elif side == "F":
            yield kind, said.split('"')[3] if kind == "Bind" else "", said.strip()[1:-1] if kind == "Query" else ""
