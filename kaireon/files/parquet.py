"""Parquet files: their records in the plain values that JSON has, read a page at a time; and schemas to write them."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, time
from pathlib import Path
from typing import Any

import pyarrow as pa
from pyarrow import parquet

PAGE = 1000
Unreadable: type[Exception] = pa.ArrowException


def columns_of(path: Path) -> list[str]:
    """The names of the columns."""
    return list(parquet.read_schema(path).names)


def records_in(path: Path) -> int:
    """How many records the file has."""
    number: int = parquet.read_metadata(path).num_rows
    return number


def records_of(path: Path) -> Iterator[dict[str, Any]]:
    """The records in plain values; OSError, ValueError, OverflowError and Unreadable say that they cannot be read."""
    with parquet.ParquetFile(path) as file:
        for batch in file.iter_batches(PAGE):
            for record in _readable(batch).to_pylist():
                yield {name: _plain(value) for name, value in record.items()}


def _readable(batch: Any) -> Any:
    """The batch with instants that Python can tell, which knows no nanoseconds."""
    fields = [pa.field(field.name, _coarse(field.type)) for field in batch.schema]
    columns = [column.cast(field.type, safe=False) for column, field in zip(batch.columns, fields, strict=True)]
    return pa.RecordBatch.from_arrays(columns, schema=pa.schema(fields))


def _coarse(kind: Any) -> Any:
    nano = pa.types.is_timestamp(kind) and kind.unit == "ns"
    return pa.timestamp("us", tz=kind.tz) if nano else kind


def _plain(value: Any) -> Any:
    """What JSON would say: instants and amounts as text, bytes as the text they are meant to be."""
    if value is None or isinstance(value, str | int | float):
        return value
    if isinstance(value, dict):
        return {str(key): _plain(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(one) for one in value]
    if isinstance(value, datetime | date | time):
        return value.isoformat()
    return value.decode("utf-8", "surrogateescape") if isinstance(value, bytes) else str(value)
