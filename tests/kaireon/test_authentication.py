"""Who comes in: keys by both headers, people by session, and how often."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.conf import settings
from django.contrib.auth.models import User
from django.core.cache import cache
from django.test import Client

from kaireon import clock
from kaireon.access import ApiKey, Membership, issue_key, operator
from kaireon.tenancy import Role, Tenant
from kaireon.writing import writing
from tests.conftest import Door
from tests.witness import stored


def secret_of(door: Door) -> str:
    return door.headers["X-API-Key"]


def test_a_key_comes_in_by_either_header(viewer: Door) -> None:
    secret = secret_of(viewer)
    for headers in (
        {"X-API-Key": secret},
        {"Authorization": f"Bearer {secret}"},
        {"Authorization": f"bearer {secret}"},
    ):
        assert Door(Client(), headers)("GET", "offers")[0] == 200


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"X-API-Key": ""},
        {"X-API-Key": "krn_"},
        {"X-API-Key": "é" * 5000},
        {"Authorization": "Bearer"},
        {"Authorization": "Bearer "},
        {"Authorization": "Bearer krn_wrong"},
        {"Authorization": "Basic YTpi"},
        {"Authorization": ""},
    ],
)
def test_anything_else_is_401_and_says_how_to_come_in(db: None, headers: dict[str, str]) -> None:
    response = Door(Client(), headers).raw("GET", "offers")
    assert (response.status_code, response.json()["error"]["code"]) == (401, "UNAUTHENTICATED")
    assert response["WWW-Authenticate"] == 'Bearer realm="kaireon"'


def test_a_revoked_or_expired_key_is_unknown(tenant: Tenant) -> None:
    now = clock.now()
    with writing(operator(tenant, "test")) as unit:
        revoked, revoked_secret = issue_key(unit, name="revoked", role=Role.VIEWER)
        _, expired = issue_key(unit, name="expired", role=Role.VIEWER, expires_at=now - timedelta(seconds=1))
        _, fresh = issue_key(unit, name="fresh", role=Role.VIEWER, expires_at=now + timedelta(days=1))
    assert Door(Client(), {"X-API-Key": revoked_secret})("GET", "offers")[0] == 200
    with writing(operator(tenant, "test")) as unit:
        unit.soft_delete(revoked)
    message = "The API key is unknown, expired or revoked."
    for secret, status in ((revoked_secret, 401), (expired, 401), (fresh, 200)):
        answer = Door(Client(), {"X-API-Key": secret})("GET", "offers")
        assert answer[0] == status
        assert status == 200 or answer[1]["error"]["message"] == message


def test_a_key_is_stored_as_its_hmac_only_and_never_shown_again(admin: Door, tenant: Tenant) -> None:
    secret = secret_of(admin)
    key = ApiKey.objects.get(tenant=tenant)
    assert key.digest == hmac.new(settings.API_KEY_PEPPER.encode(), secret.encode(), hashlib.sha256).hexdigest()
    assert key.start == secret[:12]
    everything = repr(stored())
    assert secret not in everything
    assert secret[4:] not in everything
    _, page = admin("GET", "audit-logs?entityType=api_key")
    (entry,) = page["data"]
    assert entry["after"].keys() == {"name", "role", "start", "expiresAt", "deletedAt"}


def test_the_tenant_header_must_name_the_keys_tenant(viewer: Door, tenant: Tenant, foreign_tenant: Tenant) -> None:
    assert viewer("GET", "offers", **{"X-Tenant-Id": tenant.public_id})[0] == 200
    for other in (foreign_tenant.public_id, "", "nonsense", str(tenant.pk)):
        status, body = viewer("GET", "offers", **{"X-Tenant-Id": other})
        assert (status, body["error"]["code"]) == (403, "FORBIDDEN")


def test_a_key_remembers_its_last_use_to_the_minute(viewer: Door, tenant: Tenant) -> None:
    key = ApiKey.objects.get(tenant=tenant)
    assert key.last_used_at is None
    before = stored()
    viewer("GET", "offers")
    key.refresh_from_db()
    first = key.last_used_at
    assert clock.now() - first < timedelta(seconds=30)
    viewer("GET", "offers")
    key.refresh_from_db()
    assert key.last_used_at == first
    earlier = clock.now() - timedelta(minutes=2)
    ApiKey.everything.filter(pk=key.pk).update(last_used_at=earlier)
    viewer("GET", "offers")
    key.refresh_from_db()
    assert key.last_used_at > earlier
    assert stored() == before


def test_a_key_with_the_longest_name_writes(tenant: Tenant) -> None:
    with writing(operator(tenant, "test")) as unit:
        _, secret = issue_key(unit, name="k" * 255, role=Role.ADMIN)
    door = Door(Client(), {"X-API-Key": secret})
    offer = door.make("offers", name="Loan")["id"]
    _, history = door("GET", f"offers/{offer}/history")
    assert history["data"][0]["changedBy"] == f"key {'k' * 255}"[:255]
    assert door("GET", "audit-logs?entityType=offer")[1]["data"][0]["actor"] == f"key {'k' * 255}"


def session(user: User) -> Client:
    client = Client(enforce_csrf_checks=True)
    client.force_login(user)
    return client


def test_a_session_reads_at_once_and_writes_with_a_csrf_token(person: Callable[[str], User]) -> None:
    client = session(person(Role.EDITOR))
    assert Door(client, {})("GET", "offers")[0] == 200
    before = stored()
    status, body = Door(client, {})("POST", "offers", {"name": "Loan"})
    assert (status, body["error"]["code"]) == (403, "FORBIDDEN")
    assert "CSRF" in body["error"]["message"]
    assert stored() == before
    client.cookies["csrftoken"] = "a" * 32
    offer = Door(client, {"X-CSRFToken": "a" * 32}).make("offers", name="Loan")
    _, history = Door(client, {})("GET", f"offers/{offer['id']}/history")
    assert history["data"][0]["changedBy"] == "editor"


def test_a_key_needs_no_csrf_token(editor: Door, person: Callable[[str], User]) -> None:
    client = session(person(Role.VIEWER))
    assert Door(client, editor.headers)("POST", "offers", {"name": "Loan"})[0] == 201


def test_a_person_of_several_tenants_names_the_one(
    person: Callable[[str], User], tenant: Tenant, foreign_tenant: Tenant
) -> None:
    user = person(Role.VIEWER)
    with writing(operator(foreign_tenant, "test")) as unit:
        second = unit.create(Membership(user=user, role=Role.ADMIN))
    door = Door(session(user), {})
    status, body = door("GET", "offers")
    assert (status, [detail["field"] for detail in body["error"]["details"]]) == (400, ["X-Tenant-Id"])
    assert door("GET", "audit-logs", **{"X-Tenant-Id": foreign_tenant.public_id})[0] == 200
    assert door("GET", "audit-logs", **{"X-Tenant-Id": tenant.public_id})[0] == 403
    assert door("GET", "offers", **{"X-Tenant-Id": tenant.public_id})[0] == 200
    assert door("GET", "offers", **{"X-Tenant-Id": "t_x"})[0] == 403
    with writing(operator(foreign_tenant, "test")) as unit:
        unit.soft_delete(second)
    assert door("GET", "offers")[0] == 200
    assert door("GET", "offers", **{"X-Tenant-Id": foreign_tenant.public_id})[0] == 403


def test_a_person_of_no_tenant_is_403_and_an_inactive_one_nobody(
    person: Callable[[str], User], django_user_model: Any
) -> None:
    outsider = django_user_model.objects.create_user("outsider")
    assert Door(session(outsider), {})("GET", "offers")[0] == 403
    user = person(Role.ADMIN)
    door = Door(session(user), {})
    user.is_active = False
    user.save()
    assert door("GET", "offers")[0] == 401


def test_the_rate_limit_is_per_key_and_off_by_default(
    viewer: Door, editor: Door, settings: Any, person: Callable[[str], User]
) -> None:
    cache.clear()
    assert settings.RATE_LIMIT_PER_MINUTE == 0
    settings.RATE_LIMIT_PER_MINUTE = 3
    assert [viewer("GET", "offers")[0] for _ in range(3)] == [200, 200, 200]
    before = stored()
    response = viewer.raw("GET", "offers")
    assert (response.status_code, response.json()["error"]["code"]) == (429, "RATE_LIMITED")
    assert 1 <= int(response["Retry-After"]) <= 60
    assert viewer("POST", "offers", {"name": "x"})[0] in {403, 429}
    assert stored() == before
    assert editor("GET", "offers")[0] == 200
    assert {Door(session(person(Role.VIEWER)), {})("GET", "offers")[0] for _ in range(1)} == {200}
    cache.clear()
    assert viewer("GET", "offers")[0] == 200
    cache.clear()


def test_a_sane_request_id_is_kept_and_any_other_replaced(viewer: Door, anonymous: Door) -> None:
    for sane in ("a", "req-1", "A.b_c-9", "x" * 128):
        assert viewer.raw("GET", "offers", **{"X-Request-Id": sane})["X-Request-Id"] == sane
        response = anonymous.raw("GET", "offers", **{"X-Request-Id": sane})
        assert response["X-Request-Id"] == response.json()["error"]["requestId"] == sane
    for insane in ("", " ", "x" * 129, "a b", "é", "a;b", "<script>", "a/b"):
        answered = viewer.raw("GET", "offers", **{"X-Request-Id": insane})["X-Request-Id"]
        assert answered != insane
        assert len(answered) == 32
    assert viewer.raw("GET", "offers")["X-Request-Id"] != viewer.raw("GET", "offers")["X-Request-Id"]


def test_the_process_is_up_and_ready(db: None) -> None:
    client = Client()
    assert (client.get("/healthz").status_code, client.get("/healthz").json()) == (200, {"status": "ok"})
    assert (client.get("/readyz").status_code, client.get("/readyz").json()) == (200, {"status": "ready"})


def test_a_service_with_pending_migrations_is_not_ready(db: None) -> None:
    from django.db.migrations.recorder import MigrationRecorder

    MigrationRecorder.Migration.objects.filter(app="decisioning").delete()
    response = Client().get("/readyz")
    assert (response.status_code, response.json()["error"]["code"]) == (503, "UNAVAILABLE")
    assert "manage.py migrate" in response.json()["error"]["message"]
