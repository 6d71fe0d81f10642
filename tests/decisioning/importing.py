"""How tests of imports write files, run the command and read what it refused."""

from __future__ import annotations

import csv
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

HEADER = "customerId,timestamp,outcome,channel"
ROWS = [
    "ada,2026-03-10T12:00:00Z,impression,Email",
    "ada,2026-03-10T12:00:00Z,impression,Email",
    "bob,2026-03-10T13:00:00.5+01:00,click,Email",
]


def imported(*files: Path, into: str = "acme", **options: Any) -> str:
    """Runs the command and answers its summary."""
    out = StringIO()
    call_command("import_interactions", *files, tenant=into, stdout=out, verbosity=0, **options)
    return out.getvalue().strip()


def refused(*files: Path, **options: Any) -> tuple[str, str]:
    """Runs the command, which must end with an error; answers summary and error."""
    out = StringIO()
    with pytest.raises(CommandError) as error:
        call_command("import_interactions", *files, tenant="acme", stdout=out, verbosity=0, **options)
    return out.getvalue().strip(), str(error.value)


def rejects_of(path: Path) -> list[list[str]]:
    """The reject file's rows: line, reason, row."""
    with path.open(newline="") as stream:
        header, *rows = csv.reader(stream)
    assert header == ["file", "line", "reason", "row"]
    return [row[1:] for row in rows]
