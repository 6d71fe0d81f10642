"""Walking a long list while others add to it and delete from it: every row that stays is seen exactly once."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from creatives.models import Channel, Creative, Offer
from kaireon.tenancy import Tenant
from policies.models import ContactPolicy, PolicyScope
from tests.conftest import Catalogue, Door

START = datetime(2026, 3, 10, tzinfo=UTC)


def instant(number: int) -> datetime:
    """Instants with many ties."""
    return START + timedelta(milliseconds=number // 7)


def policies(tenant: Tenant, numbers: range) -> None:
    made = ContactPolicy.everything.bulk_create(
        ContactPolicy(
            tenant=tenant, name=f"P{n}", rule_type="allow_override", config={}, priority=n % 5 * 25,
            created_at=instant(n), updated_at=instant(n),
        )
        for n in numbers
    )  # fmt: skip
    PolicyScope.objects.bulk_create(
        PolicyScope(tenant=tenant, policy=policy, scope="global", created_at=policy.created_at) for policy in made
    )


def creatives(tenant: Tenant, numbers: range) -> None:
    offer, channel = Offer.objects.get(tenant=tenant), Channel.objects.get(tenant=tenant)
    Creative.everything.bulk_create(
        Creative(
            tenant=tenant, name=f"P{n}", offer=offer, channel=channel, created_at=instant(n), updated_at=instant(n)
        )
        for n in numbers
    )


@pytest.mark.parametrize(
    ("path", "model", "fill"),
    [
        ("contact-policies", ContactPolicy, policies),
        ("creatives", Creative, creatives),
    ],
)
def test_a_walk_over_a_thousand_rows_shows_each_surviving_row_once(
    admin: Door, tenant: Tenant, catalogue: Catalogue, path: str, model: Any, fill: Any
) -> None:
    fill(tenant, range(1000))
    chance = random.Random(7)
    there_at_first = set(model.objects.of(tenant).values_list("pk", flat=True))
    seen: list[dict[str, Any]] = []
    deleted: set[int] = set()
    cursor, added, pages = "", 1000, 0
    while cursor is not None:
        _, page = admin("GET", f"{path}?limit=100&cursor={cursor}")
        seen += page["data"]
        pages += 1
        fill(tenant, range(added, added + 9))
        added += 9
        gone = chance.sample(sorted(there_at_first - deleted), 20)
        model.objects.filter(pk__in=gone).update(deleted_at=START)
        deleted |= set(gone)
        assert page["pagination"]["hasMore"] == (page["pagination"]["cursor"] is not None)
        assert page["pagination"]["cursor"] == page["pagination"]["nextCursor"]
        cursor = page["pagination"]["cursor"]
    keys = [model.id_kind.decode(row["id"]) for row in seen]
    assert pages >= 9
    assert len(keys) == len(set(keys))
    assert there_at_first - deleted <= set(keys)
    ranked = [(-row.get("priority", 0), -datetime.fromisoformat(row["createdAt"]).timestamp()) for row in seen]
    assert ranked == sorted(ranked)
    ties = [(rank, -key) for rank, key in zip(ranked, keys, strict=True)]
    assert ties == sorted(ties)


def test_pages_of_one_and_of_everything_hold_the_same_rows_in_the_same_order(
    viewer: Door, tenant: Tenant, catalogue: Catalogue
) -> None:
    policies(tenant, range(30))
    _, whole = viewer("GET", "contact-policies?limit=100")
    one_by_one, cursor = [], ""
    while cursor is not None:
        _, page = viewer("GET", f"contact-policies?limit=1&cursor={cursor}")
        assert (page["pagination"]["total"], page["pagination"]["limit"]) == (30, 1)
        one_by_one += page["data"]
        cursor = page["pagination"]["cursor"]
    assert one_by_one == whole["data"]


def test_a_filter_holds_on_every_page_and_total_counts_what_it_finds(
    viewer: Door, tenant: Tenant, catalogue: Catalogue
) -> None:
    policies(tenant, range(100))
    ContactPolicy.objects.filter(name__in=[f"P{n}" for n in range(0, 100, 2)]).update(status="paused")
    _, page = viewer("GET", "contact-policies?status=paused&limit=30")
    assert (len(page["data"]), page["pagination"]["total"], page["pagination"]["hasMore"]) == (30, 50, True)
    cursor = page["pagination"]["nextCursor"]
    _, page = viewer("GET", f"contact-policies?status=paused&limit=30&cursor={cursor}")
    assert (len(page["data"]), page["pagination"]["hasMore"], page["pagination"]["cursor"]) == (20, False, None)
    assert {row["status"] for row in page["data"]} == {"paused"}


def test_a_cursor_is_opaque_and_safe_in_an_address(viewer: Door, tenant: Tenant, catalogue: Catalogue) -> None:
    policies(tenant, range(40))
    _, page = viewer("GET", "contact-policies?limit=7")
    assert page["pagination"]["cursor"].replace("-", "").replace("_", "").isalnum()


def test_categories_are_listed_by_their_ordinal(admin: Door) -> None:
    for name, ordinal in (("C", 2), ("A", -1), ("B", 2), ("D", 0)):
        admin.make("categories", name=name, ordinal=ordinal)
    assert [row["name"] for row in admin("GET", "categories")[1]["data"]] == ["A", "D", "C", "B"]
    _, first = admin("GET", "categories?limit=3")
    _, rest = admin("GET", f"categories?limit=3&cursor={first['pagination']['cursor']}")
    assert [row["name"] for row in rest["data"]] == ["B"]
