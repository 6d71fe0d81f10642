"""`manage.py import_interactions`: good rows are loaded once, bad ones are named, nothing is half written."""

from __future__ import annotations

import json
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
from django.db import connection

from creatives.models import Channel, SubCategory
from decisioning.models import Interaction
from kaireon.access import create_tenant
from kaireon.tenancy import Tenant
from tests.conftest import Catalogue, Door
from tests.decisioning.conftest import KEYS, Write
from tests.decisioning.importing import HEADER, ROWS, imported, refused, rejects_of
from tests.witness import rows_added, stored

NEXT = "cleo,2026-03-11T12:00:00Z,impression,Email"
FULL = "ada,2026-03-10T12:00:00Z,impression,Email,Gold,,0.5"


def keys_of(catalogue: Catalogue) -> dict[str, Any]:
    """The catalogue's integer keys."""
    return {f"{kind}_key": model.id_kind.decode(getattr(catalogue, kind)) for kind, model in KEYS.items()}


def test_rows_become_interactions_with_what_is_true_now_frozen_beside_them(
    admin: Door, tenant: Tenant, catalogue: Catalogue, write: Write
) -> None:
    admin("PATCH", f"channels/{catalogue.channel}", {"costPerContact": 0.25})
    admin("PATCH", f"offers/{catalogue.offer}", {"category": "cards", "subCategoryId": catalogue.sub_category})
    path = write(
        "who,when,what,creative,campaignId,conversionValue,cost",
        "ada ,2026-03-10T12:00:00.1239Z,seen,Email Hero,spring,,",
        f"ada,2026-03-10T13:00:00+01:00,bought,{catalogue.creative},,12.5,0.1",
    )
    options = {"columns": ["customerId=who,timestamp=when", "outcome=what"]}
    summary = imported(path, **options, map_outcome=["seen=impression,bought=convert"])
    assert summary == "acme: 2 imported, 0 already there, 0 failed"
    sub_category = SubCategory.id_kind.decode(catalogue.sub_category)
    frozen = keys_of(catalogue) | {"sub_category_key": sub_category, "label": "cards"}
    first, second = Interaction.objects.of(tenant).order_by("id").values()
    for row in (first, second):
        assert {name: row[name] for name in frozen} == frozen
    assert (first["customer_id"], second["customer_id"]) == ("ada ", "ada")
    assert first["at"] == datetime(2026, 3, 10, 12, 0, 0, 123_000, tzinfo=UTC)
    assert second["at"] == datetime(2026, 3, 10, 12, tzinfo=UTC)
    assert (first["outcome"], second["outcome"]) == ("impression", "convert")
    assert (first["campaign_id"], second["campaign_id"]) == ("spring", None)
    assert (first["cost_micros"], second["cost_micros"]) == (250_000, 100_000)
    assert (first["value_micros"], second["value_micros"]) == (0, 12_500_000)


def test_a_row_without_an_offer_has_an_empty_label_and_only_contacts_cost(
    admin: Door, tenant: Tenant, catalogue: Catalogue, write: Write
) -> None:
    admin("PATCH", f"channels/{catalogue.channel}", {"costPerContact": 0.25})
    assert imported(write(HEADER, *ROWS)) == "acme: 3 imported, 0 already there, 0 failed"
    rows = Interaction.objects.of(tenant).order_by("id").values_list("label", "offer_key", "cost_micros")
    assert list(rows) == [("", None, 250_000), ("", None, 250_000), ("", None, 0)]


def test_importing_again_adds_nothing_whatever_the_order_and_the_batches(
    tenant: Tenant, catalogue: Catalogue, write: Write
) -> None:
    path = write(HEADER, *ROWS)
    assert imported(path) == "acme: 3 imported, 0 already there, 0 failed"
    before = stored()
    assert imported(path) == "acme: 0 imported, 3 already there, 0 failed"
    assert imported(write(HEADER, *reversed(ROWS)), batch_size=1) == "acme: 0 imported, 3 already there, 0 failed"
    assert rows_added(before) == {}
    # A third equal row of a file is a third interaction.
    assert imported(write(HEADER, *ROWS, ROWS[0])) == "acme: 1 imported, 3 already there, 0 failed"


