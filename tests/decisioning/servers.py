"""Real servers over the test's database, each a process of its own, and callers that keep a connection to one."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from http.client import HTTPConnection
from pathlib import Path
from typing import Any
from urllib.parse import quote

from django.conf import settings
from django.db import connection

# As `make run` starts it, with one worker: a server is one process that decides.
COMMAND = [str(Path(sys.executable).with_name("granian")), "--interface", "wsgi", "--host", "127.0.0.1"]
ONE_WORKER = ["--workers", "1", "--blocking-threads", "1", "kaireon.wsgi:application"]
PATIENCE = 60  # seconds, for a machine that is busy with other things


@dataclass(frozen=True)
class Server:
    """One server process."""

    port: int
    process: subprocess.Popen[bytes]
    log: Path

    def wait_until_it_answers(self) -> None:
        """Returns once `/healthz` is answered by this process."""
        deadline = time.monotonic() + PATIENCE
        while True:
            assert self.process.poll() is None, f"The server ended by itself:\n{self.log.read_text()}"
            assert time.monotonic() < deadline, f"The server does not answer:\n{self.log.read_text()}"
            with suppress(ConnectionError), self.called() as call:
                assert call("GET", "/healthz") == (200, b'{"status": "ok"}')
                return
            time.sleep(0.05)

    @contextmanager
    def called(self, **headers: str) -> Iterator[Caller]:
        """A caller on one connection, kept open until the block is left."""
        line = HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE)
        try:
            yield Caller(line, headers, self.log)
        finally:
            line.close()

    def end(self) -> None:
        """Asks the process to stop; one that does not is killed together with its worker."""
        self.process.terminate()
        try:
            self.process.wait(timeout=10)
        except subprocess.TimeoutExpired:
            os.killpg(self.process.pid, signal.SIGKILL)  # it leads a group of its own
            self.process.wait()


@dataclass(frozen=True)
class Caller:
    """Sends one request after another over one connection; answers `(status, body)`."""

    line: HTTPConnection
    headers: Mapping[str, str]
    log: Path

    def __call__(self, method: str, path: str, body: bytes | None = None, **headers: str) -> tuple[int, bytes]:
        self.line.request(method, path, body, {**self.headers, **headers})
        response = self.line.getresponse()
        return response.status, response.read()

    def api(self, method: str, path: str, body: Any = None) -> bytes:
        """The body of a call of the API that must succeed."""
        content = None if body is None else json.dumps(body).encode()
        status, answer = self(method, f"/api/v1/{path}", content, **{"Content-Type": "application/json"})
        assert status == 200, f"{answer.decode()}\n{self.log.read_text()}"
        return answer


@contextmanager
def servers(count: int, *, logs: Path) -> Iterator[list[Server]]:
    """That many servers, which answer; they are ended whatever happens."""
    environment = {**os.environ, "DATABASE_URL": database_url()}
    running: list[Server] = []
    try:
        for number, port in enumerate(free_ports(count)):
            log = logs / f"server {number}.log"
            with log.open("wb") as output:
                process = subprocess.Popen(
                    [*COMMAND, "--port", str(port), *ONE_WORKER],
                    cwd=settings.BASE_DIR,
                    env=environment,
                    stdout=output,
                    stderr=subprocess.STDOUT,
                    start_new_session=True,
                )
            running.append(Server(port, process, log))
        for server in running:
            server.wait_until_it_answers()
        yield running
    finally:
        for server in running:
            server.end()


def free_ports(count: int) -> list[int]:
    """Ports nobody listens on, all different."""
    held = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [opened.getsockname()[1] for opened in held]
    for opened in held:
        opened.close()
    return ports


def database_url() -> str:
    """Where another process finds this test's database."""
    found = connection.settings_dict
    if connection.vendor == "sqlite":
        return f"sqlite:///{Path(found['NAME'])}"
    user = f"{quote(found['USER'])}:{quote(found['PASSWORD'])}" if found["PASSWORD"] else quote(found["USER"])
    return f"postgres://{user}@{found['HOST']}:{found['PORT'] or 5432}/{found['NAME']}"
