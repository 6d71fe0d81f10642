"""Parquet files are imported as CSV files are."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from pyarrow import parquet

from decisioning.models import Customer, Interaction
from kaireon.tenancy import Tenant
from tests.conftest import Catalogue
from tests.decisioning.conftest import NOON, Write
from tests.decisioning.importing import HEADER, ROWS, imported, refused, rejects_of
from tests.decisioning.imports import test_import_customers
from tests.witness import stored


def packed(path: Path, columns: dict[str, Any], **types: Any) -> Path:
    """A Parquet file of these columns."""
    arrays = {name: pa.array(values, type=types.get(name)) for name, values in columns.items()}
    parquet.write_table(pa.table(arrays), path)
    return path


def test_parquet_says_the_same_as_csv(tenant: Tenant, catalogue: Catalogue, write: Write, tmp_path: Path) -> None:
    columns = dict(zip(HEADER.split(","), zip(*(row.split(",") for row in ROWS), strict=True), strict=True))
    path = packed(tmp_path / "touches.parquet", columns)
    assert imported(write(HEADER, *ROWS)).startswith("acme: 3 imported")
    assert imported(path) == "acme: 0 imported, 3 already there, 0 failed"
    assert imported(path.rename(tmp_path / "touches.data"), format="parquet").endswith("3 already there, 0 failed")


@pytest.mark.parametrize("kind", [pa.timestamp("ms", "UTC"), pa.timestamp("ns", "Europe/Berlin"), pa.string()])
def test_instants_numbers_and_bytes_are_read_by_their_types(
    tenant: Tenant, catalogue: Catalogue, tmp_path: Path, kind: Any
) -> None:
    at = "2026-03-10T12:00:00Z" if kind == pa.string() else NOON
    columns = {
        "who": [7, None],
        "timestamp": [at, at],
        "outcome": [b"impression", b"cl\xffick"],
        "cost": [Decimal("0.250"), None],
        "conversionValue": [0.5, None],
    }
    path = packed(tmp_path / "a.parquet", columns, timestamp=kind)
    assert refused(path, columns=["customerId=who"])[0] == "acme: 1 imported, 0 already there, 1 failed"
    [row] = Interaction.objects.of(tenant)
    assert (row.customer_id, row.at, row.cost_micros, row.value_micros) == ("7", NOON, 250_000, 500_000)
    [(line, reason, _)] = rejects_of(Path(f"{path}.rejects.csv"))
    assert (line, reason) == (
        "2",
        "outcome is longer than 255 characters, not UTF-8 or holds a NUL; customerId is missing",
    )


def test_instants_without_a_zone_take_the_one_that_is_named(
    tenant: Tenant, catalogue: Catalogue, tmp_path: Path
) -> None:
    columns = {"customerId": ["ada"], "timestamp": [datetime(2026, 7, 10, 12)], "outcome": ["click"]}
    path = packed(tmp_path / "a.parquet", columns)
    assert refused(path)[0].startswith("acme: 0 imported")
    assert imported(path, timezone="Europe/Berlin").startswith("acme: 1 imported")
    assert Interaction.objects.get().at == datetime(2026, 7, 10, 10, tzinfo=UTC)


def test_files_that_are_no_parquet_or_lack_a_column_are_refused(
    tenant: Tenant, catalogue: Catalogue, tmp_path: Path
) -> None:
    columns = {"customerId": ["ada"] * 3000, "timestamp": ["x"] * 3000, "outcome": ["click"] * 3000}
    path = packed(tmp_path / "a.parquet", columns)
    before = stored()
    assert "no column client (for customerId)" in refused(path, columns=["customerId=client"])[1]
    path.write_bytes(path.read_bytes()[:-200])
    assert refused(path)[1].startswith(f"{path}: ")
    path.write_text("no Parquet at all")
    assert refused(path)[1].startswith(f"{path}: ")
    path.write_bytes(b"")
    assert refused(path)[1].startswith(f"{path}: ")
    assert stored() == before


def test_customers_come_from_parquet_too(tenant: Tenant, tmp_path: Path) -> None:
    columns = {"customerId": ["ada"], "age": [41], "since": [date(2020, 1, 2)], "likes": [[{"a": 1.5}]]}
    path = packed(tmp_path / "c.parquet", columns)
    assert test_import_customers.imported(path).startswith("acme: 1 created")
    assert Customer.objects.get().attributes == {"age": 41, "since": "2020-01-02", "likes": [{"a": 1.5}]}


def test_a_file_that_is_spoilt_further_on_says_what_was_imported_before(
    tenant: Tenant, catalogue: Catalogue, tmp_path: Path
) -> None:
    columns = {"customerId": [f"c{number}" for number in range(3000)], "outcome": ["click"] * 3000}
    path = tmp_path / "spoilt.parquet"
    parquet.write_table(pa.table({**columns, "timestamp": ["2026-03-10T12:00:00Z"] * 3000}), path, row_group_size=1000)
    start = parquet.read_metadata(path).row_group(2).column(0).data_page_offset
    content = path.read_bytes()
    path.write_bytes(content[:start] + b"\xff" * 64 + content[start + 64 :])
    for dry_run, tail in ((True, " (dry run: rolled back)"), (False, "")):
        summary, error = refused(path, dry_run=dry_run)
        assert summary == f"acme: 2,000 imported, 0 already there, 0 failed{tail}"
        assert error.startswith(f"{path}: ") and not error.endswith("..")
        assert Interaction.objects.count() == (0 if dry_run else 2000)
