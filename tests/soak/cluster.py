"""A PostgreSQL of one's own in a temporary folder, which may be killed and started again."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.decisioning.servers import free_ports

OWNER = "postgres"  # whom the server runs as when it is started by root, whom it refuses


@dataclass(frozen=True)
class Cluster:
    """A running server, which only this machine reaches."""

    binaries: Path
    directory: Path
    port: int

    @property
    def url(self) -> str:
        """Its database, as DATABASE_URL names it."""
        return f"postgres://postgres@127.0.0.1:{self.port}/postgres"

    def start(self) -> None:
        """Returns once it takes connections."""
        options = f"-p {self.port} -c listen_addresses=127.0.0.1 -c unix_socket_directories={self.directory}"
        self._control("start", "-w", "-o", options, "-l", str(self.directory / "log"))

    def kill(self) -> None:
        """Ends it as a crash would: nobody is asked, nothing is written, and it recovers when it starts again."""
        self._control("stop", "-m", "immediate")

    def make(self) -> None:
        """Writes an empty database."""
        self._run("initdb", "-D", str(self.directory / "data"), "-U", "postgres", "-A", "trust", "-E", "UTF8")

    def _control(self, verb: str, *options: str) -> None:
        self._run("pg_ctl", "-D", str(self.directory / "data"), verb, *options)

    def _run(self, program: str, *arguments: str) -> None:
        command = [str(self.binaries / program), *arguments]
        if os.geteuid() == 0:
            command = ["runuser", "-u", OWNER, "--", *command]
        quiet = subprocess.DEVNULL
        subprocess.run(command, check=True, cwd=self.directory, stdin=quiet, stdout=quiet, stderr=quiet)


@contextmanager
def cluster() -> Iterator[Cluster]:
    """A server with an empty database; it is ended and removed whatever happens."""
    directory = Path(tempfile.mkdtemp(prefix="kaireon-postgres-"))
    [port] = free_ports(1)
    made = Cluster(binaries(), directory, port)
    try:
        if os.geteuid() == 0:
            shutil.chown(directory, OWNER)
        made.make()
        made.start()
        yield made
    finally:
        if (directory / "data" / "postmaster.pid").exists():
            made.kill()
        shutil.rmtree(directory)


def binaries() -> Path:
    """Where the newest PostgreSQL of this machine keeps its programs."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: int(path.parts[-3]))
    on_path = shutil.which("initdb")
    if not found and on_path is None:
        raise SystemExit("There is no initdb on this machine; install PostgreSQL.")
    return found[-1].parent if found else Path(str(on_path)).parent
