"""Errors from outside the resources: hosts, forgeries, and rows that the database refuses."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import IntegrityError, transaction
from django.test import Client, RequestFactory

from creatives.models import Offer
from kaireon.access import ApiKey
from kaireon.api.errors import answer_exception
from kaireon.clock import now
from kaireon.tenancy import Tenant
from policies.models import ContactPolicy, PolicyScope
from tests.conftest import Door


def test_a_host_that_is_not_ours_gets_the_envelope_under_the_api_only(db: None) -> None:
    answer = Client().get("/api/v1/offers", headers={"Host": "evil.example"})
    assert (answer.status_code, answer["Content-Type"]) == (400, "application/json")
    error = answer.json()["error"]
    assert (error["code"], error["status"], error["requestId"]) == ("VALIDATION_ERROR", 400, answer["X-Request-Id"])
    assert [detail["field"] for detail in error["details"]] == ["Host"]
    page = Client().get("/admin/", headers={"Host": "evil.example"})
    assert (page.status_code, page["Content-Type"]) == (400, "text/html; charset=utf-8")


def test_a_forged_request_gets_the_envelope_under_the_api(person: Any) -> None:
    browser = Client(enforce_csrf_checks=True)
    browser.force_login(person("admin"))
    answer = browser.post("/api/v1/offers", {"name": "Forged"}, content_type="application/json")
    assert (answer.status_code, answer.json()["error"]["code"]) == (403, "FORBIDDEN")
    page = browser.post("/admin/login/", {})
    assert (page.status_code, page["Content-Type"]) == (403, "text/html; charset=utf-8")
    assert "opened before you signed in" in page.content.decode()


def test_djangos_own_refusal_of_a_forgery_is_an_envelope_too(settings: Any) -> None:
    from django.views.csrf import csrf_failure as plain

    from kaireon.api.errors import csrf_failure

    assert settings.CSRF_FAILURE_VIEW == "kaireon.api.errors.csrf_failure"
    request = RequestFactory().post("/api/v1/whatever")
    assert b'"code": "FORBIDDEN"' in csrf_failure(request, "Referer checking failed.").content
    request = RequestFactory().post("/admin/")
    assert csrf_failure(request, "x").content == plain(request, "x").content


def test_an_address_nobody_has_is_404_for_a_key_that_posts(admin: Door) -> None:
    door = Door(Client(enforce_csrf_checks=True), admin.headers)
    assert door("POST", "nothing", {})[1]["error"]["code"] == "NOT_FOUND"


def answered(error: IntegrityError) -> tuple[int, str]:
    response = answer_exception(error, {"request": RequestFactory().get("/")})
    return response.status_code, response.data["error"]["code"]


def store(row: Any) -> None:
    """Inserts behind the verbs' back, as somebody else would who was quicker."""
    type(row)._default_manager.bulk_create([row])


def refused(row: Any) -> IntegrityError:
    """What the database says to a row it does not take."""
    with pytest.raises(IntegrityError) as caught, transaction.atomic():
        store(row)
    return caught.value


def test_only_our_unique_constraints_are_conflicts_and_anything_else_is_our_own_fault(
    tenant: Tenant, caplog: pytest.LogCaptureFixture
) -> None:
    at = now()
    life: dict[str, Any] = {"tenant": tenant, "created_at": at, "updated_at": at}
    store(Offer(name="Twice", **life))
    assert answered(refused(Offer(name="Twice", **life))) == (409, "CONFLICT")
    policy = ContactPolicy(name="P", rule_type="cooldown", **life)
    store(policy)
    scope = {"tenant": tenant, "policy": policy, "scope": "global", "created_at": at}
    store(PolicyScope(**scope))
    assert answered(refused(PolicyScope(**scope))) == (409, "CONFLICT")
    assert caplog.records == []
    missing: Any = None
    assert answered(refused(Offer(name=missing, **life))) == (500, "INTERNAL")
    store(ApiKey(name="K", digest="d", **life))
    assert answered(refused(ApiKey(name="L", digest="d", **life))) == (500, "INTERNAL")
    store(User(username="ann"))
    assert answered(refused(User(username="ann"))) == (500, "INTERNAL")
    assert len(caplog.records) == 3
