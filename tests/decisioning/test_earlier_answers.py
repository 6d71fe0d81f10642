"""The migration that tells whose earlier answers are."""

from __future__ import annotations

from importlib import import_module

import pytest
from django.apps import apps

from decisioning.idempotency import kept
from decisioning.in_force.manifest import packed, unpacked
from decisioning.models import IdempotencyKey
from kaireon import clock
from kaireon.tenancy import Tenant
from tests.conftest import Catalogue, Door

migration = import_module("decisioning.migrations.0015_whose_earlier_answers_are")

pytestmark = pytest.mark.django_db


def test_reports_no_longer_say_whose_they_were_and_decisions_are_their_customers(
    tenant: Tenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(migration, "AT_ONCE", 2)
    answers = {
        ("respond", "a"): packed({"customerId": "ada", "outcome": "click"}),
        ("respond", "b"): kept({"customerId": "bob", "outcome": "click"}),
        ("recommend", "c"): packed({"customerId": "ada", "count": 0}),
        ("recommend", "d"): b"",  # whose answer is being made
    }
    for (endpoint, key), answer in answers.items():
        IdempotencyKey.objects.create(
            tenant=tenant, endpoint=endpoint, key=key, request_hash="", answer=answer, created_at=clock.now()
        )
    for _ in range(2):
        migration.tell_whose(apps, None)
        rows = IdempotencyKey.objects.exclude(key="d").order_by("key")
        assert [(row.key, row.customer_id, unpacked(bytes(row.answer))) for row in rows] == [
            ("a", None, {"customerId": None, "outcome": "click"}),
            ("b", None, {"customerId": None, "outcome": "click"}),
            ("c", "ada", {"customerId": "ada", "count": 0}),
        ]


def test_a_report_that_was_answered_before_the_migration_is_answered_the_same(
    admin: Door, catalogue: Catalogue
) -> None:
    report = {"customerId": "ada", "creativeId": catalogue.creative, "outcome": "click", "idempotencyKey": "k"}
    first = admin("POST", "respond", report)[1]
    gate = IdempotencyKey.objects.get()
    answer = unpacked(bytes(gate.answer)) | {"customerId": "ada"}
    IdempotencyKey.objects.update(answer=packed(answer))
    assert admin("POST", "respond", report) == (200, first | {"duplicate": True})
    migration.tell_whose(apps, None)
    assert admin("POST", "respond", report) == (200, first | {"duplicate": True})


def test_reports_say_again_whose_they_were_when_the_migration_is_taken_back(
    admin: Door, catalogue: Catalogue, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(migration, "AT_ONCE", 2)
    report = {"creativeId": catalogue.creative, "outcome": "click"}
    for customer in ("ada", "bob", "eve"):
        admin("POST", "respond", {**report, "customerId": customer, "idempotencyKey": f"{customer}'s"})
    admin("POST", "recommend", {"customerId": "ada"}, **{"Idempotency-Key": "asked"})
    assert admin("DELETE", "customers/bob?erase=true")[0] == 200

    def told() -> list[tuple[str, str | None, str | None]]:
        rows = IdempotencyKey.objects.order_by("pk")
        return [(row.key, row.customer_id, unpacked(bytes(row.answer))["customerId"]) for row in rows]

    before = told()
    for _ in range(2):
        migration.tell_again(apps, None)
        assert told() == [
            ("ada's", None, "ada"),
            ("bob's", None, None),
            ("eve's", None, "eve"),
            ("asked", "ada", "ada"),
        ]
    migration.tell_whose(apps, None)
    assert told() == before
