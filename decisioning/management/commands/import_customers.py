"""Imports customers: their attributes, zones and segments."""

from __future__ import annotations

from argparse import ArgumentParser
from collections import Counter
from collections.abc import Sequence
from typing import Any

from decisioning.imports.customers import REQUIRED, SEPARATOR, TARGETS, CustomerImport, CustomerReader
from kaireon.access import operator
from kaireon.files.command import FileCommand
from kaireon.files.reading import FileRow
from kaireon.writing import writing


class Command(FileCommand):
    """`manage.py import_customers FILE... --tenant KEY`; good rows are loaded, bad ones written to a reject file."""

    help = (
        "Import customers from CSV or NDJSON files in UTF-8 (.gz too) or Parquet. A row makes or changes a customer; "
        "importing a file again changes nothing. Attributes are replaced whole by the columns that are no target; a "
        "column that the file does not have leaves what is stored. An empty timezone means unknown, empty segments "
        "mean none."
    )
    noun = "customers"
    targets, required = TARGETS, REQUIRED

    def add_arguments(self, parser: ArgumentParser) -> None:
        super().add_arguments(parser)
        parser.add_argument(
            "--attributes", metavar="COLUMN,...", help="the columns that become attributes (default: all others)"
        )
        parser.add_argument(
            "--segments", metavar="COLUMN", help=f"the column with names of segments, separated by {SEPARATOR}"
        )
        parser.add_argument(
            "--create-missing", action="store_true", help="create segments that do not exist, as active"
        )

    def prepare(self, options: dict[str, Any]) -> None:
        named = options["attributes"]
        self._attributes = None if named is None else [name.strip() for name in named.split(",") if name.strip()]
        self._segments: str | None = options["segments"]
        super().prepare(options)
        reader = CustomerReader(columns=self.columns, segments=self._segments, attributes=self._attributes)
        self._import = CustomerImport(reader, create_missing=options["create_missing"])

    def wanted(self) -> dict[str, str]:
        own = dict.fromkeys(self._attributes or (), "--attributes")
        return super().wanted() | own | ({self._segments: "--segments"} if self._segments else {})

    def work(self, batch: Sequence[FileRow]) -> Counter[str]:
        with writing(operator(self.tenant, "import_customers")) as unit:
            recorded = self._import.record(batch, unit)
        self.reject(recorded.rejected)
        return recorded.counts
