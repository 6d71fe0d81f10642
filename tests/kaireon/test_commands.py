"""What commands say when they cannot do what they were asked for."""

from __future__ import annotations

import os
import subprocess
import sys
from io import StringIO
from pathlib import Path

import pytest
from django.conf import settings
from django.core.management import CommandError, call_command

from kaireon.tenancy import Tenant
from tests.witness import stored

FAULTS = {
    "Acme": 'key "Acme": Write lower-case letters, digits and hyphens.',
    "acme": 'key "acme": Tenant with this Key already exists.',
}


@pytest.mark.parametrize("key", FAULTS)
def test_a_tenant_that_cannot_be_made_names_every_fault(tenant: Tenant, key: str) -> None:
    before = stored()
    with pytest.raises(CommandError) as error:
        call_command("create_tenant", key, name="", timezone="Mars", stdout=StringIO())
    assert set(str(error.value).split("; ", 3)) >= {FAULTS[key], 'name "": This field cannot be blank.'}
    assert 'timezone "Mars": "Mars" is not an IANA time zone' in str(error.value)
    assert stored() == before


@pytest.mark.parametrize("command", ["create_tenant acme --name Acme", "expire_reservations --tenant acme"])
def test_a_database_without_tables_is_no_traceback(tmp_path: Path, command: str) -> None:
    ended = subprocess.run(
        [sys.executable, "manage.py", *command.split()],
        cwd=settings.BASE_DIR,
        env={**os.environ, "DATABASE_URL": f"sqlite:///{tmp_path / 'empty.sqlite3'}"},
        capture_output=True,
        text=True,
        check=False,
    )
    said = "no such table: kaireon_tenant: see that DATABASE_URL is right and manage.py migrate was run."
    assert (ended.returncode, ended.stdout, ended.stderr.strip()) == (1, "", f"CommandError: {said}")
