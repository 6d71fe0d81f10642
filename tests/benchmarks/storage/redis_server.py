"""A Redis of the benchmark's own, in a temporary folder, which keeps nothing and is ended at the end."""

import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from time import monotonic, sleep

import redis

from tests.decisioning.servers import free_ports

STARTING, ENDING = 10.0, 10.0


@contextmanager
def served() -> Iterator[str]:
    """The address of a running server."""
    [port] = free_ports(1)
    with tempfile.TemporaryDirectory() as folder:
        command = ["redis-server", "--bind", "127.0.0.1", "--port", str(port), "--dir", folder, "--save", ""]
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL, start_new_session=True)
        try:
            _wait_for(process, port)
            yield f"redis://127.0.0.1:{port}/0"
        finally:
            process.terminate()
            try:
                process.wait(ENDING)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def _wait_for(process: subprocess.Popen[bytes], port: int) -> None:
    patience = monotonic() + STARTING
    while monotonic() < patience and process.poll() is None:
        with suppress(redis.ConnectionError), redis.Redis(port=port) as client:
            client.ping()
            return
        sleep(0.05)
    sys.exit("redis-server did not start.")
