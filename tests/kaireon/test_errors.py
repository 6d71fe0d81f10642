"""Errors from outside the resources: hosts, forgeries, and rows that the database refuses."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import IntegrityError, OperationalError, connection, transaction
from django.test import Client, RequestFactory

from creatives.models import Offer
from kaireon.access import ApiKey
from kaireon.api.errors import answer_exception, failure
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


def unreachable(*_: Any) -> Any:
    raise OperationalError("the connection was lost")


def broken(*_: Any) -> Any:
    raise RuntimeError("a secret")


@pytest.mark.parametrize(("fault", "status", "said"), [(unreachable, 503, "Try again"), (broken, 500, "went wrong")])
def test_people_get_a_page_when_the_database_is_away_or_something_breaks(
    fault: Any, status: int, said: str, person: Any
) -> None:
    browser = Client(raise_request_exception=False)
    browser.force_login(person("admin"))
    with connection.execute_wrapper(fault):
        page = browser.get("/admin/", headers={"X-Request-Id": "r-1"})
    assert (page.status_code, page["Content-Type"]) == (status, "text/html; charset=utf-8")
    assert page.get("Retry-After") == ("1" if status == 503 else None)
    text = page.content.decode()
    assert said in text
    assert "secret" not in text
    assert ("r-1" in text) == (status == 500)


def test_what_breaks_outside_the_endpoints_is_an_envelope_under_the_api() -> None:
    def said(error: Exception) -> tuple[int, str, str | None]:
        try:
            raise error
        except type(error):
            answer = failure(RequestFactory().get("/api/v1/offers"))
        return answer.status_code, json.loads(answer.content)["error"]["code"], answer.get("Retry-After")

    assert said(OperationalError()) == (503, "UNAVAILABLE", "1")
    assert said(KeyError()) == (500, "INTERNAL", None)


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
