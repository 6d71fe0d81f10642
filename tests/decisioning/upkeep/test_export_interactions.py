"""`manage.py export_interactions`: everything that was recorded, in a file that can be imported again."""

from __future__ import annotations

import json
from datetime import timedelta
from decimal import Decimal
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from pyarrow import parquet

from decisioning.contacts import budgets
from decisioning.contacts.ledgers import faults, refill
from decisioning.engine import ledger as codec
from decisioning.models import BudgetTotal, ContactLedger, Decision, Interaction
from decisioning.models.budgets import WHOLE_TENANT
from kaireon.access import create_tenant
from kaireon.files.writing import NdjsonFile
from kaireon.tenancy import Tenant
from tests.conftest import Catalogue, Door
from tests.decisioning.conftest import NOON, Happened, Write, hours
from tests.decisioning.importing import HEADER, ROWS, imported, refused, rejects_of
from tests.decisioning.running import killed_when, started
from tests.witness import stored

FORMATS = ["ndjson", "parquet"]
SECOND = timedelta(seconds=1)


def exported(path: Path, **options: Any) -> str:
    """Runs the command and answers its summary."""
    out = StringIO()
    call_command("export_interactions", tenant="acme", output=path, stdout=out, verbosity=0, **options)
    return out.getvalue().strip()


@pytest.fixture
def history(tenant: Tenant, catalogue: Catalogue, happened: Happened, write: Write) -> Tenant:
    """Interactions of every kind: imported, recommended, void, without a label, of a customer with a strange id."""
    imported(write(HEADER, *ROWS))
    happened(label=None, campaign_id=" spring \n", recorded_at=NOON + hours(3))
    happened(label="cards", decision_key=2**40, rank=3, void=True, direction="inbound")
    happened(customer=' "ö\u2028 ', outcome="convert", value_micros=12_345_678, cost_micros=1, context={"a": [1, None]})
    happened(
        NOON + hours(0.1), value_micros=10**18 + 1, offer_key=None, creative_key=None, label="", sub_category_key=None
    )
    refill(tenant, {"ada", "bob", ' "ö\u2028 '})
    budgets.keep(tenant, [WHOLE_TENANT, "offer"])
    return tenant


def content(tenant: Tenant, *without: str) -> list[Any]:
    """The interactions as they are stored, whichever keys they have."""
    columns = [field.attname for field in Interaction._meta.concrete_fields if field.attname not in {"id", *without}]
    return sorted(Interaction.objects.of(tenant).values_list(*columns), key=repr)


def ledgers(tenant: Tenant) -> dict[str, Any]:
    return {
        row.customer_id: (sorted(codec.decode(codec.joined(*row.ledger[:2]))), row.complete_from)
        for row in ContactLedger.objects.of(tenant)
    }


def totals(tenant: Tenant) -> set[Any]:
    rows = BudgetTotal.objects.of(tenant).exclude(impressions=0, micros=0)
    return set(rows.values_list("dimension", "key", "impressions", "micros"))


@pytest.mark.parametrize("kind", FORMATS)
def test_what_is_exported_comes_back_as_it_was(
    admin: Door, catalogue: Catalogue, history: Tenant, tmp_path: Path, kind: str
) -> None:
    path = tmp_path / f"history.{kind}"
    before = content(history, "import_key"), ledgers(history), totals(history)
    assert exported(path, batch_size=2) == "acme: 7 exported"
    everything = stored()
    assert imported(path) == "acme: 0 imported, 7 already there, 0 failed"
    assert stored() == everything
    # The catalogue has moved on since, and what was recorded has not.
    admin("PATCH", f"offers/{catalogue.offer}", {"category": "other", "name": "Other"})
    admin("DELETE", f"offers?id={catalogue.offer}")
    for model in (Interaction, ContactLedger):
        model.objects.all().delete()
    budgets.recount(history)
    assert imported(path, batch_size=3) == "acme: 7 imported, 0 already there, 0 failed"
    assert (content(history, "import_key"), ledgers(history), totals(history)) == before
    assert list(faults(history, ["ada", "bob"])) == []
    assert imported(path) == "acme: 0 imported, 7 already there, 0 failed"
    # A file that was imported before the export is known to be there, too.
    exported(tmp_path / f"again.{kind}")
    assert imported(tmp_path / f"again.{kind}", path.with_name("touches.csv")).startswith("acme: 0 imported, 10 alr")


def test_ndjson_says_ids_instants_and_amounts_as_the_api_does(
    tenant: Tenant, catalogue: Catalogue, happened: Happened, tmp_path: Path
) -> None:
    row = happened(
        decision_key=5, rank=0, value_micros=12_500_000, cost_micros=1, context={"k": 1}, campaign_id="spring"
    )
    exported(tmp_path / "a.ndjson")
    [line] = (tmp_path / "a.ndjson").read_text().splitlines()
    assert json.loads(line) == {
        "interactionId": row.public_id,
        "customerId": "ada",
        "timestamp": "2026-03-10T12:00:00.000Z",
        "outcome": "impression",
        "offerId": catalogue.offer,
        "creativeId": catalogue.creative,
        "channelId": catalogue.channel,
        "placementId": catalogue.placement,
        "categoryId": catalogue.category,
        "subCategoryId": None,
        "category": "",
        "campaignId": "spring",
        "conversionValue": 12.5,
        "cost": 0.000001,
        "recommendationId": Decision.id_kind.encode(5),
        "rank": 0,
        "direction": "",
        "void": False,
        "recordedAt": "2026-03-10T12:00:00.000Z",
        "context": {"k": 1},
        "importKey": None,
    }


