"""Imports the history of contacts and outcomes."""

from __future__ import annotations

import zoneinfo
from argparse import ArgumentParser
from collections import Counter
from collections.abc import Sequence
from typing import Any

from django.core.management.base import CommandError

from decisioning.imports.interactions import InteractionImport
from decisioning.imports.rows import REQUIRED, TARGETS, RowReader
from kaireon.access import operator
from kaireon.files.command import FileCommand, pairs
from kaireon.files.reading import FileRow
from kaireon.tenancy import zone_names
from kaireon.writing import writing


class Command(FileCommand):
    """`manage.py import_interactions FILE... --tenant KEY`; good rows are loaded, bad ones written to a reject file."""

    help = (
        "Import interactions from CSV or NDJSON files in UTF-8 (.gz too) or Parquet. Importing a file again adds "
        "nothing, and neither does a row that stands in two files: the n-th of several equal rows of a file is one "
        "interaction, whichever file it is and whichever files are imported together. Rows with one idempotencyKey "
        "must say the same. What was erased with its customer is not brought back, for it is counted in what budgets "
        "have used; the summary says how many rows that were. Rows of export_interactions are taken as they were "
        "recorded, whatever was changed since."
    )
    targets, required = TARGETS, REQUIRED

    def add_arguments(self, parser: ArgumentParser) -> None:
        super().add_arguments(parser)
        parser.add_argument(
            "--map-outcome", action="append", default=[], metavar="WORD=KEY,...", help="the outcome a file's word means"
        )
        parser.add_argument("--timezone", help="IANA zone of timestamps that name none (default: such a row is bad)")
        parser.add_argument(
            "--create-missing", action="store_true", help="create channels and offers that do not exist, as active"
        )

    def prepare(self, options: dict[str, Any]) -> None:
        outcomes, zone = pairs(options["map_outcome"], "--map-outcome"), _zone(options["timezone"])
        super().prepare(options)
        reader = RowReader(columns=self.columns, outcomes=outcomes, zone=zone)
        self._import = InteractionImport(self.tenant, reader, create_missing=options["create_missing"])

    def work(self, batch: Sequence[FileRow]) -> Counter[str]:
        with writing(operator(self.tenant, "import_interactions")) as unit:
            recorded = self._import.record(batch, unit)
        self.reject(recorded.rejected)
        return recorded.counts


def _zone(name: str | None) -> zoneinfo.ZoneInfo | None:
    if name is None:
        return None
    if name not in zone_names():
        raise CommandError(f'--timezone: "{name}" is not an IANA time zone; write one such as Europe/Berlin.')
    return zoneinfo.ZoneInfo(name)
