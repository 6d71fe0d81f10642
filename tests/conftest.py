"""The cast of every test: two tenants, one key and one person per role."""

from __future__ import annotations

import gc
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from django.conf import settings
from django.contrib.auth.models import User
from django.test import Client

from decisioning.contacts.words import forget_words
from decisioning.deciding.lookup import forget_tenants
from decisioning.deciding.storing import forget_manifests
from decisioning.in_force.contents import forget_contents
from decisioning.in_force.loading import forget_configurations
from decisioning.insight.overview import forget_conflicts
from kaireon.access import Membership, create_tenant, issue_key, operator
from kaireon.tenancy import Actor, Role, Tenant
from kaireon.writing import writing

# What processes keep of a tenant by its key, which the next test gives to another tenant.
FORGETTING = (
    forget_configurations,
    forget_conflicts,
    forget_contents,
    forget_manifests,
    forget_tenants,
    forget_words,
)


@pytest.fixture(scope="session")
def django_db_modify_db_settings(
    tmp_path_factory: pytest.TempPathFactory, django_db_modify_db_settings_parallel_suffix: None
) -> None:
    """Keeps SQLite's test database in a file, so that several connections contend for it as they do in production.

    It never waits for the disk: what a crash of the machine would lose is nothing a test asks for, and on a busy disk
    one commit may take longer than a writer's patience.
    """
    database = settings.DATABASES["default"]
    if database["ENGINE"].endswith("sqlite3"):
        durable = database["OPTIONS"]["init_command"]
        database["OPTIONS"]["init_command"] = durable.replace("synchronous=FULL", "synchronous=OFF")
        database.setdefault("TEST", {})["NAME"] = str(tmp_path_factory.mktemp("database") / "test.sqlite3")


@dataclass(frozen=True)
class Door:
    """The API as one caller sees it; answers `(status, body)`."""

    client: Client
    headers: dict[str, str]

    def __call__(self, method: str, path: str, body: Any = None, **headers: str) -> tuple[int, Any]:
        response = self.raw(method, path, body, **headers)
        return response.status_code, json.loads(response.content)

    def raw(self, method: str, path: str, body: Any = None, **headers: str) -> Any:
        """The whole response; a body is sent as JSON."""
        content: dict[str, Any] = {}
        if body is not None:
            content = {"data": json.dumps(body), "content_type": "application/json"}
        return self.client.generic(method, f"/api/v1/{path}", headers={**self.headers, **headers}, **content)

    def make(self, path: str, **body: Any) -> Any:
        """POSTs, which must succeed, and answers the new row."""
        status, made = self("POST", path, body)
        assert status == 201, made
        return made


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What touches no database is pure; one run of it, on either database, is enough."""
    for item in items:
        touches = {"db", "transactional_db", "live_server"} & set(getattr(item, "fixturenames", ()))
        if not touches and item.get_closest_marker("django_db") is None:
            item.add_marker("pure")


@pytest.fixture(autouse=True)
def quick_passwords(settings: Any) -> None:
    """Passwords are hashed as weakly as Django can: the suite tests who may come in, not how slow guessing is."""
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]


@pytest.fixture(autouse=True)
def nothing_kept() -> None:
    """Keys of tenants are given out again after a rollback, which never happens outside of tests."""
    for forget in FORGETTING:
        forget()


@pytest.fixture(autouse=True)
def nothing_collected_by_another_thread(request: pytest.FixtureRequest) -> Iterator[None]:
    """Lets no thread of a test collect the cycles of another one's connection.

    Whoever frees a cursor waits for its SQLite connection. If that one waits for the lock of the thread that collects,
    both wait until one gives up; servers have one thread a process and know no such thing.
    """
    if "transactional_db" not in request.fixturenames:
        marker = request.node.get_closest_marker("django_db")
        if marker is None or not marker.kwargs.get("transaction"):
            yield
            return
    gc.disable()
    yield
    gc.enable()


@pytest.fixture
def tenant(db: None) -> Tenant:
    return create_tenant(key="acme", name="Acme")


@pytest.fixture
def foreign_tenant(db: None) -> Tenant:
    return create_tenant(key="rival", name="Rival")


@pytest.fixture
def actor(tenant: Tenant) -> Actor:
    return operator(tenant, "test")


def door_for(tenant: Tenant, role: str) -> Door:
    """A door with a fresh key of the role."""
    with writing(operator(tenant, "test")) as unit:
        _, secret = issue_key(unit, name=f"{role} key", role=role)
    return Door(Client(), {"X-API-Key": secret})


@pytest.fixture
def as_role(tenant: Tenant) -> Callable[[str], Door]:
    """Makes a door for a role of the tenant; one key per role."""
    doors: dict[str, Door] = {}

    def door(role: str) -> Door:
        if role not in doors:
            doors[role] = door_for(tenant, role)
        return doors[role]

    return door


@pytest.fixture
def admin(as_role: Callable[[str], Door]) -> Door:
    return as_role(Role.ADMIN)


@pytest.fixture
def editor(as_role: Callable[[str], Door]) -> Door:
    return as_role(Role.EDITOR)


@pytest.fixture
def viewer(as_role: Callable[[str], Door]) -> Door:
    return as_role(Role.VIEWER)


@pytest.fixture
def delivery(as_role: Callable[[str], Door]) -> Door:
    return as_role(Role.DELIVERY)


@pytest.fixture
def stranger(foreign_tenant: Tenant) -> Door:
    """An admin of the other tenant."""
    return door_for(foreign_tenant, Role.ADMIN)


@pytest.fixture
def anonymous() -> Door:
    return Door(Client(), {})


@pytest.fixture
def person(tenant: Tenant) -> Callable[[str], User]:
    """Makes a person with a role in the tenant, who may enter the admin."""

    def make(role: str) -> User:
        user = User.objects.create_user(role, password="correct horse battery staple", is_staff=True)
        with writing(operator(tenant, "test")) as unit:
            unit.create(Membership(user=user, role=role))
        return user

    return make


@dataclass(frozen=True)
class Catalogue:
    """One live, active row of each kind in the tenant, by the id that the API gave it."""

    category: str
    sub_category: str
    offer: str
    channel: str
    placement: str
    creative: str


@pytest.fixture
def catalogue(admin: Door) -> Catalogue:
    return catalogue_through(admin)


def catalogue_through(door: Door) -> Catalogue:
    """Makes one row of each kind through a door."""
    category = door.make("categories", name="Cards")["id"]
    sub_category = door.make("sub-categories", name="Credit", categoryId=category)["id"]
    offer = door.make("offers", name="Platinum Card Upgrade", status="active", categoryId=category)["id"]
    channel = door.make("channels", name="Email", status="active")["id"]
    placement = door.make("placements", name="Hero", channelId=channel)["id"]
    creative = door.make(
        "creatives", name="Email Hero", status="active", offerId=offer, channelId=channel, placementId=placement
    )["id"]
    return Catalogue(category, sub_category, offer, channel, placement, creative)