def test_parquet_has_typed_columns(tenant: Tenant, catalogue: Catalogue, happened: Happened, tmp_path: Path) -> None:
    happened(value_micros=12_500_000, context={"k": 1})
    exported(tmp_path / "a.parquet")
    [row] = parquet.read_table(tmp_path / "a.parquet").to_pylist()
    assert (row["timestamp"], row["void"], row["rank"]) == (NOON, False, None)
    assert (row["conversionValue"], row["context"]) == (Decimal("12.5"), '{"k": 1}')


def test_from_to_and_customer_choose(tenant: Tenant, catalogue: Catalogue, happened: Happened, tmp_path: Path) -> None:
    path = tmp_path / "a.ndjson"
    for number in range(6):
        happened(NOON + hours(number), customer="ada" if number % 2 else "bob")
        happened(NOON + hours(number), customer="eve")
    assert exported(path, since=NOON + hours(1), until=NOON + hours(4), batch_size=1) == "acme: 6 exported"
    instants = [json.loads(line)["timestamp"] for line in path.read_text().splitlines()]
    assert instants == sorted(instants)
    assert exported(path, customer="ada") == "acme: 3 exported"
    assert exported(path, customer="nobody") == "acme: nothing to do"
    assert path.read_text() == ""


def test_a_file_that_cannot_be_finished_leaves_the_older_one(
    tenant: Tenant, catalogue: Catalogue, happened: Happened, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "a.ndjson"
    happened()
    assert exported(path, dry_run=True) == "acme: 1 exported (dry run: rolled back)"
    assert list(tmp_path.iterdir()) == []
    exported(path)
    older = path.read_text()

    def full(self: Any, rows: Any) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(NdjsonFile, "add", full)
        with pytest.raises(CommandError, match="No space left on device"):
            exported(path)
    assert (list(tmp_path.iterdir()), path.read_text()) == ([path], older)
    with pytest.raises(CommandError, match="none of ndjson, parquet"):
        exported(tmp_path / "a.csv")
    with pytest.raises(CommandError, match="No such file"):
        exported(tmp_path / "nowhere" / "a.ndjson")


@pytest.mark.django_db(transaction=True)
def test_a_killed_export_leaves_no_half_file_and_the_next_one_is_whole(tmp_path: Path) -> None:
    tenant = create_tenant(key="acme", name="Acme")
    Interaction.objects.bulk_create(
        Interaction(tenant=tenant, customer_id=f"c{n % 50}", at=NOON + n * SECOND, outcome="click", recorded_at=NOON)
        for n in range(3000)
    )
    path, part = tmp_path / "a.ndjson", tmp_path / "a.ndjson.part"
    process = started("export_interactions", f"--output={path}", "--batch-size=1")
    killed_when(lambda: part.exists() and part.stat().st_size > 0, process)
    assert not path.exists()
    assert exported(path) == "acme: 3,000 exported"
    assert [entry.name for entry in tmp_path.iterdir()] == [path.name]
    assert len({json.loads(line)["interactionId"] for line in path.read_text().splitlines()}) == 3000


WRONG = {
    "customerId": "",
    "timestamp": "2026-03-10T12:00:00",
    "outcome": "never heard of",
    "offerId": "off_nothing",
    "category": 5,
    "cost": "much",
    "rank": -1,
    "void": "no",
    "recommendationId": "rec_nothing",
    "importKey": str(2**63),
    "context": {"a": "\0"},
    "direction": "x" * 17,
}


def test_exported_rows_that_were_spoilt_are_refused_with_every_reason(
    tenant: Tenant, catalogue: Catalogue, happened: Happened, tmp_path: Path
) -> None:
    happened()
    exported(tmp_path / "a.ndjson")
    row = json.loads((tmp_path / "a.ndjson").read_text())
    bad = tmp_path / "bad.ndjson"
    bad.write_text(
        "\n".join([json.dumps({**row, column: value}) for column, value in WRONG.items()] + [json.dumps(row)])
    )
    assert refused(bad)[0] == f"acme: 0 imported, 1 already there, {len(WRONG)} failed"
    reasons = [reason for _, reason, _ in rejects_of(Path(f"{bad}.rejects.csv"))]
    assert [reason.partition(" ")[0] for reason in reasons] == list(WRONG)
    # Other systems may have an interactionId of their own.
    plain = {"interactionId": "4711", "recordedAt": None, "customerId": "ada", "timestamp": row["timestamp"]}
    bad.write_text(json.dumps({**plain, "outcome": "click"}))
    assert imported(bad) == "acme: 1 imported, 0 already there, 0 failed"
