"""What the processes behind an answer took of the cores, which says more than the clock when neighbours are busy."""

import os
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from django.db import connection

TICK = 1 / os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True)
class Taken:
    """Seconds of the cores: by the server's workers, and by PostgreSQL's processes for their connections."""

    workers: float = 0.0
    database: float = 0.0

    def since(self, before: "Taken") -> "Taken":
        """What was taken in between."""
        return Taken(self.workers - before.workers, self.database - before.database)


def taken(workers: Iterable[int]) -> Taken:
    """So far; 0 for what runs on another machine or lets nobody look, and for SQLite, which works in the workers."""
    if connection.vendor != "postgresql":
        return Taken(sum(map(_of, workers)))
    with connection.cursor() as cursor:
        others = "SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
        cursor.execute(others)
        backends = [pid for (pid,) in cursor.fetchall()]
    return Taken(sum(map(_of, workers)), sum(map(_of, backends)))


def _of(pid: int) -> float:
    with suppress(OSError):
        # The name, in brackets, may contain anything; user and system time are the 12th and 13th field after it.
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) * TICK
    return 0.0
