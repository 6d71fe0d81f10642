"""Reports that arrive at the same moment, or again because nobody heard the answer, through a real server."""

from __future__ import annotations

import json
import socket
import threading
import time
from collections import Counter
from collections.abc import Callable
from http.client import HTTPConnection
from typing import Any
from urllib.parse import urlsplit

import pytest

from decisioning.contacts.ledgers import faults
from decisioning.models import IdempotencyKey, Interaction, Presentation
from kaireon.access import create_tenant
from kaireon.tenancy import Tenant
from tests.conftest import Catalogue, Door, catalogue_through, door_for

CALLERS = 8
PATIENCE = 60  # seconds

Send = Callable[[Callable[[int], dict[str, Any]]], list[tuple[int, Any]]]

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.xdist_group("live server")]


@pytest.fixture
def company(transactional_db: None) -> Tenant:
    return create_tenant(key="acme", name="Acme")


@pytest.fixture
def boss(company: Tenant) -> Door:
    return door_for(company, "admin")


@pytest.fixture
def goods(boss: Door) -> Catalogue:
    return catalogue_through(boss)


@pytest.fixture
def at_once(live_server: Any, boss: Door) -> Send:
    """Reports once per caller, each over its own connection, all released by one barrier."""
    address = urlsplit(live_server.url).netloc

    def send(body: Callable[[int], dict[str, Any]]) -> list[tuple[int, Any]]:
        barrier, answers = threading.Barrier(CALLERS), []

        def call(number: int) -> None:
            line = HTTPConnection(address, timeout=PATIENCE)
            line.connect()
            barrier.wait()
            line.request("POST", "/api/v1/respond", json.dumps(body(number)), headers_of(boss))
            response = line.getresponse()
            answers.append((response.status, json.loads(response.read())))
            line.close()

        callers = [threading.Thread(target=call, args=(number,)) for number in range(CALLERS)]
        for caller in callers:
            caller.start()
        for caller in callers:
            caller.join()
        return answers

    return send


def headers_of(door: Door) -> dict[str, str]:
    """A caller's headers for a JSON body."""
    return {**door.headers, "Content-Type": "application/json"}


def test_one_key_is_recorded_once(at_once: Send, company: Tenant, goods: Catalogue) -> None:
    body = {"customerId": "ada", "creativeId": goods.creative, "outcome": "impression", "idempotencyKey": "k"}
    answers = at_once(lambda number: body)
    assert Counter(status for status, _ in answers) == {201: 1, 200: CALLERS - 1}
    assert {answer["interactionId"] for _, answer in answers} == {Interaction.objects.get().public_id}
    assert [answer for status, answer in answers if status == 200 and "duplicate" not in answer] == []
    assert IdempotencyKey.objects.count() == 1
    assert list(faults(company, ["ada"])) == []


def test_one_key_for_many_customers_is_the_first_ones(at_once: Send, company: Tenant, goods: Catalogue) -> None:
    def body(number: int) -> dict[str, Any]:
        return {"customerId": f"c{number}", "creativeId": goods.creative, "outcome": "click", "idempotencyKey": "k"}

    answers = at_once(body)
    assert Counter(status for status, _ in answers) == {201: 1, 409: CALLERS - 1}
    [first] = [answer for status, answer in answers if status == 201]
    stored = Interaction.objects.get()
    assert (stored.public_id, stored.customer_id) == (first["interactionId"], first["customerId"])
    assert list(faults(company, [f"c{number}" for number in range(CALLERS)])) == []


def test_a_line_that_everybody_reports_is_one_contact(
    at_once: Send, company: Tenant, boss: Door, goods: Catalogue
) -> None:
    _, decided = boss("POST", "recommend", {"customerId": "ada"})
    line = {"customerId": "ada", "recommendationId": decided["recommendationId"], "rank": 1, "outcome": "impression"}
    answers = at_once(lambda number: {**line, "idempotencyKey": f"k{number}"})
    assert Counter(status for status, _ in answers) == {201: 1, 200: CALLERS - 1}
    assert {answer["interactionId"] for _, answer in answers} == {Interaction.objects.get().public_id}
    assert (Presentation.objects.count(), IdempotencyKey.objects.count()) == (1, CALLERS)
    assert list(faults(company, ["ada"])) == []


def test_reports_about_one_customer_are_all_recorded(at_once: Send, company: Tenant, goods: Catalogue) -> None:
    body = {"customerId": "ada", "creativeId": goods.creative, "outcome": "click"}
    answers = at_once(lambda number: {**body, "idempotencyKey": f"k{number}"})
    assert [status for status, _ in answers] == [201] * CALLERS
    assert Interaction.objects.count() == CALLERS
    assert list(faults(company, ["ada"])) == []


def test_a_report_whose_answer_nobody_heard_counts_once(
    live_server: Any, company: Tenant, boss: Door, goods: Catalogue
) -> None:
    report = {"customerId": "ada", "creativeId": goods.creative, "outcome": "impression", "idempotencyKey": "k"}
    content = json.dumps(report).encode()
    told = {"Host": "localhost", "Content-Length": str(len(content)), **headers_of(boss)}
    head = "\r\n".join(["POST /api/v1/respond HTTP/1.1", *(f"{name}: {value}" for name, value in told.items()), "", ""])
    address = urlsplit(live_server.url)
    with socket.create_connection((address.hostname, address.port), timeout=PATIENCE) as line:
        line.sendall(head.encode() + content)
        deadline = time.monotonic() + PATIENCE
        while not Interaction.objects.exists():
            assert time.monotonic() < deadline, "The report is not recorded."
            time.sleep(0.01)
    status, answer = boss("POST", "respond", report)
    assert (status, answer["duplicate"], answer["interactionId"]) == (200, True, Interaction.objects.get().public_id)
    assert list(faults(company, ["ada"])) == []
