"""The database goes away and comes back: clear 503s, then answers again, and what was acknowledged is there once."""

from __future__ import annotations

import json
import os
import socket
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from http.client import HTTPConnection
from pathlib import Path
from threading import Event
from typing import Any

import psycopg
import pytest
from django.db import OperationalError, connection

from decisioning.models import IdempotencyKey, Interaction
from kaireon.access import create_tenant
from kaireon.database.statements import present, write
from kaireon.tenancy import Tenant
from tests.conftest import Catalogue, Door, catalogue_through, door_for
from tests.decisioning.servers import database_url, servers

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.xdist_group("live server")]

CALLERS, CALLS = 4, 25


@pytest.fixture
def company() -> Tenant:
    return create_tenant(key="acme", name="Acme")


@pytest.fixture
def admin(company: Tenant) -> Door:
    return door_for(company, "admin")


@pytest.fixture
def catalogue(admin: Door) -> Catalogue:
    return catalogue_through(admin)


def report(catalogue: Catalogue, key: str) -> bytes:
    about = {"customerId": "ada", "creativeId": catalogue.creative, "outcome": "impression", "idempotencyKey": key}
    return json.dumps(about).encode()


def test_an_answer_nobody_waited_for_is_given_when_the_call_is_repeated(
    admin: Door, catalogue: Catalogue, tmp_path: Path
) -> None:
    with servers(1, logs=tmp_path) as [server], server.called(**admin.headers) as call:
        body = report(catalogue, "once")
        hasty = HTTPConnection("127.0.0.1", server.port)
        hasty.request("POST", "/api/v1/respond", body, {**admin.headers, "Content-Type": "application/json"})
        deadline = time.monotonic() + 20
        while not IdempotencyKey.objects.exists():  # until it is committed
            assert time.monotonic() < deadline
            time.sleep(0.01)
        hasty.close()
        again = [call("POST", "/api/v1/respond", body, **{"Content-Type": "application/json"}) for _ in range(2)]
    assert [status for status, _ in again] == [200, 200]
    [stored] = Interaction.objects.all()
    assert {json.loads(answer)["interactionId"] for _, answer in again} == {stored.public_id}
    assert all(json.loads(answer)["duplicate"] for _, answer in again)


if connection.vendor == "postgresql":  # SQLite is a file, which nobody can take away

    def cut() -> None:
        """Ends this test's connection as a broken network would: without a word."""
        database: Any = connection
        database.ensure_connection()
        wire = socket.socket(fileno=os.dup(database.connection.fileno()))
        wire.shutdown(socket.SHUT_RDWR)
        wire.close()

    def test_a_connection_that_was_cut_is_opened_again_by_the_next_call(admin: Door, catalogue: Catalogue) -> None:
        assert admin("POST", "recommend", {"customerId": "ada"})[0] == 200
        for path, body in (
            ("recommend", {"customerId": "ada", "reserve": True}),
            ("respond", json.loads(report(catalogue, "k"))),
            ("decisions/filter", {"customerId": "ada"}),
        ):
            cut()
            status, answer = admin("POST", path, body)
            assert status in {200, 201}, answer

    def test_a_connection_that_is_cut_while_writing_is_an_error_of_operation(admin: Door) -> None:
        assert present()
        cut()
        with pytest.raises(OperationalError):
            write("SELECT 1", [])
        connection.close()

    def test_a_database_taken_away_under_load_is_a_clear_503_and_everything_goes_on_when_it_is_back(
        admin: Door, catalogue: Catalogue, tmp_path: Path
    ) -> None:
        away, answers = Event(), list[tuple[int, Any, str | None]]()
        maintenance = database_url().rpartition("/")[0] + "/postgres"

        def keep_calling(port: int, number: int) -> set[str]:
            """Every report until it is acknowledged; the ids it was acknowledged with."""
            line = HTTPConnection("127.0.0.1", port, timeout=30)
            acknowledged = set()
            for step in range(CALLS):
                headers = {**admin.headers, "Content-Type": "application/json"}
                while True:
                    line.request("POST", "/api/v1/respond", report(catalogue, f"{number}-{step}"), headers)
                    response = line.getresponse()
                    answers.append((response.status, json.loads(response.read()), response.headers.get("Retry-After")))
                    if response.status != 503:
                        break
                    time.sleep(0.05)
                acknowledged.add(answers[-1][1].get("interactionId") or "")
                if step == CALLS // 3:
                    away.wait(20)
            line.close()
            return acknowledged

        with servers(2, logs=tmp_path) as running, ThreadPoolExecutor(CALLERS) as threads:
            calling = [threads.submit(keep_calling, running[n % 2].port, n) for n in range(CALLERS)]
            with psycopg.connect(maintenance, autocommit=True) as root:
                own, name = connection.settings_dict["NAME"], "datname = %s AND pid <> %s"
                mine = connection.connection.info.backend_pid
                root.execute(f'ALTER DATABASE "{own}" ALLOW_CONNECTIONS false')
                away.set()
                with suppress(psycopg.Error):
                    root.execute(f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE {name}", [own, mine])
                time.sleep(1)
                root.execute(f'ALTER DATABASE "{own}" ALLOW_CONNECTIONS true')
            acknowledged = set().union(*(each.result() for each in calling))
            assert all(server.process.poll() is None for server in running)
        refused = [answer for answer in answers if answer[0] == 503]
        assert refused
        assert {(answer["error"]["code"], after) for _, answer, after in refused} == {("UNAVAILABLE", "1")}
        assert {status for status, *_ in answers} <= {200, 201, 503}
        assert len(acknowledged) == CALLERS * CALLS
        assert acknowledged == {row.public_id for row in Interaction.objects.all()}
