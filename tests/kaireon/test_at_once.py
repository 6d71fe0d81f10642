"""Requests that arrive at the same moment, through a real server and real transactions."""

from __future__ import annotations

import json
import threading
from collections import Counter
from collections.abc import Callable
from http.client import HTTPConnection
from typing import Any
from urllib.parse import urlsplit

import pytest
from django.db import connection, transaction

from kaireon import audit, writing
from kaireon.access import create_tenant
from kaireon.audit import ConfigurationHead
from kaireon.tenancy import Role, Tenant
from tests.conftest import Door, catalogue_through, door_for

CALLERS = 8

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.xdist_group("live server")]


@pytest.fixture
def company(transactional_db: None) -> Tenant:
    return create_tenant(key="acme", name="Acme")


@pytest.fixture
def boss(company: Tenant) -> Door:
    return door_for(company, Role.ADMIN)


@pytest.fixture
def at_once(live_server: Any, boss: Door) -> Callable[..., list[tuple[int, Any]]]:
    """Sends one request per caller, each over its own connection, all released by one barrier."""
    address = urlsplit(live_server.url).netloc

    def send(method: str, path: Callable[[int], str], body: Callable[[int], Any]) -> list[tuple[int, Any]]:
        barrier = threading.Barrier(CALLERS)
        answers: list[tuple[int, Any]] = []

        def call(number: int) -> None:
            connection = HTTPConnection(address, timeout=60)
            connection.connect()
            headers = {**boss.headers, "Content-Type": "application/json"}
            payload = json.dumps(body(number))
            barrier.wait()
            connection.request(method, f"/api/v1/{path(number)}", payload, headers)
            response = connection.getresponse()
            answers.append((response.status, json.loads(response.read())))
            connection.close()

        threads = [threading.Thread(target=call, args=(number,)) for number in range(CALLERS)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len(answers) == CALLERS
        return answers

    return send


def intact(tenant: Tenant, *, entries: int, raised: int, before: ConfigurationHead) -> None:
    """The chain holds, and the head moved by exactly what was done."""
    head = ConfigurationHead.objects.get(tenant=tenant)
    assert head.audit_sequence - before.audit_sequence == entries
    assert head.version - before.version == raised
    assert audit.verify(tenant).intact


def head_of(tenant: Tenant) -> ConfigurationHead:
    return ConfigurationHead.objects.get(tenant=tenant)


def test_of_eight_requests_for_one_name_exactly_one_gets_it(company: Tenant, boss: Door, at_once: Any) -> None:
    catalogue = catalogue_through(boss)
    payloads: dict[str, dict[str, Any]] = {
        "contact-policies": {"ruleType": "allow_override", "scope": "global"},
        "creatives": {"offerId": catalogue.offer, "channelId": catalogue.channel},
    }
    for path, payload in payloads.items():
        before = head_of(company)
        answers = at_once("POST", lambda _, path=path: path, lambda _, own=payload: {"name": "Wanted", **own})
        assert Counter(status for status, _ in answers) == {201: 1, 409: CALLERS - 1}
        assert {body["error"]["code"] for status, body in answers if status == 409} == {"DUPLICATE_NAME"}
        _, page = boss("GET", f"{path}?name=Wanted")
        assert page["pagination"]["total"] == 1
        intact(company, entries=1, raised=1, before=before)


def test_of_eight_edits_of_one_version_exactly_one_wins(company: Tenant, boss: Door, at_once: Any) -> None:
    offer = boss.make("offers", name="Loan")["id"]
    before = head_of(company)
    answers = at_once("PATCH", lambda _: f"offers/{offer}", lambda n: {"priority": n, "rowVersion": 1})
    assert Counter(status for status, _ in answers) == {200: 1, 409: CALLERS - 1}
    (winner,) = (body for status, body in answers if status == 200)
    assert {body["error"]["currentVersion"] for status, body in answers if status == 409} == {2}
    _, offer_now = boss("GET", f"offers/{offer}")
    assert (offer_now["version"], offer_now["priority"]) == (2, winner["priority"])
    intact(company, entries=1, raised=1, before=before)


def test_eight_edits_without_a_version_are_eight_versions(company: Tenant, boss: Door, at_once: Any) -> None:
    offer = boss.make("offers", name="Loan")["id"]
    before = head_of(company)
    answers = at_once("PATCH", lambda _: f"offers/{offer}", lambda n: {"priority": n})
    assert sorted(body["version"] for _, body in answers) == list(range(2, CALLERS + 2))
    _, history = boss("GET", f"offers/{offer}/history")
    assert [entry["version"] for entry in history["data"]] == list(range(CALLERS + 1, 0, -1))
    intact(company, entries=CALLERS, raised=CALLERS, before=before)


def test_of_eight_deletions_and_eight_restores_one_each_happens(company: Tenant, boss: Door, at_once: Any) -> None:
    offer = boss.make("offers", name="Loan")["id"]
    before = head_of(company)
    deletions = at_once("DELETE", lambda _: f"offers?id={offer}", lambda _: None)
    assert Counter(status for status, _ in deletions) == {200: 1, 400: CALLERS - 1}
    restores = at_once("POST", lambda _: f"restore?entityType=offer&id={offer}", lambda _: None)
    assert Counter(status for status, _ in restores) == {200: 1, 400: CALLERS - 1}
    intact(company, entries=2, raised=2, before=before)


def test_a_creative_never_ends_up_live_below_a_deleted_offer(company: Tenant, boss: Door, at_once: Any) -> None:
    catalogue = catalogue_through(boss)
    creative = {"name": "New", "offerId": catalogue.offer, "channelId": catalogue.channel}

    def path(number: int) -> str:
        return "creatives" if number % 2 else f"restore?entityType=offer&id={catalogue.offer}"

    boss("DELETE", f"offers/{catalogue.offer}")
    answers = at_once("POST", path, lambda n: creative | {"name": f"New {n}"})
    assert {status for status, _ in answers} <= {200, 201, 400}
    boss("DELETE", f"offers/{catalogue.offer}")
    assert boss("GET", "creatives")[1]["pagination"]["total"] == 0
    assert audit.verify(company).intact


if connection.vendor == "postgresql":  # on SQLite whoever holds anything holds everything

    def test_changes_do_not_wait_for_a_command_that_holds_the_head_and_go_through_after_it(
        at_once: Callable[..., list[tuple[int, Any]]], company: Tenant, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(writing, "MOST_WAITED", 1)

        def stored() -> list[tuple[int, Any]]:
            return at_once("PUT", lambda number: f"customers/c{number}", lambda _: {})

        with transaction.atomic():
            ConfigurationHead.objects.select_for_update().get(tenant=company)
            answers = stored()
        assert {(status, body["error"]["code"]) for status, body in answers} == {(503, "UNAVAILABLE")}
        assert Counter(status for status, _ in stored()) == {201: CALLERS}
