"""`manage.py import_interactions`: good rows are loaded once, bad ones are named, nothing is half written."""

from __future__ import annotations

import json
from datetime import UTC, datetime
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
from tests.decisioning.importing import HEADER, ROWS, imported, refused
from tests.witness import rows_added, stored


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
    # A third equal row is a third interaction, in one file or spread over two of one run.
    assert imported(write(HEADER, *ROWS, ROWS[0])) == "acme: 1 imported, 3 already there, 0 failed"
    assert imported(write(HEADER, *ROWS), write(HEADER, ROWS[2], name="more.csv")).startswith("acme: 1 imported, 3")


def test_ndjson_says_the_same_as_csv(tenant: Tenant, catalogue: Catalogue, write: Write) -> None:
    names = HEADER.split(",")
    lines = [json.dumps(dict(zip(names, row.split(","), strict=True)) | {"offer": None}) for row in ROWS]
    assert imported(write(HEADER, *ROWS)).startswith("acme: 3 imported")
    assert imported(write(*lines, "", name="t.jsonl")) == "acme: 0 imported, 3 already there, 0 failed"
    plain = write(*lines, name="touches.log")
    assert "neither CSV nor NDJSON" in refused(plain)[1]
    assert imported(plain, format="ndjson") == "acme: 0 imported, 3 already there, 0 failed"


def test_an_idempotency_key_makes_rows_the_same_whatever_else_they_say(
    tenant: Tenant, catalogue: Catalogue, write: Write
) -> None:
    header = f"{HEADER},idempotencyKey"
    path = write(header, f"{ROWS[0]},k1", f"{ROWS[2]},k1", f"{ROWS[0]},k2", f"{ROWS[0]},")
    assert imported(path) == "acme: 3 imported, 1 already there, 0 failed"
    assert imported(path, batch_size=1) == "acme: 0 imported, 4 already there, 0 failed"
    assert Interaction.objects.of(tenant).filter(outcome="click").count() == 0


def test_a_dry_run_does_everything_but_keep_it(tenant: Tenant, write: Write) -> None:
    path = write(f"{HEADER},offer", *(f"{row},Gold" for row in ROWS))
    before = stored()
    said = imported(path, create_missing=True, dry_run=True, batch_size=10)
    assert said == (
        "acme: 3 imported, 0 already there, 0 failed, 1 offers created, 1 channels created (dry run: rolled back)"
    )
    assert stored() == before
    assert imported(path, create_missing=True, dry_run=True, batch_size=1).startswith("acme: 3 imported")
    assert stored() == before


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
