"""Commands that import files of rows: good rows are loaded, bad ones written to a reject file with the reason."""

from __future__ import annotations

from argparse import ArgumentParser
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any, ClassVar

from django.core.management.base import CommandError

from kaireon.batching import BatchCommand
from kaireon.files import reading
from kaireon.files.reading import FileRow, RejectFile, UnreadableFile


class FileCommand(BatchCommand[FileRow]):
    """`manage.py ... FILE... --tenant KEY`. A subclass names its targets: the values a row may hold."""

    targets: ClassVar[Sequence[str]]
    required: ClassVar[Sequence[str]]

    columns: dict[str, str]  # where a target's value stands when not under its own name

    def add_arguments(self, parser: ArgumentParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("files", nargs="+", type=Path, metavar="FILE")
        parser.add_argument("--format", choices=reading.KINDS, help="default: what the file's extension says")
        parser.add_argument(
            "--columns",
            action="append",
            default=[],
            metavar="TARGET=COLUMN,...",
            help=f"where a value stands when not under its own name; targets: {', '.join(self.targets)}",
        )
        parser.add_argument(
            "--rejects", type=Path, help="where bad rows go, also in a dry run (default: FILE.rejects.csv)"
        )

    def prepare(self, options: dict[str, Any]) -> None:
        self.columns = pairs(options["columns"], "--columns")
        if unknown := sorted(self.columns.keys() - set(self.targets)):
            raise CommandError(f'--columns: "{unknown[0]}" is no target; targets are {", ".join(self.targets)}.')
        self._files = _files(options["files"], options["format"])
        for path, kind in self._files.items():
            self._check_columns(path, kind)
        self._open_rejects(options["rejects"], keep=options["dry_run"])

    def handle(self, *args: Any, **options: Any) -> None:
        with ExitStack() as stack:
            self._open = stack
            try:
                super().handle(*args, **options)
            except UnreadableFile as error:
                if self.counts:  # batches before the fault; those of a dry run are rolled back as ever
                    self.stdout.write(self.summary(self.counts, dry_run=options["dry_run"]))
                raise CommandError(str(error)) from error

    def rows(self) -> Iterator[FileRow]:
        for path, kind in self._files.items():
            yield from reading.rows_of(path, kind)

    def total(self) -> int:
        return sum(reading.size_of(path, kind) for path, kind in self._files.items())

    def failure(self, failed: int) -> str:
        paths = ", ".join(sorted({str(rejects.path) for rejects in self._rejects.values() if rejects.count}))
        return f"{failed:,} rows were refused; {paths} says why. Correct them and import the file again."

    def reject(self, rejected: Sequence[tuple[FileRow, str]]) -> None:
        """Puts bad rows where the user will find them, each with the reason."""
        for row, reason in rejected:
            self._rejects[row.path].add(row, reason)

    def wanted(self) -> dict[str, str]:
        """The columns that a file of columns must have, each with what it is for; an NDJSON row answers for itself."""
        return {self.columns.get(target, target): target for target in {*self.required, *self.columns}}

    def _check_columns(self, path: Path, kind: str) -> None:
        header = reading.columns_of(path, kind)
        if header is None:
            return
        missing = sorted(f"{column} (for {target})" for column, target in self.wanted().items() if column not in header)
        if missing:
            raise CommandError(
                f"{path}: no column {', '.join(missing)}; the file has {', '.join(header)}. See --columns."
            )

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


def pairs(texts: Sequence[str], option: str) -> dict[str, str]:
    """`LEFT=RIGHT,...` as an option may say it, once or several times."""
    found = [pair.partition("=") for text in texts for pair in text.split(",") if pair.strip()]
    for left, _, right in found:
        if not left.strip() or not right.strip():
            raise CommandError(f'{option}: "{left}" is no pair; write LEFT=RIGHT, separated by commas.')
    return {left.strip(): right.strip() for left, _, right in found}


def _files(paths: Sequence[Path], kind: str | None) -> dict[Path, str]:
    """The files with their formats, each once, however often and in whatever spellings it is named."""
    files: dict[Path, Path] = {}
    for path in paths:
        reading.check(path)
        files.setdefault(path.resolve(), path)
    return {path: kind or reading.format_of(path) for path in files.values()}
