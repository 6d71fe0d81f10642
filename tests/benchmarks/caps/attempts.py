"""The attempts: 32 connections, each asking for the next customer as soon as it is answered."""

import json
import os
import signal
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from http.client import HTTPConnection, HTTPException
from threading import Lock
from time import perf_counter
from typing import Any, Self

from tests.benchmarks.caps.world import World
from tests.benchmarks.e2e.server import HOST

CONNECTIONS, WORKERS = 32, 8
PATIENCE = 60.0
MOST_TRIES = 1000


@dataclass
class Told:
    """What callers were told: (customer, recommendation) of every yes, how often no, and who was told nothing."""

    admitted: list[tuple[str, str]] = field(default_factory=list)
    refused: int = 0
    unavailable: int = 0
    unanswered: list[str] = field(default_factory=list)
    seconds: float = 0.0

    @property
    def answered(self) -> int:
        """How many were answered."""
        return len(self.admitted) + self.refused + self.unavailable

    @property
    def largest(self) -> int:
        """The largest number of places of one customer."""
        return max(Counter(customer for customer, _ in self.admitted).values(), default=0)


class Crowd:
    """Connections to a server, equally many to each of its processes."""

    def __init__(self, port: int, world: World) -> None:
        self._port = port
        self._headers = {"Content-Type": "application/json", "X-API-Key": world.key}
        self._lock = Lock()
        self.workers: Counter[int] = Counter()
        self._lines: list[HTTPConnection] = []
        for _ in range(MOST_TRIES):  # which process takes a connection is chance
            line = self._connected()
            line.request("POST", "/worker")
            worker = int(line.getresponse().read())
            if self.workers[worker] < CONNECTIONS // WORKERS:
                self.workers[worker] += 1
                self._lines.append(line)
            else:
                line.close()
            if len(self._lines) == CONNECTIONS:
                return
        raise RuntimeError(f"After {MOST_TRIES} connections the processes have {dict(self.workers)}.")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for line in self._lines:
            line.close()

    def attempt(self, attempts: Sequence[tuple[str, bytes]], *, kill_after: int | None = None) -> Told:
        """Carries out attempts, given as (customer, body); after so many answers one process is killed."""
        told, due = Told(), iter(attempts)
        started = perf_counter()
        with ThreadPoolExecutor(CONNECTIONS) as threads:
            runs = [threads.submit(self._keep_asking, line, due, told, kill_after) for line in self._lines]
        for run in runs:
            run.result()
        told.seconds = perf_counter() - started
        return told

    def report(self, outcomes: Sequence[Mapping[str, Any]]) -> None:
        """Reports outcomes in one call, all of which must be recorded."""
        line = self._connected()
        line.request("POST", "/api/v1/respond/bulk", json.dumps({"outcomes": outcomes}), self._headers)
        answer = json.loads(line.getresponse().read())
        line.close()
        if answer.get("succeeded") != len(outcomes):
            raise RuntimeError(f"{answer}")

    def _keep_asking(
        self, line: HTTPConnection, due: Iterator[tuple[str, bytes]], told: Told, kill_after: int | None
    ) -> None:
        while True:
            with self._lock:
                customer, body = next(due, ("", b""))
            if not customer:
                return
            try:
                line.request("POST", "/api/v1/recommend", body, self._headers)
                response = line.getresponse()
                status, answer = response.status, json.loads(response.read())
            except (OSError, HTTPException):
                line.close()  # the next request opens it again
                with self._lock:
                    told.unanswered.append(customer)
                continue
            with self._lock:
                _note(told, customer, status, answer)
                if kill_after == told.answered:
                    os.kill(next(iter(self.workers)), signal.SIGKILL)

    def _connected(self) -> HTTPConnection:
        return HTTPConnection(HOST, self._port, timeout=PATIENCE)


def _note(told: Told, customer: str, status: int, answer: Any) -> None:
    if status == 503:
        told.unavailable += 1
    elif status != 200:
        raise RuntimeError(f"{status}: {answer}")
    elif answer["count"]:
        told.admitted.append((customer, answer["recommendationId"]))
    else:
        told.refused += 1
