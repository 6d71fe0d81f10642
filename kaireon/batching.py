"""Commands that work through many rows: in batches of one transaction each, counted, and safe to run twice.

A dry run is the same work inside one more transaction, over all batches, that is rolled back at the end: every batch
finds what the ones before it did, so it says the numbers the real run will say. It holds its locks until then.
"""

from __future__ import annotations

import sys
from argparse import ArgumentParser, ArgumentTypeError
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from itertools import islice
from typing import Any, ClassVar, Generic, TypeVar

from django.core.management.base import BaseCommand, CommandError
from django.db import models, transaction
from tqdm import tqdm

from kaireon.commands import tenant_named
from kaireon.publicid import Kind
from kaireon.tenancy import Tenant

DRY_RUN = (
    "do the work, roll it back and say what it was; until then calls that change the configuration or write about the "
    "same customers are answered with 503, so choose a quiet hour for much work"
)
R = TypeVar("R")
M = TypeVar("M", bound=models.Model)


def at_least_one(text: str) -> int:
    """A command's number of rows."""
    if not text.isdecimal() or int(text) < 1:
        raise ArgumentTypeError(f"{text!r} is not a whole number of at least 1")
    return int(text)


class BatchCommand(BaseCommand, Generic[R]):
    """An import or a backfill. A subclass says which rows there are and carries out one batch of them.

    Work is recomputed, never added up, so whatever a broken-off run did not reach is done by running it again.
    """

    noun: ClassVar[str] = "rows"
    batch_size: ClassVar[int] = 1000

    tenant: Tenant
    counts: Counter[str]  # what has come of the rows so far

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--tenant", required=True, help="the tenant's key")
        parser.add_argument(
            "--batch-size", type=at_least_one, default=self.batch_size, help=f"{self.noun} per transaction"
        )
        parser.add_argument("--dry-run", action="store_true", help=DRY_RUN)

    def prepare(self, options: dict[str, Any]) -> None:
        """Reads the arguments; raises CommandError when they make no sense. The tenant is known."""

    def rows(self) -> Iterable[R]:
        """What there is to do; read batch by batch, outside the batches' transactions."""
        raise NotImplementedError

    def total(self) -> int | None:
        """How many rows to expect, for the progress bar."""
        return None

    def work(self, batch: Sequence[R]) -> Counter[str]:
        """Carries out one batch inside its transaction and says how many rows came to what; `failed` counts faults."""
        raise NotImplementedError

    def finish(self) -> None:
        """What is left to do once every batch is done."""

    def reached(self, row: R) -> str:
        """How far the work is once this row is done, beside the progress bar."""
        return ""

    def handle(self, *args: Any, **options: Any) -> None:
        self.tenant = tenant_named(options["tenant"])
        self.counts = Counter()
        self.prepare(options)
        with rolled_back() if options["dry_run"] else nullcontext():
            self._work_through(size=options["batch_size"], silent=not options["verbosity"])
            self.finish()
        self.stdout.write(self.summary(self.counts, dry_run=options["dry_run"]))
        if self.counts["failed"]:
            raise CommandError(self.failure(self.counts["failed"]))

    def _work_through(self, *, size: int, silent: bool) -> None:
        # The bar writes to the real stderr: Django's wrapper would end each of its steps with a new line.
        with tqdm(total=self.total(), unit=f" {self.noun}", file=sys.stderr, disable=silent) as bar:
            for batch in in_batches(self.rows(), size):
                with transaction.atomic():
                    done = self.work(batch)
                self.counts.update(done)
                bar.set_postfix_str(self.reached(batch[-1]), refresh=False)
                bar.update(len(batch))

    def summary(self, counts: Counter[str], *, dry_run: bool) -> str:
        """What was done, in one line."""
        listed = ", ".join(f"{number:,} {word}" for word, number in counts.items()) or "nothing to do"
        return f"{self.tenant.key}: {listed}{' (dry run: rolled back)' if dry_run else ''}"

    def failure(self, failed: int) -> str:
        """What the command ends with when rows failed."""
        return f"{failed:,} {self.noun} failed."


class RowByRow(BatchCommand[R]):
    """Work on rows of the database. A batch that cannot be carried out is done row by row.

    So the row at fault is named and counted and stops none of the others.
    """

    def key_of(self, row: R) -> str:
        """What names the row to people."""
        return str(row)

    def carry_out(self, batch: Sequence[R]) -> Counter[str]:
        """Carries out one batch; says what became of how many rows."""
        raise NotImplementedError

    def work(self, batch: Sequence[R]) -> Counter[str]:
        try:
            with transaction.atomic():
                return self.carry_out(batch)
        except CommandError:
            raise
        except Exception as error:  # noqa: BLE001  the one row boundary: whatever is wrong with a row, others go on
            if len(batch) == 1:
                self.stderr.write(f"{self.key_of(batch[0])}: {str(error) or type(error).__name__}")
                return Counter({"failed": 1})
        counts: Counter[str] = Counter()
        for row in batch:
            counts.update(self.work([row]))
        return counts


class Backfill(RowByRow[R]):
    """Work on rows in the order of their keys. `--after` goes on behind one of them."""

    after: str | None

    def add_arguments(self, parser: ArgumentParser) -> None:
        super().add_arguments(parser)
        parser.add_argument(
            "--after", metavar="KEY", help="go on behind this row, which the progress bar of a broken-off run named"
        )

    def prepare(self, options: dict[str, Any]) -> None:
        super().prepare(options)
        self.after = options["after"]

    def key_after(self, kind: Kind) -> int | None:
        """The key behind which to go on, when rows are named by public ids. Raises CommandError for another kind's."""
        if self.after is None:
            return None
        key = kind.decode(self.after)
        if key is None:
            raise CommandError(f'--after: "{self.after}" is no id such as {kind.prefix}_...')
        return key

    def reached(self, row: R) -> str:
        return f"--after {self.key_of(row)}"


def by_key(rows: models.QuerySet[M], *, size: int, after: int | None = None) -> Iterator[M]:
    """The rows in the order of their keys, a page per query, so that batches may write meanwhile."""
    while page := list((rows if after is None else rows.filter(pk__gt=after)).order_by("pk")[:size]):
        yield from page
        after = page[-1].pk


def in_batches(rows: Iterable[R], size: int) -> Iterator[list[R]]:
    """The rows in lists of at most `size`, each read when it is asked for."""
    remaining = iter(rows)
    while batch := list(islice(remaining, size)):
        yield batch


@contextmanager
def rolled_back() -> Iterator[None]:
    """One transaction that is never committed."""
    with transaction.atomic():
        yield
        transaction.set_rollback(True)
