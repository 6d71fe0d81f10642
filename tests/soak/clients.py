"""Callers that recommend, report and edit until their time is over, and what they were told."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from http.client import HTTPConnection, HTTPException
from random import Random
from threading import Lock
from time import monotonic, sleep
from typing import Any

PATIENCE = 60.0  # seconds a request is repeated for
OUTCOMES = ["impression"] * 5 + ["not_presented", "expired", "click", "click"]


@dataclass
class Told:
    """What all callers together were told; under one lock."""

    lock: Lock = field(default_factory=Lock)
    answers: Counter[str] = field(default_factory=Counter)
    faults: list[str] = field(default_factory=list)
    acknowledged: set[str] = field(default_factory=set)
    in_bulk: int = 0
    forgotten: list[float] = field(default_factory=list)
    refused: list[float] = field(default_factory=list)
    repeated: list[tuple[float, float]] = field(default_factory=list)  # first asked, answered

    def note(self, word: str) -> None:
        """Counts an answer."""
        with self.lock:
            self.answers[word] += 1


@dataclass(frozen=True)
class Shown:
    """A line somebody may report about, and when it was told."""

    customer: str
    recommendation: str
    rank: int
    at: float


@dataclass
class Client:
    """One caller with a connection of its own, which it opens again whenever it is lost."""

    number: int
    ports: list[int]
    headers: Mapping[str, str]
    ids: Mapping[str, str]
    people: int
    told: Told
    until: float

    def __post_init__(self) -> None:
        self.random = Random(self.number)
        self.lines: list[Shown] = []
        self._line: HTTPConnection | None = None
        self._keys = 0

    def work(self) -> None:
        """One thing after the other until time is over."""
        deeds = [self.reserve] * 5 + [self.implicit] * 2 + [self.plain] * 2 + [self.report] * 8 + [self.bulk]
        while monotonic() < self.until:
            deed = self.edit if self.random.random() < 0.01 else self.random.choice(deeds)
            deed()
        if self._line is not None:
            self._line.close()

    def reserve(self) -> None:
        """Takes a place for a few seconds."""
        self._recommend("capped", channelId=self.ids["Email"], reserve=self.random.choice([2, 5, 15, 900]))

    def implicit(self) -> None:
        """Being recommended is the contact."""
        self._recommend("capped", channelId=self.ids["Web"])

    def plain(self) -> None:
        """Binds nothing, so it is asked of people whom nobody counts."""
        self._recommend("free", channelId=self.ids["Email"])

    def report(self) -> None:
        """What became of a line; sometimes said twice."""
        if not self.lines:
            return
        place = self.random.randrange(len(self.lines))
        line, outcome = self.lines[place], self.random.choice(OUTCOMES)
        if self.random.random() < 0.7:
            self.lines.pop(place)
        body = {"customerId": line.customer, "recommendationId": line.recommendation, "rank": line.rank}
        body |= {"outcome": outcome, "idempotencyKey": self._key()}
        for _ in range(2 if self.random.random() < 0.1 else 1):
            status, answer = self._answered("POST", "respond", body, allowed=(200, 201, 400))
            if status == 400:
                with self.told.lock:
                    self.told.forgotten.append(line.at)
                return
            with self.told.lock:
                self.told.acknowledged.add(answer["interactionId"])

    def bulk(self) -> None:
        """Clicks of many people at once."""
        about = {"creativeId": self.ids["by Email"], "outcome": "click", "campaignId": "bulk"}
        outcomes = [{**about, "customerId": self._somebody("capped"), "idempotencyKey": self._key()} for _ in range(20)]
        _, answer = self._answered("POST", "respond/bulk", {"outcomes": outcomes})
        with self.told.lock:
            self.told.in_bulk += answer["succeeded"]

    def edit(self) -> None:
        """A policy that says something else from now on; the cap that is looked at in the end stays."""
        config = {"cooldownHours": self.random.choice([0, 0, 1 / 3600])}
        self._answered("PATCH", f"contact-policies/{self.ids['pause']}", {"config": config})

    def _recommend(self, kind: str, **body: Any) -> None:
        body |= {"customerId": self._somebody(kind), "limit": 2}
        _, answer = self._answered("POST", "recommend", body, key=self._key())
        for line in answer["decisions"]:
            if line["interactionId"] is not None:
                with self.told.lock:
                    self.told.acknowledged.add(line["interactionId"])
            self.lines.append(Shown(body["customerId"], answer["recommendationId"], line["rank"], monotonic()))
        self.lines = self.lines[-50:]

    def _somebody(self, kind: str) -> str:
        return f"{kind} {self.random.randrange(self.people)}"

    def _key(self) -> str:
        self._keys += 1
        return f"{self.number}-{self._keys}"

    def _answered(
        self, method: str, path: str, body: Any, *, key: str | None = None, allowed: tuple[int, ...] = (200, 201)
    ) -> tuple[int, Any]:
        """The answer, after as many repetitions as it takes; only 503s and lost connections are repeated."""
        begun, troubled = monotonic(), False
        while True:
            status, answer = self._sent(method, path, body, key)
            if status in allowed:
                if troubled:
                    with self.told.lock:
                        self.told.repeated.append((begun, monotonic()))
                self.told.note(f"{path.partition('/cp_')[0]} {status}")
                return status, answer
            if status not in (0, 503):
                with self.told.lock:
                    self.told.faults.append(f"{path} {status}: {answer}")
                raise RuntimeError(f"{path} {status}: {answer}")
            if monotonic() > begun + PATIENCE:
                with self.told.lock:
                    self.told.faults.append(f"{path}: {PATIENCE:.0f} seconds without an answer, last {status}")
                raise RuntimeError(path)
            troubled = True
            sleep(0.2)

    def _sent(self, method: str, path: str, body: Any, key: str | None) -> tuple[int, Any]:
        """Status 0 stands for a connection that was lost."""
        headers = {**self.headers, "Content-Type": "application/json"}
        headers |= {} if key is None else {"Idempotency-Key": key}
        try:
            if self._line is None:
                port = self.random.choice(self.ports)
                self._line = HTTPConnection("127.0.0.1", port, timeout=20)
            self._line.request(method, f"/api/v1/{path}", json.dumps(body).encode(), headers)
            response = self._line.getresponse()
            answer = json.loads(response.read())
        except (OSError, HTTPException):
            self.told.note("connection lost")
            self._line = None
            return 0, None
        if response.status == 503:
            clear = answer["error"]["code"] == "UNAVAILABLE" and response.headers.get("Retry-After")
            with self.told.lock:
                self.told.refused.append(monotonic())
                if not clear:
                    self.told.faults.append(f"{path}: an unclear 503, {answer}")
        return response.status, answer
