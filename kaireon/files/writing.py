"""Files of rows for other systems, NDJSON or Parquet: written in parts, and there only once they are whole."""

from __future__ import annotations

import json
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from decimal import Decimal
from enum import Enum
from pathlib import Path
from typing import Any

import pyarrow as pa
from pyarrow import parquet

from kaireon import clock

MICRO = 6  # decimal places of an amount


class Column(Enum):
    """What a column holds, as Parquet types. NDJSON writes instants as ISO 8601 and amounts as numbers."""

    TEXT = pa.string()
    WHOLE = pa.int64()
    FLAG = pa.bool_()
    INSTANT = pa.timestamp("us", tz="UTC")
    AMOUNT = pa.decimal128(19, MICRO)  # what fits into 64 bits of micro-units


Row = Mapping[str, Any]


class ExportFile(ABC):
    """An open file that rows can be added to."""

    def __init__(self, path: Path, columns: Mapping[str, Column]) -> None:
        self.columns = columns

    @abstractmethod
    def add(self, rows: Sequence[Row]) -> None:
        """Writes rows: a value for every column."""

    @abstractmethod
    def close(self) -> None:
        """Ends the file."""


class NdjsonFile(ExportFile):
    """One JSON object a line."""

    def __init__(self, path: Path, columns: Mapping[str, Column]) -> None:
        super().__init__(path, columns)
        self._stream = path.open("w", encoding="utf-8", newline="\n")

    def add(self, rows: Sequence[Row]) -> None:
        self._stream.writelines(f"{json.dumps(row, ensure_ascii=False, default=_said)}\n" for row in rows)

    def close(self) -> None:
        self._stream.close()


class ParquetFile(ExportFile):
    """One row group for each time rows are added."""

    def __init__(self, path: Path, columns: Mapping[str, Column]) -> None:
        super().__init__(path, columns)
        self._schema = pa.schema([(name, column.value) for name, column in columns.items()])
        self._writer = parquet.ParquetWriter(path, self._schema, compression="zstd")

    def add(self, rows: Sequence[Row]) -> None:
        self._writer.write_batch(pa.RecordBatch.from_pylist([_flat(row) for row in rows], schema=self._schema))

    def close(self) -> None:
        self._writer.close()


FORMATS: dict[str, type[ExportFile]] = {"ndjson": NdjsonFile, "parquet": ParquetFile}


@contextmanager
def appearing(path: Path, kind: str, columns: Mapping[str, Column]) -> Iterator[ExportFile]:
    """A file under a temporary name beside `path`, which takes that name when all went well, and else goes.

    Raises OSError when it cannot be written.
    """
    part = path.with_name(f"{path.name}.part")
    file = FORMATS[kind](part, columns)
    try:
        try:
            yield file
        finally:
            file.close()
        part.replace(path)
    except BaseException:
        part.unlink(missing_ok=True)
        raise


def _said(value: Any) -> Any:
    if isinstance(value, datetime):
        return clock.text(value)
    if isinstance(value, Decimal):  # as a number where that says the same
        return float(value) if Decimal(repr(float(value))) == value else str(value)
    raise TypeError(f"{type(value).__name__} cannot be exported")


def _flat(row: Row) -> Row:
    """The row with JSON as text, for columns have one type."""
    return {
        name: json.dumps(value, ensure_ascii=False) if isinstance(value, dict | list) else value
        for name, value in row.items()
    }
