"""The OpenAPI document against real traffic: generated requests break nothing, and every answer is as described."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import hypothesis
import pytest
import schemathesis
from django.core.signals import request_finished, request_started
from django.db import close_old_connections
from drf_spectacular.generators import SchemaGenerator
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from kaireon.wsgi import application
from tests.conftest import Catalogue, Door
from tests.test_roles import addresses

CHECKS = [not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance]
RESOURCES = [
    "categories",
    "sub-categories",
    "offers",
    "channels",
    "placements",
    "creatives",
    "contact-policies",
    "outcome-types",
    "segments",
    "decision-flows",
]
GENERATED = hypothesis.settings(
    max_examples=6,
    derandomize=True,
    deadline=None,
    database=None,
    phases=[hypothesis.Phase.generate],
    suppress_health_check=list(hypothesis.HealthCheck),
)


@pytest.fixture(scope="module")
def document() -> dict[str, Any]:
    return SchemaGenerator().get_schema(request=None, public=True)


@pytest.fixture
def operations(db: None, settings: Any, document: dict[str, Any]) -> list[Any]:
    """Every operation of the document, to be called in this process."""
    settings.ALLOWED_HOSTS = ["localhost", "testserver"]
    schema = schemathesis.openapi.from_dict(document)
    schema.app = application
    return [found.ok() for found in schema.get_all_operations()]


@contextmanager
def one_transaction() -> Iterator[None]:
    """Requests served in here leave the test's transaction open, as those of Django's own test client do."""
    for signal in (request_started, request_finished):
        signal.disconnect(close_old_connections)
    try:
        yield
    finally:
        for signal in (request_started, request_finished):
            signal.connect(close_old_connections)


def part_of(operation: Any) -> str:
    return str(operation.path).removeprefix("/api/v1/").partition("/")[0]


def try_out(operation: Any, door: Door, public_id: str) -> set[int]:
    """Sends generated requests to one operation; answers the statuses that came back."""
    seen: set[int] = set()

    @GENERATED
    @hypothesis.given(case=operation.as_strategy())
    def one(case: Any) -> None:
        if len(str(case.path_parameters.get("public_id", ""))) % 2:
            case.path_parameters["public_id"] = public_id  # or nothing but 404 would ever be answered
        response = case.call(headers=door.headers)
        seen.add(response.status_code)
        case.validate_response(response, checks=CHECKS)

    with one_transaction():
        one()
    return seen


@pytest.mark.parametrize("resource", RESOURCES)
def test_generated_requests_to_a_resource_are_answered_as_described(
    admin: Door, catalogue: Catalogue, operations: list[Any], resource: str
) -> None:
    extra = {"contact-policies": {"scope": "global", "ruleType": "allow_override"}}
    keyed = {"key": "extant"} if resource in {"outcome-types", "decision-flows"} else {}
    references = {
        "sub-categories": {"categoryId": catalogue.category},
        "placements": {"channelId": catalogue.channel},
        "creatives": {"offerId": catalogue.offer, "channelId": catalogue.channel},
    }
    own = extra.get(resource, {}) | keyed | references.get(resource, {})
    extant = admin.make(resource, name="Extant", **own)["id"]
    mine = [operation for operation in operations if part_of(operation) == resource]
    assert len(mine) == 10
    seen = set().union(*(try_out(operation, admin, extant) for operation in mine))
    assert {200, 400, 404} <= seen


def test_generated_requests_to_everything_else_are_answered_as_described(
    admin: Door, catalogue: Catalogue, operations: list[Any]
) -> None:
    rest = [operation for operation in operations if part_of(operation) not in RESOURCES]
    assert {"restore", "audit-logs"} <= {part_of(operation) for operation in rest}
    for operation in rest:
        assert try_out(operation, admin, "")


def test_the_document_lists_every_address_of_the_roles_table(document: dict[str, Any]) -> None:
    routes = {(route.replace("*", "{}"), method) for route, methods in addresses() for method in methods}
    described = {
        (re.sub(r"\{\w+\}", "{}", path).removeprefix("/api/v1/").rstrip("/"), method.upper())
        for path, methods in document["paths"].items()
        for method in methods
    }
    assert routes - described == {("schema", "GET"), ("docs", "GET")}
    assert described - routes == set()
