"""The load: keep-alive connections on loopback, each asking again as soon as it is answered, driven by one process.

It shares the cores with the server, so it does next to nothing: requests are byte strings, and of an answer only the
status and the length are looked at.
"""

import re
import selectors
import socket
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from time import perf_counter, process_time, sleep
from typing import Any

from tests.benchmarks.e2e.cores import Taken, taken
from tests.benchmarks.e2e.server import HOST, WORKERS

CONNECTIONS = 8
PATIENCE = 60.0  # seconds an answer may take
LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)
MOST_TRIES = 400
PAUSE = 0.02  # seconds before another try, for a worker that was killed may be starting again


class Refused(Exception):
    """An answer whose status is neither 200 nor 201, or none at all."""


@dataclass(frozen=True)
class Measured:
    """A stretch of load in seconds: how long each answer took, and the whole of it.

    `client` is what this process took of the cores, `server` what the others did.
    """

    latencies: list[float]
    elapsed: float
    client: float
    server: Taken

    @property
    def rate(self) -> float:
        """Requests per second."""
        return len(self.latencies) / self.elapsed

    def percentile(self, share: float) -> float:
        """The latency in milliseconds that this share of the answers did not exceed."""
        ordered = sorted(self.latencies)
        return ordered[min(int(share * len(ordered)), len(ordered) - 1)] * 1000


@dataclass(slots=True)
class Line:
    """One connection: what was received of the answer it waits for, and since when it waits."""

    socket: socket.socket
    since: float = 0.0
    received: bytes = b""

    def send(self, request: bytes) -> None:
        """Asks."""
        self.since = perf_counter()
        self.socket.sendall(request)

    def answered(self) -> bytes | None:
        """The body once it is complete. Raises Refused."""
        data = self.socket.recv(65536)
        if not data:
            raise Refused("The server hung up.")
        self.received = data = self.received + data
        end = data.find(b"\r\n\r\n")
        length = LENGTH.search(data, 0, end + 2) if end >= 0 else None
        if length is None or len(data) < end + 4 + int(length[1]):
            return None
        self.received = b""
        if not data.startswith((b"HTTP/1.1 200 ", b"HTTP/1.1 201 ")):
            raise Refused(data[:2000].decode(errors="replace"))
        return data[end + 4 :]

    def ask(self, request: bytes) -> bytes:
        """The body of the answer to one request."""
        self.send(request)
        while (body := self.answered()) is None:
            pass
        return body


def line_to(port: int) -> Line:
    """A new connection."""
    line = Line(socket.create_connection((HOST, port), timeout=PATIENCE))
    line.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return line


def head(path: str, length: int, **headers: str) -> bytes:
    """What stands before a body of this length."""
    told = {"Host": HOST, "Content-Type": "application/json", "Content-Length": str(length), **headers}
    lines = [f"POST {path} HTTP/1.1", *(f"{name}: {value}" for name, value in told.items())]
    return "\r\n".join([*lines, "", ""]).encode()


class Load:
    """Connections to a server, equally many to each of its workers. The server closes one that is idle for 30 s."""

    def __init__(self, port: int, *, connections: int = CONNECTIONS, workers: int = WORKERS) -> None:
        self.lines: list[Line] = []
        self.workers: Counter[int] = Counter()
        # Which worker takes a connection is chance, so those it gives one worker too many of are left again.
        for _ in range(MOST_TRIES):
            line = line_to(port)
            worker = int(line.ask(head("/worker", 0)))
            if self.workers[worker] < connections // workers:
                self.workers[worker] += 1
                self.lines.append(line)
            else:
                line.socket.close()
                sleep(PAUSE)
            if len(self.lines) == connections:
                return
        raise Refused(f"After {MOST_TRIES} connections the workers have {dict(self.workers)} of {connections}.")

    def drive(self, requests: Iterator[bytes], *, seconds: float) -> Measured:
        """Keeps every connection asking for so long, and then waits for the last answers. Raises Refused."""
        latencies: list[float] = []
        before = taken(self.workers)
        busy, start = process_time(), perf_counter()
        until, waiting = start + seconds, len(self.lines)
        with selectors.DefaultSelector() as selector:
            for line in self.lines:
                selector.register(line.socket, selectors.EVENT_READ, line)
                line.send(next(requests))
            while waiting:
                ready = selector.select(PATIENCE)
                if not ready:
                    raise Refused(f"No answer came for {PATIENCE:.0f} seconds.")
                for key, _ in ready:
                    line: Any = key.data
                    if line.answered() is None:
                        continue
                    now = perf_counter()
                    latencies.append(now - line.since)
                    if now < until:
                        line.send(next(requests))
                    else:
                        waiting -= 1
        elapsed, client = perf_counter() - start, process_time() - busy
        return Measured(latencies, elapsed, client, taken(self.workers).since(before))
