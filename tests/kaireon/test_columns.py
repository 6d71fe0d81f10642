"""Large answers read as columns: whatever stands in a text comes through, and nothing stays nothing."""

from __future__ import annotations

import pyarrow as pa
import pytest
from django.db import OperationalError, ProgrammingError, connection, transaction

from kaireon.database.columns import table_of

pytestmark = pytest.mark.django_db

TEXTS = ["", None, '"', "a\nb", "a\r\nb", ",", "\\N", "\\.", " both sides ", "Zoë 🦊", "'; --", "%s", "NULL"]
SCHEMA = pa.schema([("n", pa.int64()), ("text", pa.string())])


def asked(texts: list[str | None]) -> tuple[str, list[str | int | None]]:
    """A query that answers numbered texts."""
    text = "CAST(%s AS text)"
    sql = " UNION ALL ".join(f"SELECT {number} AS n, {text} AS words" for number in range(len(texts)))
    return f"SELECT n, words FROM ({sql}) found ORDER BY n", [*texts]


def test_every_text_comes_through_as_it_is():
    sql, parameters = asked(TEXTS)
    assert table_of(sql, parameters, SCHEMA).to_pydict() == {"n": list(range(len(TEXTS))), "text": TEXTS}


def test_no_rows_are_columns_of_nothing():
    sql, parameters = asked(["a"])
    assert table_of(f"SELECT * FROM ({sql}) none WHERE n > 1", parameters, SCHEMA).to_pydict() == {"n": [], "text": []}


def test_a_query_that_fails_fails_as_any_other_and_leaves_the_connection_in_order():
    refused = {"postgresql": ProgrammingError, "sqlite": OperationalError}[connection.vendor]
    with pytest.raises(refused, match="nowhere"), transaction.atomic():
        table_of("SELECT n, words FROM nowhere", [], SCHEMA)
    assert table_of("SELECT 1 AS n, 'a' AS words", [], SCHEMA).to_pydict() == {"n": [1], "text": ["a"]}
