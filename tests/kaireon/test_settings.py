"""The environment is read strictly: a process that would run wrongly does not start."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

SECRETS = {"SECRET_KEY": "s" * 50, "API_KEY_PEPPER": "p" * 50}


def started(**environment: str) -> tuple[int, str]:
    """The exit code and the last line of a process that only reads the settings."""
    kept = {name: value for name, value in os.environ.items() if name in {"PATH", "HOME", "LANG"}}
    code = "import django; django.setup(); from django.conf import settings; print(settings.DEBUG)"
    process = subprocess.run(
        [sys.executable, "-c", code],
        env={**kept, "DJANGO_SETTINGS_MODULE": "kaireon.settings", **environment},
        capture_output=True,
        text=True,
        check=False,
    )
    return process.returncode, (process.stdout + process.stderr).strip().splitlines()[-1]


@pytest.mark.parametrize(
    ("environment", "named"),
    [
        ({"DEBUG": "False"}, "SECRET_KEY"),
        ({"DEBUG": "0", "SECRET_KEY": "s"}, "API_KEY_PEPPER"),
        ({"DEBUG": "False", **SECRETS, "API_KEY_PEPPER": "  "}, "API_KEY_PEPPER"),
        ({"DEBUG": "yes"}, "DEBUG"),
        ({"DEBUG": "Flase"}, "DEBUG"),
        ({"SECURE_COOKIES": "maybe"}, "SECURE_COOKIES"),
        ({"DATABASE_URL": "nonsense"}, "DATABASE_URL"),
        ({"DATABASE_URL": "postgres://[::1"}, "DATABASE_URL"),
        ({"DATABASE_URL": "mysql://root@localhost/kaireon"}, "DATABASE_URL"),
        ({"RATE_LIMIT_PER_MINUTE": "many"}, "RATE_LIMIT_PER_MINUTE"),
        ({"RATE_LIMIT_PER_MINUTE": "-1"}, "RATE_LIMIT_PER_MINUTE"),
    ],
)
def test_a_bad_environment_refuses_to_start_and_names_the_variable(environment: dict[str, str], named: str) -> None:
    code, said = started(**environment)
    assert code == 1
    assert said.startswith("django.core.exceptions.ImproperlyConfigured: " + named)


def test_a_good_environment_starts() -> None:
    assert started() == (0, "True")
    assert started(DEBUG="false", **SECRETS) == (0, "False")
