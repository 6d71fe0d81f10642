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
    "ada,1969-12-31T23:59:59.999Z,impression,Email": 'timestamp "1969-12-31T23:59:59.999Z" is earlier than 1970',
    "ada,0001-01-01T00:00:00Z,impression,Email": 'timestamp "0001-01-01T00:00:00Z" is earlier than 1970',
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
    '"localtime" is not an IANA time zone': {"timezone": "localtime"},
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


FOREIGN = {"notes.csv": "customer,remark\nada,likes cards\n", "empty.csv": "", "near.csv": "file,line,reason\n"}


@pytest.mark.parametrize("dry_run", [True, False])
@pytest.mark.parametrize("name", FOREIGN)
def test_no_file_but_an_older_reject_file_is_ever_replaced(
    tenant: Tenant, catalogue: Catalogue, write: Write, tmp_path: Path, name: str, dry_run: bool
) -> None:
    path, foreign = write(HEADER, ROWS[0], "ada,,,Email"), tmp_path / name
    foreign.write_text(FOREIGN[name])
    before = stored()
    error = f"{foreign}: exists and holds no rejected rows; name another file for them."
    assert refused(path, rejects=foreign, dry_run=dry_run) == ("", error)
    foreign.rename(f"{path}.rejects.csv")  # where rejects go by default
    assert "exists and holds no rejected rows" in refused(path, dry_run=dry_run)[1]
    assert "exists and holds no rejected rows" in refused(path, rejects=tmp_path, dry_run=dry_run)[1]
    assert "there is no such directory" in refused(path, rejects=tmp_path / "no" / "r.csv", dry_run=dry_run)[1]
    assert Path(f"{path}.rejects.csv").read_text() == FOREIGN[name]
    assert stored() == before


def test_a_dry_run_replaces_an_older_reject_file_only_by_its_own_rejects(
    tenant: Tenant, catalogue: Catalogue, write: Write, tmp_path: Path
) -> None:
    rejects = tmp_path / "rejects.csv"
    refused(write(HEADER, "ada,,,Email"), rejects=rejects)
    older = rejects.read_bytes()
    imported(write(HEADER, ROWS[0]), rejects=rejects, dry_run=True)
    assert rejects.read_bytes() == older
    refused(write(HEADER, ROWS[0], ",,,Email"), rejects=rejects, dry_run=True)
    assert [line for line, _, _ in rejects_of(rejects)] == ["3"]
    imported(write(HEADER, ROWS[0]), rejects=rejects)
    assert not rejects.exists()


def test_files_that_cannot_be_read_are_refused_before_anything_is_written(
    tenant: Tenant, catalogue: Catalogue, write: Write, tmp_path: Path
) -> None:
    good, lines = write(HEADER, *ROWS, name="good.csv"), "\n".join([HEADER, *ROWS])
    (tmp_path / "folder.csv").mkdir()
    (tmp_path / "loop.csv").symlink_to(tmp_path / "loop.csv")
    (tmp_path / "wide.csv").write_text(lines, encoding="utf-16")
    (tmp_path / "wide.ndjson").write_text("{}", encoding="utf-16")
    (tmp_path / "latin.csv").write_text(lines.replace("customerId", "customerId,größe"), encoding="latin-1")
    (tmp_path / "quoted.csv").write_text(f'"a"b,{lines}')
    reasons = {
        "folder.csv": "this is no file",
        "loop.csv": "there is no such file",
        "wide.csv": "the text is UTF-16; save it as UTF-8",
        "wide.ndjson": "the text is UTF-16; save it as UTF-8",
        "latin.csv": "the header is not UTF-8; save the file as UTF-8",
        "quoted.csv": "the header cannot be read: ',' expected after '\"'",
    }
    before = stored()
    for name, reason in reasons.items():
        assert refused(good, tmp_path / name) == ("", f"{tmp_path / name}: {reason}.")
    assert stored() == before


@pytest.mark.parametrize("reads", [0, 1, 2, 3])
def test_a_file_the_system_refuses_to_read_ends_the_command_without_a_traceback(
    tenant: Tenant, catalogue: Catalogue, write: Write, monkeypatch: pytest.MonkeyPatch, reads: int
) -> None:
    # Root may read everything, so the refusal is played: at the first look at the file or at a later one.
    path, opened, whole = write(HEADER, *ROWS), Path.open, []

    def reluctant(self: Path, *args: Any, **options: Any) -> Any:
        if self == path and len(whole) == reads:
            raise PermissionError(13, "Permission denied", str(self))
        whole.extend([self] if self == path else [])
        return opened(self, *args, **options)

    before = stored()
    with monkeypatch.context() as patch:
        patch.setattr(Path, "open", reluctant)
        assert refused(path) == ("", f"{path}: Permission denied.")
    assert stored() == before
    assert imported(path).startswith("acme: 3 imported")


def test_text_that_is_not_utf_8_is_a_fault_of_its_row(
    tenant: Tenant, catalogue: Catalogue, write: Write, tmp_path: Path
) -> None:
    path = tmp_path / "latin.csv"
    path.write_bytes("\n".join([HEADER, ROWS[0], ROWS[0].replace("ada", "Jürgen")]).encode("latin-1"))
    assert refused(path)[0] == "acme: 1 imported, 0 already there, 1 failed"
    [(line, reason, _)] = rejects_of(Path(f"{path}.rejects.csv"))
    assert (line, reason) == ("3", "customerId is longer than 255 characters, not UTF-8 or holds a NUL")


def test_rejected_rows_that_cannot_be_written_down_end_the_command_with_their_batch_undone(
    tenant: Tenant, catalogue: Catalogue, write: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, opened = write(HEADER, *ROWS, "ada,,,Email"), Path.open

    def full(self: Path, mode: str = "r", *args: Any, **options: Any) -> Any:
        if mode == "w":
            raise OSError(28, "No space left on device")
        return opened(self, mode, *args, **options)

    before = stored()
    monkeypatch.setattr(Path, "open", full)
    error = f"{path}.rejects.csv: No space left on device; name another file for rejected rows."
    assert refused(path) == ("", error)
    assert stored() == before


def test_a_file_without_a_header_says_so(tenant: Tenant, write: Write) -> None:
    for text in ("", "\n\n"):
        path = write(text)
        assert refused(path) == ("", f"{path}: the first line is empty; it must name the columns.")


def test_a_quote_that_is_never_closed_says_what_it_swallowed(
    tenant: Tenant, catalogue: Catalogue, write: Write
) -> None:
    path = write(HEADER, ROWS[0], f'"{ROWS[1]}', ROWS[2])
    assert refused(path)[0] == "acme: 1 imported, 0 already there, 1 failed"
    [[line, reason, _]] = rejects_of(Path(f"{path}.rejects.csv"))
    assert (line, reason) == ("3", "this is not CSV: unexpected end of data; lines 3 to 4 are lost")
