"""`manage.py import_customers`: rows become customers, once, and bad ones are named."""

from __future__ import annotations

import gzip
import json
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from decisioning.models import Customer
from kaireon.audit import AuditEntry, ConfigurationHead
from kaireon.tenancy import Tenant
from tests.conftest import Door
from tests.decisioning.conftest import Write
from tests.decisioning.importing import rejects_of
from tests.witness import stored


def imported(*files: Path, **options: Any) -> str:
    """Runs the command and answers its summary."""
    out = StringIO()
    call_command("import_customers", *files, tenant="acme", stdout=out, verbosity=0, **options)
    return out.getvalue().strip()


def refused(*files: Path, **options: Any) -> tuple[str, str]:
    """Runs the command, which must end with an error; answers summary and error."""
    out = StringIO()
    with pytest.raises(CommandError) as error:
        call_command("import_customers", *files, tenant="acme", stdout=out, verbosity=0, **options)
    return out.getvalue().strip(), str(error.value)


def known(tenant: Tenant) -> dict[str, tuple[Any, str, list[str]]]:
    """Attributes, zone and segments by customer."""
    return {
        row.customer_id: (row.attributes, row.timezone, sorted(m.segment.name for m in row.memberships.all()))
        for row in Customer.objects.of(tenant)
    }


def test_columns_become_attributes_and_segments(admin: Door, tenant: Tenant, write: Write) -> None:
    admin.make("segments", name="vip")
    path = write("id,tz,age,city,in", "ada,Europe/Berlin,41,,vip|new", " bob,,,Rome,")
    options = {"columns": ["customerId=id,timezone=tz"], "segments": "in"}
    summary = imported(path, **options, create_missing=True)
    assert summary == "acme: 2 created, 0 updated, 0 already there, 0 failed, 1 segments created"
    assert known(tenant) == {
        "ada": ({"age": "41"}, "Europe/Berlin", ["new", "vip"]),
        " bob": ({"city": "Rome"}, "", []),
    }
    entries = AuditEntry.objects.of(tenant).filter(entity_type="customer")
    assert [entry.content["after"] for entry in entries] == [
        {"created": 2, "attributes": "withheld", "segments": "withheld", "timezone": "withheld"}
    ]
    before = stored()
    assert imported(path, **options) == "acme: 0 created, 0 updated, 2 already there, 0 failed"
    assert stored() == before


def test_ndjson_keeps_types_and_what_a_row_does_not_say_stays(tenant: Tenant, write: Write) -> None:
    rows = [{"customerId": 7, "a": 1, "b": None, "c": [True]}, {"customerId": "ada", "timezone": "UTC"}]
    version = ConfigurationHead.objects.get(tenant=tenant).version
    imported(write(*map(json.dumps, rows), name="c.ndjson"))
    assert known(tenant) == {"7": ({"a": 1, "b": None, "c": [True]}, "", []), "ada": ({}, "UTC", [])}
    rows = [{"customerId": "7", "timezone": "UTC"}, {"customerId": "ada", "a": 1}, {"customerId": "ada", "a": True}]
    summary = imported(write(*map(json.dumps, rows), name="c.ndjson"))
    assert summary == "acme: 0 created, 3 updated, 0 already there, 0 failed"
    assert known(tenant) == {"7": ({"a": 1, "b": None, "c": [True]}, "UTC", []), "ada": ({"a": True}, "UTC", [])}
    assert Customer.objects.get(customer_id="ada").version == 3
    assert ConfigurationHead.objects.get(tenant=tenant).version == version


def test_only_the_named_columns_become_attributes(tenant: Tenant, write: Write) -> None:
    path = write("customerId,a,b", "ada,1,2")
    imported(path, attributes="b")
    assert known(tenant) == {"ada": ({"b": "2"}, "", [])}
    assert "no column c (for --attributes)" in refused(path, attributes="c")[1]
    assert "no column s (for --segments)" in refused(path, segments="s")[1]
    assert "no column id (for customerId)" in refused(path, columns=["customerId=id"])[1]
    assert '"age" is no target' in refused(path, columns=["age=a"])[1]


def test_bad_rows_go_to_the_reject_file_and_good_ones_are_loaded(tenant: Tenant, write: Write) -> None:
    rows = [
        '{"customerId": "ada", "in": ["vip"]}',
        '{"customerId": "", "timezone": "x"}',
        '{"customerId": 1.5}',
        '{"customerId": "a", "n": NaN}',
        '{"customerId": "a", "n": "\\u0000"}',
        '{"customerId": "a", "in": 5}',
        '{"customerId": "good", "in": ""}',
        "nothing",
    ]
    path = write(*rows, name="c.jsonl")
    summary, error = refused(path, segments="in")
    assert summary == "acme: 1 created, 0 updated, 0 already there, 7 failed"
    assert "7 rows were refused" in error
    reasons = {row[0]: row[1] for row in rejects_of(Path(f"{path}.rejects.csv"))}
    assert reasons["1"] == 'segment "vip" is unknown; see --create-missing'
    assert reasons["2"] == 'customerId is missing; timezone "x" is not an IANA time zone'
    assert reasons["3"] == "customerId is neither a text nor a whole number"
    assert "not finite" in reasons["4"]
    assert "NUL" in reasons["5"]
    assert reasons["6"] == "segments are neither a text nor a list of texts"
    assert known(tenant) == {"good": ({}, "", [])}
    assert "no slug" in rejected_for(write("customerId,in", "ada,not a slug"), segments="in", create_missing=True)


def rejected_for(path: Path, **options: Any) -> str:
    refused(path, **options)
    return rejects_of(Path(f"{path}.rejects.csv"))[0][1]


def test_packed_files_are_read_and_broken_ones_are_named(tenant: Tenant, tmp_path: Path) -> None:
    path = tmp_path / "profile.json.gz"
    lines = [json.dumps({"id": f"c{number}", "age": number}) for number in range(5)]
    path.write_bytes(gzip.compress("\n".join(lines).encode()))
    options = {"columns": ["customerId=id"], "batch_size": 2}
    assert imported(path, **options, dry_run=True).startswith("acme: 5 created")
    assert known(tenant) == {}
    assert imported(path, **options).startswith("acme: 5 created")
    assert known(tenant)["c3"] == ({"age": 3}, "", [])
    assert AuditEntry.objects.of(tenant).filter(action="import").count() == 3
    broken = tmp_path / "broken.csv.gz"
    broken.write_bytes(gzip.compress(b"customerId\n" + b"ada\n" * 1000)[:-20])
    assert "broken.csv.gz" in refused(broken)[1]
    broken.write_bytes(b"no gzip at all")
    assert "broken.csv.gz" in refused(broken)[1]
