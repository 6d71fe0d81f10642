"""The server under load: granian as the Makefile starts it, in a process group of its own that always ends."""

import os
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from time import monotonic, sleep
from typing import IO

from tests.benchmarks.e2e import floor

ROOT = Path(__file__).resolve().parents[3]
WORKERS = 2
HOST = "127.0.0.1"
STARTING = 60.0  # seconds it may take
ENDING = 10.0


@contextmanager
def served(answer: str, *, workers: int = WORKERS) -> Iterator[int]:
    """The port of a running server whose floor gives this answer; a worker that dies is replaced."""
    port = _free_port()
    with tempfile.TemporaryFile("w+") as log:
        process = subprocess.Popen(
            _command(port, workers),
            cwd=ROOT,
            env={**os.environ, floor.ANSWER: answer},
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        try:
            _wait_for(process, port, log)
            yield port
        except Exception as error:
            log.seek(0)
            error.add_note(f"The server said:\n{log.read()[-4000:]}")
            raise
        finally:
            _end(process)


def _command(port: int, workers: int) -> list[str]:
    options = {"--interface": "wsgi", "--host": HOST, "--port": port, "--workers": workers, "--blocking-threads": 1}
    said = [str(part) for option in options.items() for part in option]
    return [sys.executable, "-m", "granian", *said, "--respawn-failed-workers", "kaireon.wsgi:application"]


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        return int(probe.getsockname()[1])


def _wait_for(process: subprocess.Popen[bytes], port: int, log: IO[str]) -> None:
    patience = monotonic() + STARTING
    while monotonic() < patience and process.poll() is None:
        with suppress(OSError), socket.create_connection((HOST, port), timeout=1):
            return
        sleep(0.1)
    log.seek(0)
    sys.exit(f"The server did not start:\n{log.read()[-4000:]}")


def _end(process: subprocess.Popen[bytes]) -> None:
    """Ends the whole group, gently first."""
    for sent in (signal.SIGTERM, signal.SIGKILL):
        with suppress(ProcessLookupError):
            os.killpg(process.pid, sent)
        with suppress(subprocess.TimeoutExpired):
            process.wait(ENDING)
