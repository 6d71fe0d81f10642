"""Files of rows, read record by record: CSV and NDJSON in UTF-8, gzipped or not, and Parquet; and where bad rows go."""

from __future__ import annotations

import csv
import gzip
import json
import zlib
from codecs import BOM_UTF16_BE, BOM_UTF16_LE
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from io import TextIOWrapper
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Self, cast

from kaireon.files import parquet
from kaireon.files.parquet import Unreadable

FORMATS = {".csv": "csv", ".ndjson": "ndjson", ".jsonl": "ndjson", ".json": "ndjson", ".parquet": "parquet"}
KINDS = sorted(set(FORMATS.values()))
PACKED = ".gz"
REJECT_HEADER = ["file", "line", "reason", "row"]


class UnreadableFile(Exception):
    """The file as a whole cannot be imported."""


@dataclass(frozen=True)
class FileRow:
    """One record: the line it starts on (in Parquet its number), and its values or, if it cannot be read, the fault."""

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
    suffix = Path(path.stem).suffix if _is_packed(path) else path.suffix
    if suffix.lower() not in FORMATS:
        raise UnreadableFile(f"{path}: the extension says none of {', '.join(KINDS)}; add --format.")
    return FORMATS[suffix.lower()]


def check(path: Path) -> None:
    """Raises UnreadableFile unless the path is a file whose text can be read."""
    with _named(path):
        if not path.is_file():
            raise UnreadableFile(f"{path}: {'this is no file' if path.exists() else 'there is no such file'}.")
        with _bytes(path) as stream:
            start = stream.read(2)
    if start in {BOM_UTF16_LE, BOM_UTF16_BE}:
        raise UnreadableFile(f"{path}: the text is UTF-16; save it as UTF-8.")


def columns_of(path: Path, kind: str) -> list[str] | None:
    """The columns every record of the file has; None where each record has its own."""
    if kind == "ndjson":
        return None
    with _named(path):
        header = parquet.columns_of(path) if kind == "parquet" else _csv_header(path)
    if any("\udc80" <= character <= "\udcff" for name in header for character in name):
        raise UnreadableFile(f"{path}: the header is not UTF-8; save the file as UTF-8.")
    if not header:
        raise UnreadableFile(f"{path}: the first line is empty; it must name the columns.")
    if len(set(header)) < len(header):
        raise UnreadableFile(f"{path}: the header names a column twice; rename one of them.")
    return header


def size_of(path: Path, kind: str) -> int:
    """How many records the file has, or at least lines: what a progress bar needs to know."""
    with _named(path):
        if kind == "parquet":
            return parquet.records_in(path)
        with _bytes(path) as stream:
            return sum(1 for _ in stream) - (kind == "csv")


def rows_of(path: Path, kind: str) -> Iterator[FileRow]:
    """The records of a file; one that cannot be read says why. Raises UnreadableFile when the file breaks off."""
    with _named(path):
        yield from ROWS[kind](path)


@contextmanager
def _named(path: Path, *, hint: str = "") -> Iterator[None]:
    """What the system has against the file, as UnreadableFile."""
    try:
        yield
    except (OSError, EOFError, zlib.error, ValueError, OverflowError, Unreadable) as error:
        said = str(getattr(error, "strerror", None) or error).rstrip(".")
        raise UnreadableFile(f"{path}: {said}{hint}.") from error


def _is_packed(path: Path) -> bool:
    return path.suffix.lower() == PACKED


def _bytes(path: Path) -> IO[bytes]:
    return cast(IO[bytes], gzip.open(path, "rb")) if _is_packed(path) else path.open("rb")


def _text(path: Path) -> IO[str]:
    # Bytes that are not UTF-8 come through as lone surrogates, which the row they stand in is refused for.
    return TextIOWrapper(_bytes(path), encoding="utf-8-sig", errors="surrogateescape", newline="")


def _csv_header(path: Path) -> list[str]:
    with _text(path) as stream:
        try:
            return next(csv.reader(stream, strict=True), [])
        except csv.Error as error:
            raise UnreadableFile(f"{path}: the header cannot be read: {error}.") from error


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
                lost = f"; lines {line} to {reader.line_num} are lost" if reader.line_num > line else ""
                yield FileRow(path, line, fault=f"this is not CSV: {error}{lost}")
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


def _parquet_rows(path: Path) -> Iterator[FileRow]:
    for number, values in enumerate(parquet.records_of(path), start=1):
        yield FileRow(path, number, values)


ROWS = {"csv": _csv_rows, "ndjson": _ndjson_rows, "parquet": _parquet_rows}


class RejectFile:
    """Bad rows with file, line and reason. The file appears with the first of them and takes an older one's place.

    Raises UnreadableFile when something else lies there: only a file that starts as this one would is replaced.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.count = 0
        self._stream: IO[str] | None = None
        with self._reachable():
            if path.exists() and not self._is_older():
                raise UnreadableFile(f"{path}: exists and holds no rejected rows; name another file for them.")
            if not path.parent.is_dir():
                raise UnreadableFile(f"{path}: there is no such directory; name another file for rejected rows.")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._stream is not None:
            self._stream.close()

    def discard(self) -> None:
        """Removes an older one."""
        with self._reachable():
            self.path.unlink(missing_ok=True)

    def add(self, row: FileRow, reason: str) -> None:
        """Writes one row. Raises UnreadableFile when that is not possible."""
        with self._reachable():
            if self._stream is None:
                self._stream = self.path.open("w", encoding="utf-8", errors="backslashreplace", newline="")
                csv.writer(self._stream).writerow(REJECT_HEADER)
            csv.writer(self._stream).writerow([row.path, row.line, reason, row.shown])
        self.count += 1

    def _reachable(self) -> AbstractContextManager[None]:
        return _named(self.path, hint="; name another file for rejected rows")

    def _is_older(self) -> bool:
        if not self.path.is_file():
            return False
        with self.path.open("rb") as stream:
            return stream.readline(64).rstrip(b"\r\n") == ",".join(REJECT_HEADER).encode()
