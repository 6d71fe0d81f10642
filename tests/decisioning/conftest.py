"""What happened to customers, written straight into history and told to their ledgers."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.db import transaction

from creatives.models import Category, Channel, Creative, Offer, Placement
from decisioning.contacts.ledgers import refill
from decisioning.models import Interaction
from kaireon.tenancy import Tenant
from tests.conftest import Catalogue, Door
from tests.decisioning.touches import SOURCE, at_hand

NOON = datetime(2026, 3, 10, 12, tzinfo=UTC)
KEYS = {"offer": Offer, "creative": Creative, "channel": Channel, "placement": Placement, "category": Category}

Happened = Callable[..., Interaction]
Write = Callable[..., Path]

COOLDOWN = {"ruleType": "cooldown", "config": {"cooldownHours": 24}, "scope": "global"}


@pytest.fixture
def happened(tenant: Tenant, catalogue: Catalogue) -> Happened:
    """Records an impression of the catalogue's creative on Ada at noon; every part can be another one."""

    def record(at: datetime = NOON, *, customer: str = "ada", outcome: str = "impression", **given: Any) -> Interaction:
        owner = given.pop("tenant", tenant)
        keys = {f"{kind}_key": model.id_kind.decode(getattr(catalogue, kind)) for kind, model in KEYS.items()}
        values: dict[str, Any] = {"label": "", "recorded_at": at, **keys, **given}
        with transaction.atomic():
            made = Interaction.objects.create(tenant=owner, customer_id=customer, at=at, outcome=outcome, **values)
            refill(owner, [customer])
        return made

    return record


def hours(count: float) -> timedelta:
    """A stretch of time."""
    return timedelta(hours=count)


def asked(door: Door, **body: Any) -> Any:
    """The answer to a question that must be a good one."""
    status, answer = door("POST", "decisions/filter", {"customerId": "ada", **body})
    assert status == 200, answer
    return answer


def verdicts(answer: Any) -> list[tuple[str, bool]]:
    """The creatives and whether they are allowed."""
    return [(result["creativeId"], result["allowed"]) for result in answer["results"]]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Writes lines into a file."""

    def written(*lines: str, name: str = "touches.csv") -> Path:
        path = tmp_path / name
        path.write_text("\n".join(lines) + "\n", encoding="utf-8")
        return path

    return written


@pytest.fixture(params=[SOURCE])
def month(tmp_path: Path) -> Path:
    """The file of advertising touches that is at hand; the test's name says which one it is."""
    return at_hand(tmp_path)
