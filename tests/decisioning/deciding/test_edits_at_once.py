"""An edit made through one server process is in force in the next decision of every other, and none mixes versions."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import cycle
from threading import Event

import pytest
from django.contrib.auth.models import User

from kaireon.access import ApiKey, issue_key, operator
from kaireon.tenancy import Role, Tenant
from kaireon.writing import writing
from tests.conftest import Catalogue, Door
from tests.decisioning.conftest import Happened
from tests.decisioning.editing import (
    CONTACTS,
    EDITS,
    FILTER,
    PATHS,
    QUESTIONS,
    Editor,
    Part,
    State,
    asked,
    expected,
    told,
    values,
)
from tests.decisioning.servers import Server, servers
from tests.visitors import address, visit

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.xdist_group("live server")]

SECONDS = 3.0  # how long each of the two editors edits


@pytest.fixture(scope="module")
def both(django_db_setup: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[Server]]:
    """Two servers."""
    with servers(2, logs=tmp_path_factory.mktemp("servers")) as running:
        yield running


@pytest.fixture
def editor(both: list[Server], admin: Door, catalogue: Catalogue, happened: Happened) -> Editor:
    """An editor who has made every edit once, so that every part bears a number."""
    at = datetime.now(UTC) - timedelta(minutes=1)
    for _ in range(CONTACTS):
        happened(at)
    ids = {"held offer": catalogue.offer, "held creative": catalogue.creative}
    made = {
        "shown offer": {"status": "active"},
        "shown creative": {"status": "active", "channelId": catalogue.channel},
        "cap": {"ruleType": "frequency_cap"},
    }
    for part, own in made.items():
        owner = {"offerId": ids["shown offer"]} if part == "shown creative" else {}
        ids[part] = admin.make(PATHS[part], **own, **owner, **values(part, 0, ids))["id"]
    with both[0].called(**admin.headers) as door:
        version, _ = told(asked(door, FILTER, ids))
        editor = Editor(ids, version, {version: State(dict.fromkeys(PATHS, Part()))})
        for _ in EDITS:
            editor.edit(door)
    return editor


@pytest.fixture
def drafts(admin: Door) -> None:
    """A hundred offers that take part in nothing but make loading last, so that edits come in the middle of it."""
    for number in range(100):
        admin.make("offers", name=f"Draft {number}")


def test_an_edit_is_in_force_in_the_very_next_decision_of_the_other_server(
    both: list[Server], admin: Door, editor: Editor
) -> None:
    begun, deadline = editor.version, time.monotonic() + SECONDS
    with both[0].called(**admin.headers) as one, both[1].called(**admin.headers) as other:
        ways, questions = cycle([(one, other), (other, one)]), cycle(QUESTIONS)
        while time.monotonic() < deadline:
            (here, there), question = next(ways), next(questions)
            state = editor.edit(here)
            answer = told(asked(there, question, editor.ids))
            assert answer == (editor.version, expected(question, state, editor.ids)), question
    assert editor.version - begun >= 20


@dataclass(frozen=True)
class Heard:
    """An answer, and the newest version whose edit had been answered when the question was sent."""

    question: str
    known: int
    answer: bytes


@pytest.mark.usefixtures("drafts")  # made before the editor counts versions
def test_no_decision_mixes_versions_while_an_editor_never_stops(
    both: list[Server], admin: Door, editor: Editor
) -> None:
    begun, stop, (edited, other) = editor.version, Event(), both
    connections: list[list[Heard]] = [[], [], []]

    def keep_asking(server: Server, rest: float, heard: list[Heard]) -> None:
        questions = cycle(QUESTIONS)
        with server.called(**admin.headers) as door:
            while not stop.wait(rest):
                question, known = next(questions), editor.version
                heard.append(Heard(question, known, asked(door, question, editor.ids)))

    with ThreadPoolExecutor() as threads:
        # Whoever asks the server that edits keeps the editor waiting: without a rest, until the other one has loaded.
        callers = ((edited, 0.05, connections[0]), (other, 0, connections[1]), (other, 0, connections[2]))
        readers = [threads.submit(keep_asking, *caller) for caller in callers]
        try:
            deadline = time.monotonic() + SECONDS
            with edited.called(**admin.headers) as door:
                while time.monotonic() < deadline or sum(map(len, connections)) < 50:
                    editor.edit(door)
                    if any(reader.done() for reader in readers):
                        break
        finally:
            stop.set()
    assert [reader.result() for reader in readers] == [None] * 3  # none of them failed
    for heard in connections:
        versions = []
        for one in heard:
            version, said = told(one.answer)
            assert said == expected(one.question, editor.log[version], editor.ids), one
            assert version >= one.known, one
            versions.append(version)
        assert versions == sorted(versions)
        assert len(set(versions)) >= 2
    assert sum(map(len, connections)) >= 50
    assert editor.version - begun >= 20


def test_a_key_revoked_at_one_server_opens_nothing_at_the_other(
    both: list[Server], tenant: Tenant, person: Callable[[str], User]
) -> None:
    browser, token = visit(person(Role.ADMIN)), "x" * 32
    session = f"sessionid={browser.cookies['sessionid'].value}; csrftoken={token}"
    form = {"Cookie": session, "X-CSRFToken": token, "Content-Type": "application/x-www-form-urlencoded"}
    question = json.dumps({"customerId": "ada"}).encode()
    for number in range(10):
        with writing(operator(tenant, "test")) as unit:
            key, secret = issue_key(unit, name=f"key {number}", role=Role.DELIVERY)
        headers = {"X-API-Key": secret, "Content-Type": "application/json"}
        with both[number % 2].called(**form) as here, both[1 - number % 2].called(**headers) as there:
            assert there("POST", "/api/v1/decisions/filter", question)[0] == 200
            assert here("POST", address(ApiKey, "delete", key.pk), b"post=yes")[0] == 302
            status, refused = there("POST", "/api/v1/decisions/filter", question)
            assert status == 401, refused
