"""However many processes decide at once, nobody gets a place beyond a cap; also when one is killed in the middle."""

from __future__ import annotations

import json
import os
import signal
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from http.client import HTTPException
from pathlib import Path
from random import Random
from threading import Lock
from typing import Any

import pytest

from decisioning.ledgers import faults
from decisioning.models import Decision, Interaction, Reservation
from kaireon.access import create_tenant
from kaireon.tenancy import Tenant
from tests.conftest import Door, catalogue_through, door_for
from tests.decisioning.servers import Server, servers

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.xdist_group("live server")]

CAP = {"name": "Three", "ruleType": "frequency_cap", "config": {"maxPerDay": 3}, "scope": "global"}
CUSTOMERS = [f"customer {number}" for number in range(10)]
PROCESSES, CONNECTIONS, ATTEMPTS = 3, 9, 240
KILLED_AFTER = 20  # answers, of which nearly all are admissions


@pytest.fixture
def company() -> Tenant:
    return create_tenant(key="acme", name="Acme")


@pytest.fixture
def admin(company: Tenant) -> Door:
    admin = door_for(company, "admin")
    catalogue_through(admin)
    admin.make("contact-policies", **CAP)
    return admin


class Crowd:
    """Callers that ask for one customer after the other, and what they were told."""

    def __init__(self, running: list[Server], headers: dict[str, str]) -> None:
        self._running, self._headers = running, {**headers, "Content-Type": "application/json"}
        self._due = iter(Random(1).choices(CUSTOMERS, k=ATTEMPTS))
        self._lock = Lock()
        self.admitted: list[tuple[str, int | None]] = []
        self.answers, self.unanswered = 0, 0

    def ask(self) -> None:
        """Everybody at once until nothing is due."""
        with ThreadPoolExecutor(CONNECTIONS) as threads:
            callers = [threads.submit(self._keep_asking, number % PROCESSES) for number in range(CONNECTIONS)]
        for caller in callers:
            caller.result()

    def _keep_asking(self, number: int) -> None:
        """Over one connection; whose server is killed goes on at the next."""
        with self._running[number].called(**self._headers) as call:
            for customer in iter(self._next, None):
                body = json.dumps({"customerId": customer, "reserve": True}).encode()
                try:
                    status, answer = call("POST", "/api/v1/recommend", body)
                except (OSError, HTTPException):
                    with self._lock:
                        self.unanswered += 1
                    return self._keep_asking((number + 1) % PROCESSES)
                assert status == 200, answer
                self._note(customer, json.loads(answer))
        return None

    def _next(self) -> str | None:
        with self._lock:
            return next(self._due, None)

    def _note(self, customer: str, answer: Any) -> None:
        with self._lock:
            self.answers += 1
            if answer["count"]:
                self.admitted.append((customer, Decision.id_kind.decode(answer["recommendationId"])))
            if self.answers == KILLED_AFTER:
                os.killpg(self._running[0].process.pid, signal.SIGKILL)


@pytest.fixture
def running(tmp_path: Path) -> Iterator[list[Server]]:
    with servers(PROCESSES, logs=tmp_path) as started:
        yield started


@pytest.mark.parametrize("way", ["reserved", "implicit"])
def test_a_cap_holds_while_processes_decide_at_once_and_one_is_killed(
    running: list[Server], admin: Door, company: Tenant, way: str
) -> None:
    if way == "implicit":
        [channel] = admin("GET", "channels")[1]["data"]
        assert admin("PATCH", f"channels/{channel['id']}", {"impressionMode": "implicit"})[0] == 200
    crowd = Crowd(running, admin.headers)
    crowd.ask()
    rows = (Reservation if way == "reserved" else Interaction).objects.of(company)
    stored = set(rows.values_list("customer_id", "decision_key"))
    assert Counter(customer for customer, _ in stored) == dict.fromkeys(CUSTOMERS, 3)
    assert set(crowd.admitted) <= stored
    assert len(stored) - len(crowd.admitted) <= crowd.unanswered
    assert 0 < crowd.unanswered <= CONNECTIONS // PROCESSES
    assert list(faults(company, CUSTOMERS)) == []
