"""What `import_interactions` refuses, and where its names lead."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from creatives.models import Channel, Offer
from decisioning.models import Interaction
from kaireon.audit import AuditEntry, verify
from kaireon.tenancy import Tenant
from tests.conftest import Catalogue, Door
from tests.decisioning.conftest import KEYS, Write
from tests.decisioning.importing import HEADER, ROWS, imported, refused, rejects_of
from tests.witness import rows_added, stored

BAD_ROWS = {
    ",2026-03-10T12:00:00Z,impression,Email": "customerId is missing",
    "ada,,,Email": "timestamp is missing; outcome is missing",
    "ada,2026-03-10 12:00,impression,Email": 'timestamp "2026-03-10 12:00" has no zone; add one or say --timezone',
    "ada,yesterday,impression,Email": 'timestamp "yesterday" is not ISO 8601',
    "ada,2990-03-10T12:00:00Z,impression,Email": "timestamp 2990-03-10T12:00:00.000Z lies in the future",
    "ada,2026-03-10T12:00:00Z,impression,Fax": 'channel "Fax" is unknown',
    "ada,2026-03-10T12:00:00Z,impression": "the row has 3 fields, the header 4",
    "a\0da,2026-03-10T12:00:00Z,impression,Email": (
        "customerId is longer than 255 characters, not UTF-8 or holds a NUL"
    ),
    f"{'x' * 256},2026-03-10T12:00:00Z,impression,Email": (
        "customerId is longer than 255 characters, not UTF-8 or holds a NUL"
    ),
    'ada,"2026"-03,impression,Email': "this is not CSV: ',' expected after '\"'",
}


def test_bad_rows_go_to_the_reject_file_and_good_ones_are_loaded(
    tenant: Tenant, catalogue: Catalogue, write: Write, tmp_path: Path
) -> None:
    path = write(HEADER, ROWS[0], *BAD_ROWS, ROWS[2])
    summary, error = refused(path, batch_size=2)
    assert summary == f"acme: 2 imported, 0 already there, {len(BAD_ROWS)} failed"
    assert error == (
        f"{len(BAD_ROWS)} rows were refused; {path}.rejects.csv says why. Correct them and import the file again."
    )
    rejects = rejects_of(Path(f"{path}.rejects.csv"))
    assert [(int(line), reason) for line, reason, _ in rejects] == list(enumerate(BAD_ROWS.values(), start=3))
    assert json.loads(rejects[0][2]) == {
        "customerId": "",
        "timestamp": "2026-03-10T12:00:00Z",
        "outcome": "impression",
        "channel": "Email",
    }
    # Corrected and imported again, the reject file goes and only the corrected row is added.
    path.write_text("\n".join([HEADER, ROWS[0], ROWS[1], ROWS[2]]))
    assert imported(path) == "acme: 1 imported, 2 already there, 0 failed"
    assert not Path(f"{path}.rejects.csv").exists()


def test_an_unknown_outcome_is_refused_with_the_known_keys(tenant: Tenant, catalogue: Catalogue, write: Write) -> None:
    path = write(HEADER, "ada,2026-03-10T12:00:00Z,Impression,Email")
    refused(path)
    [(_, reason, _)] = rejects_of(Path(f"{path}.rejects.csv"))
    assert reason.startswith('outcome "Impression" is unknown; known are accept, click, complaint, convert, dismiss')


@pytest.mark.parametrize(
    ("given", "reason"),
    [
        ("off=Gold,cre=Email Hero", 'offer "Gold" contradicts the creative'),
        ("cre=Email Hero,ch=Push", 'channel "Push" contradicts the creative'),
        ("cre=Email Hero,pl=Footer", 'placement "Footer" contradicts the creative'),
        ("cre=Email Hero,pl=Top", 'placement "Top" is unknown on this channel'),
        ("ch=Email,pl=Top", 'placement "Top" is unknown on this channel'),
        ("pl=Middle", 'placement "Middle" exists on several channels; name the channel too'),
        ("cre=Nobody", 'creative "Nobody" is unknown'),
        ("off=Nothing,ch=Nowhere", 'offer "Nothing" is unknown; channel "Nowhere" is unknown'),
    ],
)
def test_what_contradicts_or_is_ambiguous_is_refused(
    admin: Door, tenant: Tenant, catalogue: Catalogue, write: Write, given: str, reason: str
) -> None:
    admin.make("offers", name="Gold")
    push = admin.make("channels", name="Push")["id"]
    for name, channel in (
        ("Footer", catalogue.channel),
        ("Top", push),
        ("Middle", push),
        ("Middle", catalogue.channel),
    ):
        admin.make("placements", name=name, channelId=channel)
    names = {"off": "offer", "cre": "creative", "ch": "channel", "pl": "placement"}
    row = {names[key]: value for key, _, value in (pair.partition("=") for pair in given.split(","))}
    path = write(
        json.dumps({"customerId": "ada", "timestamp": "2026-03-10T12:00Z", "outcome": "click", **row}), name="a.ndjson"
    )
    before = stored()
    assert refused(path)[0] == "acme: 0 imported, 0 already there, 1 failed"
    assert [why for _, why, _ in rejects_of(Path(f"{path}.rejects.csv"))] == [reason]
    assert rows_added(before) == {}


def test_a_placement_is_found_by_its_channel_and_brings_its_channel(
    admin: Door, tenant: Tenant, catalogue: Catalogue, write: Write
) -> None:
    push = admin.make("channels", name="Push")["id"]
    here = admin.make("placements", name="Hero", channelId=push)["id"]
    top = admin.make("placements", name="Top", channelId=push)["id"]
    rows = [
        {"channel": "Push", "placement": "Hero"},
        {"channel": "Email", "placement": "Hero"},
        {"placement": "Top"},
        {"placement": top},
    ]
    common = {"customerId": 7, "timestamp": "2026-03-10T12:00Z", "outcome": "impression"}
    imported(write(*(json.dumps(common | row) for row in rows), name="a.ndjson"))
    placement, channel = KEYS["placement"].id_kind.decode, KEYS["channel"].id_kind.decode
    found = Interaction.objects.of(tenant).order_by("id").values_list("customer_id", "channel_key", "placement_key")
    assert list(found) == [
        ("7", channel(push), placement(here)),
        ("7", channel(catalogue.channel), placement(catalogue.placement)),
        ("7", channel(push), placement(top)),
        ("7", channel(push), placement(top)),
    ]


def test_missing_channels_and_offers_are_created_with_history_and_audit(tenant: Tenant, write: Write) -> None:
    lines = [f"ada,2026-03-10T12:00:0{second}Z,impression,Fax,Gold" for second in range(5)]
    bad = "ada,2026-03-10T12:00:00,impression,Pigeon,Silver"
    path = write(f"{HEADER},offer", *lines, bad)
    summary, _ = refused(path, create_missing=True, batch_size=2)
    assert summary == "acme: 5 imported, 0 already there, 1 failed, 1 offers created, 1 channels created"
    channel, offer = Channel.objects.get(), Offer.objects.get()
    assert (channel.name, channel.status, offer.name, offer.status) == ("Fax", "active", "Gold", "active")
    entries = AuditEntry.objects.of(tenant).filter(entity_type__in=["channel", "offer"]).order_by("id")
    assert [(entry.action, entry.entity_name) for entry in entries] == [("create", "Fax"), ("create", "Gold")]
    assert (channel.history.count(), verify(tenant).intact) == (1, True)
    assert set(Interaction.objects.of(tenant).values_list("channel_key", "offer_key")) == {(channel.pk, offer.pk)}


WRONG_ARGUMENTS = {
    '--columns: "who" is no target': {"columns": ["who=customerId"]},
    '--columns: "customerId" is no pair': {"columns": ["customerId"]},
    "no column client (for customerId)": {"columns": ["customerId=client"]},
    "no column price (for cost)": {"columns": ["cost=price"]},
    "There is no tenant": {"tenant": "nobody"},
}


@pytest.mark.parametrize("message", WRONG_ARGUMENTS)
def test_arguments_that_make_no_sense_are_refused(tenant: Tenant, write: Write, message: str) -> None:
    before = stored()
    with pytest.raises(CommandError) as error:
        options: dict[str, Any] = {"tenant": "acme", **WRONG_ARGUMENTS[message]}
        call_command("import_interactions", write(HEADER, *ROWS), verbosity=0, **options)
    assert message in str(error.value)
    assert stored() == before


def test_the_files_themselves_are_never_touched(tenant: Tenant, write: Write, tmp_path: Path) -> None:
    path = write(HEADER, *ROWS)
    assert "one of the files to import" in refused(path, rejects=path)[1]
    assert "there is no such file" in refused(tmp_path / "nothing.csv")[1]
    assert path.read_text().splitlines() == [HEADER, *ROWS]
