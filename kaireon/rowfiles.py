"""Files of rows: CSV and NDJSON read record by record with their line numbers, and the file that bad rows go to."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Self

FORMATS = {".csv": "csv", ".ndjson": "ndjson", ".jsonl": "ndjson"}


class UnreadableFile(Exception):
    """The file as a whole cannot be imported."""


@dataclass(frozen=True)
class FileRow:
    """One record: the line it starts on, and its values by column or, if it cannot be read, the fault."""

    path: Path
    line: int
    values: Mapping[str, Any] = field(default_factory=dict)
    fault: str | None = None
    text: str = ""

    @property
    def shown(self) -> str:
        """The record as the reject file repeats it."""
        return self.text or json.dumps(self.values, ensure_ascii=False)


def format_of(path: Path) -> str:
    """The format an extension stands for. Raises UnreadableFile for one that stands for none."""
    if path.suffix.lower() not in FORMATS:
        raise UnreadableFile(f"{path}: the extension says neither CSV nor NDJSON; add --format csv or --format ndjson.")
    return FORMATS[path.suffix.lower()]


def columns_of(path: Path) -> list[str]:
    """The header of a CSV file."""
    with _text(path) as stream:
        try:
            header = next(csv.reader(stream), [])
        except csv.Error as error:
            raise UnreadableFile(f"{path}: the header cannot be read: {error}.") from error
    if len(set(header)) < len(header):
        raise UnreadableFile(f"{path}: the header names a column twice; rename one of them.")
    return header


def lines_in(path: Path) -> int:
    """How many lines the file has: what a progress bar needs to know."""
    with path.open("rb") as stream:
        return sum(1 for _ in stream)


def rows_of(path: Path, kind: str) -> Iterator[FileRow]:
    """The records of a file; one that cannot be read says why."""
    return _csv_rows(path) if kind == "csv" else _ndjson_rows(path)


def _text(path: Path) -> IO[str]:
    # Bytes that are not UTF-8 come through as lone surrogates, which the row they stand in is refused for.
    try:
        return path.open(encoding="utf-8-sig", errors="surrogateescape", newline="")
    except OSError as error:
        raise UnreadableFile(f"{path}: {error.strerror}.") from error


def _csv_rows(path: Path) -> Iterator[FileRow]:
    with _text(path) as stream:
        reader = csv.reader(stream, strict=True)
        header = next(reader, [])
        while True:
            line = reader.line_num + 1
            try:
                record = next(reader)
            except StopIteration:
                return
            except csv.Error as error:
                yield FileRow(path, line, fault=f"this is not CSV: {error}")
                continue
            if record:
                yield _csv_row(path, line, header, record)


def _csv_row(path: Path, line: int, header: list[str], record: list[str]) -> FileRow:
    if len(record) != len(header):
        fault = f"the row has {len(record)} fields, the header {len(header)}"
        return FileRow(path, line, fault=fault, text=json.dumps(record, ensure_ascii=False))
    return FileRow(path, line, dict(zip(header, record, strict=True)))


def _ndjson_rows(path: Path) -> Iterator[FileRow]:
    with _text(path) as stream:
        for line, text in enumerate(stream, start=1):
            if text.strip():
                yield _ndjson_row(path, line, text.rstrip("\r\n"))


def _ndjson_row(path: Path, line: int, text: str) -> FileRow:
    try:
        values = json.loads(text)
    except (ValueError, RecursionError) as error:
        return FileRow(path, line, fault=f"this is not JSON: {error}", text=text)
    if not isinstance(values, dict):
        return FileRow(path, line, fault="the line is not a JSON object", text=text)
    return FileRow(path, line, values, text=text)


class RejectFile:
    """Bad rows with file, line and reason; the file appears with the first of them, and an older one goes."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.count = 0
        self._stream: IO[str] | None = None

    def __enter__(self) -> Self:
        self.path.unlink(missing_ok=True)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._stream is not None:
            self._stream.close()

    def add(self, row: FileRow, reason: str) -> None:
        """Writes one row."""
        if self._stream is None:
            self._stream = self.path.open("w", encoding="utf-8", errors="backslashreplace", newline="")
            csv.writer(self._stream).writerow(["file", "line", "reason", "row"])
        csv.writer(self._stream).writerow([row.path, row.line, reason, row.shown])
        self.count += 1
