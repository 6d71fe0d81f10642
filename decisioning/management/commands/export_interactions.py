"""Exports the history of contacts and outcomes."""

from __future__ import annotations

from argparse import ArgumentParser, ArgumentTypeError
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import nullcontext
from datetime import datetime
from pathlib import Path
from typing import Any

from django.core.management.base import CommandError

from decisioning.models import Interaction
from decisioning.upkeep.exports import COLUMNS, Exported, in_order
from kaireon import clock
from kaireon.batching import BatchCommand
from kaireon.files.writing import FORMATS, appearing


def instant(text: str) -> datetime:
    """An instant as an argument."""
    try:
        return clock.parse(text)
    except ValueError as error:
        raise ArgumentTypeError(f"{text!r} is no instant such as 2026-03-10T12:00:00Z ({error})") from error


class Command(BatchCommand[Exported]):
    """`manage.py export_interactions --tenant KEY --output FILE`; the file appears when it is whole."""

    help = (
        "Export interactions in the order of time as NDJSON or Parquet, with public ids. The file appears under its "
        "name when it is whole, in an older one's place; import_interactions takes it as it is. A dry run counts."
    )
    noun = "interactions"
    batch_size = 10_000

    def add_arguments(self, parser: ArgumentParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("--output", type=Path, required=True, metavar="FILE")
        parser.add_argument("--format", choices=sorted(FORMATS), help="default: what the file's extension says")
        parser.add_argument("--from", type=instant, dest="since", help="the first instant, ISO 8601 with a zone")
        parser.add_argument("--to", type=instant, dest="until", help="the instant before which the export ends")
        parser.add_argument("--customer", metavar="ID", help="one customer's interactions only")

    def handle(self, *args: Any, **options: Any) -> None:
        path, kind = options["output"], options["format"] or options["output"].suffix.removeprefix(".")
        if kind not in FORMATS:
            raise CommandError(f"{path}: the extension says none of {', '.join(sorted(FORMATS))}; add --format.")
        try:
            with nullcontext() if options["dry_run"] else appearing(path, kind, COLUMNS) as self._file:
                super().handle(*args, **options)
        except OSError as error:
            raise CommandError(f"{path}: {error.strerror or error}.") from error

    def prepare(self, options: dict[str, Any]) -> None:
        asked = {"at__gte": options["since"], "at__lt": options["until"], "customer_id": options["customer"]}
        given = {name: value for name, value in asked.items() if value is not None}
        self._interactions = Interaction.objects.of(self.tenant).filter(**given)
        self._size = options["batch_size"]

    def rows(self) -> Iterator[Exported]:
        return in_order(self._interactions, size=self._size)

    def total(self) -> int:
        return self._interactions.count()

    def work(self, batch: Sequence[Exported]) -> Counter[str]:
        if self._file is not None:
            self._file.add([interaction.row() for interaction in batch])
        return Counter({"exported": len(batch)})
