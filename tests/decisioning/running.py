"""Commands as processes of their own, which can be killed half-way."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

from django.conf import settings

from tests.decisioning.servers import database_url


def started(command: str, *arguments: str | Path) -> subprocess.Popen[bytes]:
    """The command at work in this test's database, for the tenant acme."""
    return subprocess.Popen(
        [sys.executable, "manage.py", command, "--tenant=acme", *arguments],
        cwd=settings.BASE_DIR,
        env={**os.environ, "DATABASE_URL": database_url()},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )


def killed_when(far_enough: Callable[[], bool], process: subprocess.Popen[bytes]) -> None:
    """Kills the process, which must not have ended by itself, as soon as it is far enough."""
    deadline = time.monotonic() + 60
    try:
        while not far_enough():
            assert process.poll() is None, "the command ended by itself"
            assert time.monotonic() < deadline, "the command did nothing"
            time.sleep(0.005)
    finally:
        process.send_signal(signal.SIGKILL)
        assert process.wait() == -signal.SIGKILL
