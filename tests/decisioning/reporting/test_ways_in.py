"""History is the same whichever way and in whatever order it came in."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.decisioning.ways_in import differences, rows_of

ROWS = 400


@pytest.mark.django_db(transaction=True)
def test_command_bulk_and_a_random_order_of_rows_give_equal_ledgers_summaries_and_decisions(
    month: Path, tmp_path: Path
) -> None:
    lines = month.read_text().splitlines(keepends=True)
    (tmp_path / "beginning.csv").write_text("".join(lines[: 1 + ROWS]))
    assert len(list(rows_of(tmp_path / "beginning.csv"))) == ROWS
    assert differences(tmp_path / "beginning.csv", tmp_path, asked=15) == []