@pytest.mark.parametrize("together", [True, False])
def test_a_row_in_two_files_is_one_interaction_whichever_files_are_imported_together(
    tenant: Tenant, catalogue: Catalogue, write: Write, together: bool
) -> None:
    # Day one has two equal rows and one other; day two repeats one of the equal ones, and adds a row.
    files = [write(HEADER, *ROWS, name="1.csv"), write(HEADER, ROWS[0], NEXT, name="2.csv")]
    said = [imported(*files)] if together else [imported(files[1]), imported(files[0])]
    assert said == (
        ["acme: 4 imported, 1 already there, 0 failed"]
        if together
        else ["acme: 2 imported, 0 already there, 0 failed", "acme: 2 imported, 1 already there, 0 failed"]
    )
    rows = Interaction.objects.of(tenant).values_list("customer_id", "outcome")
    assert Counter(rows) == {("ada", "impression"): 2, ("bob", "click"): 1, ("cleo", "impression"): 1}
    for again in ([files[0]], [files[1]], files, files[::-1]):
        assert imported(*again, batch_size=2).startswith("acme: 0 imported")


def test_a_file_named_twice_in_two_spellings_is_read_once(
    tenant: Tenant, catalogue: Catalogue, write: Write, tmp_path: Path
) -> None:
    path = write(HEADER, *ROWS)
    (tmp_path / "alias.csv").symlink_to(path)
    spellings = [path, tmp_path / ".." / tmp_path.name / path.name, tmp_path / "alias.csv"]
    assert imported(*spellings) == "acme: 3 imported, 0 already there, 0 failed"
    for spelling in spellings:
        assert imported(spelling) == "acme: 0 imported, 3 already there, 0 failed"


def test_ndjson_says_the_same_as_csv(tenant: Tenant, catalogue: Catalogue, write: Write) -> None:
    names = HEADER.split(",")
    lines = [json.dumps(dict(zip(names, row.split(","), strict=True)) | {"offer": None}) for row in ROWS]
    assert imported(write(HEADER, *ROWS)).startswith("acme: 3 imported")
    assert imported(write(*lines, "", name="t.jsonl")) == "acme: 0 imported, 3 already there, 0 failed"
    plain = write(*lines, name="touches.log")
    assert "none of csv, ndjson, parquet" in refused(plain)[1]
    assert imported(plain, format="ndjson") == "acme: 0 imported, 3 already there, 0 failed"


def test_the_same_row_under_one_idempotency_key_is_recorded_once(
    tenant: Tenant, catalogue: Catalogue, write: Write
) -> None:
    path = write(f"{HEADER},idempotencyKey", f"{ROWS[0]},k1", f"{ROWS[0]},k1", f"{ROWS[0]},k2", f"{ROWS[0]},")
    assert imported(path) == "acme: 3 imported, 1 already there, 0 failed"
    assert imported(path, batch_size=1) == "acme: 0 imported, 4 already there, 0 failed"


CONFLICTS = {
    "bob,2026-03-10T12:00:00Z,impression,Email,Gold,,0.5": "customerId",
    "ada,2026-03-10T12:00:01Z,click,Email,Gold,,0.5": "timestamp, outcome",
    "ada,2026-03-10T12:00:00Z,impression,Push,Gold,,0.5": "channel",
    "ada,2026-03-10T12:00:00Z,impression,Email,,,0.5": "offer",
    "ada,2026-03-10T12:00:00Z,impression,Email,Gold,12,0.5": "conversionValue",
    "ada,2026-03-10T12:00:00Z,impression,Email,Gold,,0.6": "cost",
}


