"""Backfills go on behind a key, name the rows at fault and do the others."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from creatives.models import Category
from kaireon import clock
from kaireon.access import operator
from kaireon.batching import Backfill, by_key
from kaireon.tenancy import Tenant
from kaireon.writing import writing


class Naming(Backfill[int]):
    """Makes a category of every number but those that nobody can name."""

    def rows(self) -> Iterable[int]:
        return range(int(self.after or 0) + 1, 11)

    def carry_out(self, batch: Sequence[int]) -> Counter[str]:
        with writing(operator(self.tenant, "naming")) as unit:
            for number in batch:
                unit.create(Category(name=f"{number}", created_at=clock.now()))
                if number in {4, 7}:
                    raise ValueError(f"{number} has no name" if number == 4 else "")
        return Counter({"named": len(batch)})


def run(**options: Any) -> tuple[str, str, str]:
    """Summary, what was said of rows, and the error."""
    out, said, error = StringIO(), StringIO(), ""
    try:
        call_command(Naming(), tenant="acme", stdout=out, stderr=said, verbosity=0, **options)
    except CommandError as refused:
        error = str(refused)
    return out.getvalue().strip(), said.getvalue().strip(), error


def names(tenant: Tenant) -> list[int]:
    return sorted(int(name) for name in Category.objects.of(tenant).values_list("name", flat=True))


@pytest.mark.parametrize("batch_size", [1, 3, 100])
def test_rows_at_fault_are_named_and_counted_and_stop_nobody(tenant: Tenant, batch_size: int) -> None:
    said = ("4: 4 has no name\n7: ValueError", "2 rows failed.")
    assert run(batch_size=batch_size, dry_run=True) == ("acme: 8 named, 2 failed (dry run: rolled back)", *said)
    assert names(tenant) == []
    assert run(batch_size=batch_size) == ("acme: 8 named, 2 failed", *said)
    assert names(tenant) == [1, 2, 3, 5, 6, 8, 9, 10]


def test_a_run_goes_on_behind_a_key(tenant: Tenant) -> None:
    assert run(after="7") == ("acme: 3 named", "", "")
    assert names(tenant) == [8, 9, 10]
    assert run(after="10") == ("acme: nothing to do", "", "")


def test_rows_come_by_key_however_large_a_page_is(tenant: Tenant) -> None:
    run()
    rows = Category.objects.of(tenant).order_by("-name")
    keys = sorted(rows.values_list("pk", flat=True))
    for size in (1, 3, 8, 100):
        assert [row.pk for row in by_key(rows, size=size)] == keys
        assert [row.pk for row in by_key(rows, size=size, after=keys[2])] == keys[3:]
