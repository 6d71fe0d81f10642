"""The OpenAPI document against real traffic: generated requests break nothing, and every answer is as described."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import count
from typing import Any

import hypothesis
import pytest
import schemathesis
from django.core.signals import request_finished, request_started
from django.db import close_old_connections
from drf_spectacular.drainage import GENERATOR_STATS
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
    "campaign-runs",
]
MORE = {"segments": 3, "decision-flows": 4, "contact-policies": 1}  # operations besides the ten of every resource
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


def test_every_field_is_described(capsys):
    GENERATOR_STATS.reset()
    SchemaGenerator().get_schema(request=None, public=True)
    assert capsys.readouterr().err == ""


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


@dataclass
class World:
    """Real rows to put into generated requests, without which nothing but refusals would ever be answered."""

    admin: Door
    catalogue: Catalogue
    numbers: Iterator[int] = field(default_factory=count)

    def valid(self, resource: str) -> dict[str, Any]:
        """What makes a new row valid, whatever else is sent with it."""
        name = f"row{next(self.numbers)}"
        offer, channel = self.catalogue.offer, self.catalogue.channel
        own: dict[str, dict[str, Any]] = {
            "sub-categories": {"categoryId": self.catalogue.category},
            "offers": {"categoryId": None, "subCategoryId": None, "mandatory": False, "schedule": {}},
            "placements": {"channelId": channel},
            "creatives": {"offerId": offer, "channelId": channel, "placementId": self.catalogue.placement},
            "contact-policies": {"scope": "offer", "scopeId": offer, "scopes": None},
            "outcome-types": {"key": name},
            "decision-flows": {"key": name},
            "campaign-runs": {"decisionFlowId": None, "segmentId": None},
        }
        return {"name": name, **own.get(resource, {})}

    def fresh(self, resource: str) -> str:
        """The id of a row made for one request."""
        rule = {"ruleType": "allow_override"} if resource == "contact-policies" else {}
        return str(self.admin.make(resource, **self.valid(resource) | rule)["id"])

    def decided(self) -> str:
        """The id of a decision."""
        return str(self.admin("POST", "recommend", {"customerId": "A000100"})[1]["recommendationId"])

    def deleted(self) -> str:
        """The id of a creative that can be restored."""
        creative = self.fresh("creatives")
        assert self.admin("DELETE", f"creatives/{creative}")[0] == 200
        return creative


def made_real(case: Any, world: World) -> None:
    """Puts real ids and a free name over what was generated; the rest of the request stays as it is."""
    resource = part_of(case.operation)
    case.headers.pop("If-Match", None)
    case.query = {name: value for name, value in case.query.items() if name in {"limit", "includeDeleted"}}
    if resource == "restore":
        case.query = {"entityType": "creative", "id": world.deleted()}
    elif resource == "customers":
        made_real_customer(case, world)
    elif resource == "respond":
        happened = {"customerId": "A000100", "creativeId": world.catalogue.creative, "outcome": "click"}
        bulk = case.operation.path.endswith("/bulk")
        case.headers.pop("Idempotency-Key", None)
        case.media_type, case.body = "application/json", {"outcomes": [happened]} if bulk else happened
    elif resource == "interaction-summaries":
        case.query |= {"customerId": "A000100"}
    elif resource == "recommend":
        case.media_type, case.body = "application/json", {"customerId": "A000100", "limit": 3}
    elif case.operation.path.endswith("/decisions/{public_id}"):
        case.path_parameters["public_id"] = world.decided()
    elif resource == "decisions":
        candidate = {"creativeId": world.catalogue.creative, "placementId": world.catalogue.placement}
        asked = {"customerId": "A000100", "candidates": [candidate], "asOf": "2026-03-10T12:00:00Z"}
        case.body = case.body | asked | {"contactPolicyIds": [world.fresh("contact-policies")]}
    elif resource in RESOURCES:
        made_real_in(resource, case, world)


def made_real_customer(case: Any, world: World) -> None:
    """Puts a customer there is into the address and nothing into the body that could be refused."""
    assert world.admin("PUT", "customers/A000100", {})[0] in {200, 201}
    case.query = {"customerId": "A000100"} if case.operation.method.upper() == "DELETE" else case.query
    if "{" in case.operation.path:
        case.path_parameters |= {"customer_id": "A000100", "offer_id": world.catalogue.offer}
        case.query = {}
    if case.operation.method.upper() in {"POST", "PUT", "PATCH"}:
        case.media_type, customer = "application/json", {"customerId": "A000100"}
        case.body = {"customers": [customer]} if case.operation.path.endswith("/bulk") else customer


def made_real_in(resource: str, case: Any, world: World) -> None:
    method, path, changing = case.operation.method.upper(), case.operation.path, {"PUT", "PATCH", "DELETE"}
    body = case.body if isinstance(case.body, dict) else {}
    if method in {"POST", "PUT", "PATCH"}:
        case.media_type = "application/json"  # a body need not be sent, and then has no type
    target = world.fresh(resource) if "{" in path or method in changing else None
    if "{" in path:
        case.path_parameters["public_id"] = target
    elif method == "DELETE":
        case.query = {"id": target}
    if path.endswith("/impact-preview"):
        tried = {"policyType": "cooldown", "config": {"cooldownHours": 24, "periodDays": 30}}
        case.body = body | tried | {"scope": "offer", "scopeId": world.catalogue.offer, "sampleSize": 100}
        case.query = {}
    elif path.endswith(("/revert", "/rollback")):
        if path.endswith("/rollback"):
            assert world.admin("POST", f"{resource}/{target}/publish")[0] == 200
        case.body = {"version": 1}
    elif path.endswith("/publish"):
        case.body = {"reason": "because"}
    elif path.endswith("/members"):
        case.query = {}
        case.body = {"customerIds": ["A000100"]} if method != "GET" else case.body
    elif method == "POST":
        case.body = body | world.valid(resource)
    elif method in {"PUT", "PATCH"}:
        unchanged = {"key": None, "id": target, "rowVersion": 1}  # an outcome type's key never changes
        case.body = body | world.valid(resource) | unchanged


def try_out(operation: Any, world: World) -> set[int]:
    """Sends generated requests to one operation: as they are, made real, to a real row only. Answers the statuses."""
    seen: set[int] = set()
    turns = count()

    @GENERATED
    @hypothesis.given(case=operation.as_strategy())
    def one(case: Any) -> None:
        turn = next(turns) % 4
        if turn % 2:
            made_real(case, world)
        elif turn == 2 and "public_id" in case.path_parameters:
            kind = part_of(operation)
            case.path_parameters["public_id"] = world.fresh(kind) if kind in RESOURCES else world.decided()
        with one_transaction():
            response = case.call(headers=world.admin.headers)
        seen.add(response.status_code)
        case.validate_response(response, checks=CHECKS)

    one()
    return seen


def succeeds(operation: Any) -> int:
    """The status of an operation that did what was asked."""
    creates = operation.method.upper() == "POST" and part_of(operation) == operation.path.removeprefix("/api/v1/")
    return 201 if creates and part_of(operation) in RESOURCES else 200


@pytest.mark.parametrize("resource", RESOURCES)
def test_generated_requests_to_a_resource_are_answered_as_described(
    admin: Door, catalogue: Catalogue, operations: list[Any], resource: str
) -> None:
    world = World(admin, catalogue)
    mine = [operation for operation in operations if part_of(operation) == resource]
    assert len(mine) == 10 + MORE.get(resource, 0)
    seen = {f"{operation.method} {operation.path}": try_out(operation, world) for operation in mine}
    unseen = [
        name for operation, (name, found) in zip(mine, seen.items(), strict=True) if succeeds(operation) not in found
    ]
    assert unseen == [], seen
    assert {400, 404} <= set().union(*seen.values())


def test_generated_requests_to_everything_else_are_answered_as_described(
    admin: Door, catalogue: Catalogue, operations: list[Any]
) -> None:
    world = World(admin, catalogue)
    rest = [operation for operation in operations if part_of(operation) not in RESOURCES]
    assert {"restore", "audit-logs", "decisions"} <= {part_of(operation) for operation in rest}
    for operation in rest:
        seen = try_out(operation, world)
        assert {200, 201} & seen, (operation.method, operation.path, seen)


def test_the_document_lists_every_address_of_the_roles_table(document: dict[str, Any]) -> None:
    routes = {(route.replace("*", "{}"), method) for route, methods in addresses() for method in methods}
    described = {
        (re.sub(r"\{\w+\}", "{}", path).removeprefix("/api/v1/").rstrip("/"), method.upper())
        for path, methods in document["paths"].items()
        for method in methods
    }
    assert routes - described == {("schema", "GET"), ("docs", "GET")}
    assert described - routes == set()
