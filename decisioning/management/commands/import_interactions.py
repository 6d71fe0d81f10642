"""Imports the history of contacts and outcomes."""

from __future__ import annotations

import zoneinfo
from argparse import ArgumentParser
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from django.core.management.base import CommandError

from decisioning.imports.interactions import InteractionImport
from decisioning.imports.rows import REQUIRED, TARGETS, RowReader
from kaireon import rowfiles
from kaireon.access import operator
from kaireon.batching import BatchCommand
from kaireon.lifecycle import writing
from kaireon.rowfiles import FileRow, RejectFile, UnreadableFile
from kaireon.tenancy import zone_names


class Command(BatchCommand[FileRow]):
    """`manage.py import_interactions FILE... --tenant KEY`; good rows are loaded, bad ones written to a reject file."""

    help = (
        "Import interactions from CSV or NDJSON files in UTF-8. Importing a file again adds nothing, and neither does "
        "a row that stands in two files: the n-th of several equal rows of a file is one interaction, whichever file "
        "it is and whichever files are imported together. Rows with one idempotencyKey must say the same."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("files", nargs="+", type=Path, metavar="FILE")
        parser.add_argument("--format", choices=["csv", "ndjson"], help="default: what the file's extension says")
        parser.add_argument(
            "--columns",
            action="append",
            default=[],
            metavar="TARGET=COLUMN,...",
            help=f"where a value stands when not under its own name; targets: {', '.join(TARGETS)}",
        )
        parser.add_argument(
            "--map-outcome", action="append", default=[], metavar="WORD=KEY,...", help="the outcome a file's word means"
        )
        parser.add_argument("--timezone", help="IANA zone of timestamps that name none (default: such a row is bad)")
        parser.add_argument(
            "--create-missing", action="store_true", help="create channels and offers that do not exist, as active"
        )
        parser.add_argument(
            "--rejects", type=Path, help="where bad rows go, also in a dry run (default: FILE.rejects.csv)"
        )

    def prepare(self, options: dict[str, Any]) -> None:
        columns = _pairs(options["columns"], "--columns")
        if unknown := sorted(columns.keys() - set(TARGETS)):
            raise CommandError(f'--columns: "{unknown[0]}" is no target; targets are {", ".join(TARGETS)}.')
        reader = RowReader(
            columns=columns, outcomes=_pairs(options["map_outcome"], "--map-outcome"), zone=_zone(options["timezone"])
        )
        self._files = _files(options["files"], options["format"])
        for path, kind in self._files.items():
            _check_columns(path, kind, reader)
        self._open_rejects(options["rejects"], keep=options["dry_run"])
        self._import = InteractionImport(self.tenant, reader, create_missing=options["create_missing"])

    def handle(self, *args: Any, **options: Any) -> None:
        with ExitStack() as stack:
            self._open = stack
            try:
                super().handle(*args, **options)
            except UnreadableFile as error:
                raise CommandError(str(error)) from error

    def rows(self) -> Iterator[FileRow]:
        for path, kind in self._files.items():
            yield from rowfiles.rows_of(path, kind)

    def total(self) -> int:
        return sum(rowfiles.lines_in(path) - (kind == "csv") for path, kind in self._files.items())

    def work(self, batch: Sequence[FileRow]) -> Counter[str]:
        with writing(operator(self.tenant, "import_interactions")) as unit:
            recorded = self._import.record(batch, unit)
        for row, reason in recorded.rejected:
            self._rejects[row.path].add(row, reason)
        return recorded.counts

    def failure(self, failed: int) -> str:
        paths = ", ".join(sorted({str(rejects.path) for rejects in self._rejects.values() if rejects.count}))
        return f"{failed:,} rows were refused; {paths} says why. Correct them and import the file again."

    def _open_rejects(self, together: Path | None, *, keep: bool) -> None:
        """Opens a reject file for every file; older ones go unless they are kept."""
        paths = {path: together or Path(f"{path}.rejects.csv") for path in self._files}
        if {path.resolve() for path in paths.values()} & {path.resolve() for path in self._files}:
            raise CommandError("--rejects: that is one of the files to import; name another one.")
        opened = {path: self._open.enter_context(RejectFile(path)) for path in set(paths.values())}
        self._rejects = {path: opened[rejects] for path, rejects in paths.items()}
        for rejects in opened.values():
            if not keep:
                rejects.discard()


def _files(paths: Sequence[Path], kind: str | None) -> dict[Path, str]:
    """The files with their formats, each once, however often and in whatever spellings it is named."""
    files: dict[Path, Path] = {}
    for path in paths:
        rowfiles.check(path)
        files.setdefault(path.resolve(), path)
    return {path: kind or rowfiles.format_of(path) for path in files.values()}


def _pairs(texts: Sequence[str], option: str) -> dict[str, str]:
    pairs = [pair.partition("=") for text in texts for pair in text.split(",") if pair.strip()]
    for left, _, right in pairs:
        if not left.strip() or not right.strip():
            raise CommandError(f'{option}: "{left}" is no pair; write LEFT=RIGHT, separated by commas.')
    return {left.strip(): right.strip() for left, _, right in pairs}


def _zone(name: str | None) -> zoneinfo.ZoneInfo | None:
    if name is None:
        return None
    if name not in zone_names():
        raise CommandError(f'--timezone: "{name}" is not an IANA time zone; write one such as Europe/Berlin.')
    return zoneinfo.ZoneInfo(name)


def _check_columns(path: Path, kind: str, reader: RowReader) -> None:
    """A CSV file must have every column that is required or was asked for; an NDJSON row answers for itself."""
    if kind != "csv":
        return
    header = rowfiles.columns_of(path)
    wanted = {*REQUIRED, *reader.columns}
    missing = [target for target in TARGETS if target in wanted and reader.column(target) not in header]
    if missing:
        columns = ", ".join(f"{reader.column(target)} (for {target})" for target in missing)
        raise CommandError(f"{path}: no column {columns}; the file has {', '.join(header)}. See --columns.")