@pytest.mark.parametrize("batch_size", [1, 1000])
def test_another_row_under_the_same_idempotency_key_is_refused(
    admin: Door, tenant: Tenant, catalogue: Catalogue, write: Write, batch_size: int
) -> None:
    admin.make("offers", name="Gold")
    admin.make("channels", name="Push")
    header, first = f"{HEADER},offer,conversionValue,cost,idempotencyKey", f"{FULL},k1"
    path = write(header, first, *(f"{row},k1" for row in CONFLICTS), first)
    reasons = [f'idempotencyKey "k1" stands for a row with another {what}' for what in CONFLICTS.values()]
    assert refused(path, batch_size=batch_size)[0] == "acme: 1 imported, 1 already there, 6 failed"
    before = stored()
    # Later too, and whichever of them comes first then: what was recorded stands.
    for lines in ([*CONFLICTS, FULL], [FULL, *CONFLICTS]):
        path = write(header, *(f"{row},k1" for row in lines))
        assert refused(path, batch_size=batch_size)[0] == "acme: 0 imported, 1 already there, 6 failed"
        assert [reason for _, reason, _ in rejects_of(Path(f"{path}.rejects.csv"))] == reasons
    assert rows_added(before) == {}


def test_what_a_keyed_row_leaves_to_the_catalogue_may_change_between_two_imports(
    admin: Door, tenant: Tenant, catalogue: Catalogue, write: Write
) -> None:
    path = write(
        "customerId,timestamp,outcome,creative,idempotencyKey", "ada,2026-03-10T12:00:00Z,impression,Email Hero,k1"
    )
    assert imported(path).startswith("acme: 1 imported")
    admin("PATCH", f"channels/{catalogue.channel}", {"costPerContact": 0.75})
    admin("PATCH", f"creatives/{catalogue.creative}", {"placementId": None})
    assert imported(path) == "acme: 0 imported, 1 already there, 0 failed"


@pytest.mark.parametrize("batch_size", [1, 2, 1000])
def test_a_dry_run_says_what_the_real_run_will_say_and_keeps_nothing(
    tenant: Tenant, write: Write, tmp_path: Path, batch_size: int
) -> None:
    # Names that several batches use, a key that stands for two rows, a bad row between good ones, a row twice.
    path = write(
        f"{HEADER},offer,idempotencyKey",
        *(f"{row},Gold," for row in ROWS),
        f"{ROWS[2]},Silver,k1",
        f"{ROWS[0]},Silver,k1",
        ",2026-03-10T12:00:00Z,impression,Fax,Bronze,",
        f"{NEXT},Gold,",
        f"{NEXT},Silver,k2",
        f"{NEXT},Silver,k2",
    )
    options: dict[str, Any] = {"create_missing": True, "batch_size": batch_size}
    before = stored()
    dry = refused(path, dry_run=True, rejects=tmp_path / "dry.csv", **options)[0]
    assert stored() == before
    real = refused(path, rejects=tmp_path / "real.csv", **options)[0]
    assert real == "acme: 6 imported, 1 already there, 2 failed, 2 offers created, 1 channels created"
    assert dry == f"{real} (dry run: rolled back)"
    assert rejects_of(tmp_path / "dry.csv") == rejects_of(tmp_path / "real.csv")
    assert Interaction.objects.of(tenant).count() == 6


def test_timestamps_without_a_zone_take_the_one_that_is_named(
    tenant: Tenant, catalogue: Catalogue, write: Write
) -> None:
    path = write(HEADER, "ada,2026-07-10 12:00:00,impression,Email", "ada,2026-07-10T12:00:00Z,click,Email")
    imported(path, timezone="Europe/Berlin")
    hours = [at.hour for at in Interaction.objects.of(tenant).order_by("id").values_list("at", flat=True)]
    assert hours == [10, 12]
    assert "is not an IANA time zone" in refused(path, timezone="Berlin")[1]


@pytest.mark.django_db(transaction=True)
def test_two_imports_at_once_add_every_row_once(write: Write) -> None:
    tenant = create_tenant(key="acme", name="Acme")
    path = write(HEADER, *(f"ada,2026-03-10T12:{number:02}:00Z,impression,Fax" for number in range(60)))

    def run(number: int) -> None:
        try:
            imported(path, create_missing=True, batch_size=7, rejects=path.with_name(f"rejects {number}.csv"))
        finally:
            connection.close()

    threads = [Thread(target=run, args=(number,)) for number in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert Interaction.objects.of(tenant).count() == 60
    assert Channel.objects.of(tenant).count() == 1
