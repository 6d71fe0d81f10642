"""However many processes decide at once, nobody gets a place beyond a cap; also when one is killed in the middle.

Half of the customers are asked for by mail, where places are reserved, the others on the web, where being recommended
is the contact.
"""

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

from decisioning.contacts.ledgers import faults
from decisioning.models import Decision, Interaction, Reservation
from kaireon.access import create_tenant
from kaireon.tenancy import Tenant
from tests.conftest import Door, catalogue_through, door_for
from tests.decisioning.servers import Server, servers

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.xdist_group("live server")]

CAP = {"name": "Three", "ruleType": "frequency_cap", "config": {"maxPerDay": 3}, "scope": "global"}
MAIL, WEB = ([f"{channel} {number}" for number in range(6)] for channel in ("mail", "web"))
PROCESSES, CONNECTIONS, ATTEMPTS = 3, 9, 240
KILLED_AFTER = 20  # answers, of which nearly all are admissions


@pytest.fixture
def company() -> Tenant:
    return create_tenant(key="acme", name="Acme")


@pytest.fixture
def admin(company: Tenant) -> Door:
    return door_for(company, "admin")


@pytest.fixture
def channels(admin: Door) -> dict[str, str]:
    """An offer on both channels, and the cap."""
    made = catalogue_through(admin)
    web = admin.make("channels", name="Web", status="active", impressionMode="implicit")["id"]
    admin.make("creatives", name="Banner", status="active", offerId=made.offer, channelId=web)
    admin.make("contact-policies", **CAP)
    return dict.fromkeys(MAIL, made.channel) | dict.fromkeys(WEB, web)


class Crowd:
    """Callers that ask for one customer after the other, and what they were told."""

    def __init__(self, running: list[Server], headers: dict[str, str], channels: dict[str, str]) -> None:
        self._running, self._headers = running, {**headers, "Content-Type": "application/json"}
        self._channels = channels
        self._due = iter(Random(1).choices([*channels], k=ATTEMPTS))
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
                body = {"customerId": customer, "channelId": self._channels[customer], "reserve": True}
                try:
                    status, answer = call("POST", "/api/v1/recommend", json.dumps(body).encode())
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


def test_a_cap_holds_while_processes_decide_at_once_and_one_is_killed(
    running: list[Server], admin: Door, company: Tenant, channels: dict[str, str]
) -> None:
    crowd = Crowd(running, admin.headers, channels)
    crowd.ask()
    rows = [
        model.objects.of(company).values_list("customer_id", "decision_key") for model in (Reservation, Interaction)
    ]
    reserved, happened = ({*found} for found in rows)
    assert Counter(customer for customer, _ in reserved) == dict.fromkeys(MAIL, 3)
    assert Counter(customer for customer, _ in happened) == dict.fromkeys(WEB, 3)
    stored = reserved | happened
    assert set(crowd.admitted) <= stored
    assert len(stored) - len(crowd.admitted) <= crowd.unanswered
    assert 0 < crowd.unanswered <= CONNECTIONS // PROCESSES
    assert list(faults(company, [*channels])) == []
