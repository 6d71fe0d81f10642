"""A part of a configuration decides and explains about its offers as the whole does, whatever the policies are."""

from __future__ import annotations

from collections.abc import Sequence
from random import Random
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from creatives.models import Creative, Offer
from decisioning.deciding.eligibility import items_of, judge
from decisioning.deciding.lookup import Caller, inform
from decisioning.in_force import loading
from decisioning.in_force.configuration import Configuration
from decisioning.in_force.loading import load_configuration
from kaireon.tenancy import Tenant
from policies.models import ContactPolicy
from policies.rules import RULES
from tests.conftest import Door
from tests.decisioning.admin.test_why_not_page import contacted
from tests.decisioning.conftest import NOON, hours
from tests.decisioning.deciding.test_recommend import Shop

pytestmark = pytest.mark.django_db

OFFERS = 6


class Crowd:
    """Offers of every kind under policies of every rule, drawn at random."""

    def __init__(self, door: Door, seed: int) -> None:
        self.door, self.random = door, Random(seed)
        self.shop = Shop(door)
        self.categories = [door.make("categories", name=f"Category {each}")["id"] for each in range(2)]
        self.sub_categories = [
            door.make("sub-categories", name="Part", categoryId=category)["id"] for category in self.categories
        ]
        self.offers = [self._offer(number) for number in range(OFFERS)]
        self.creatives = [Creative.id_kind.encode(key) for key in Creative.objects.values_list("pk", flat=True)]

    def _offer(self, number: int) -> str:
        belongs: dict[str, Any] = {}
        if number % 3:
            at = number % 2
            belongs = {"categoryId": self.categories[at], "subCategoryId": self.sub_categories[at], "category": "cards"}
        offer = self.door.make("offers", name=f"Offer {number}", status="active", **belongs)
        self.shop.creative(f"Mail {number}", offer, constraints={"cooldownHours": 24} if number % 2 else {})
        self.shop.creative(f"Banner {number}", offer, on=self.shop.web, placement=self.shop.hero)
        identifier: str = offer["id"]
        return identifier

    def scopes(self, *, each: bool) -> list[dict[str, str | None]]:
        """One or two places a policy might be assigned to, with or without "each of a kind"."""
        kinds: dict[str, list[str]] = {
            "offer": self.offers,
            "creative": self.creatives,
            "channel": [self.shop.email["id"], self.shop.web["id"]],
            "category": self.categories,
            "subcategory": self.sub_categories,
        }
        places: list[tuple[str, str | None]] = [("global", None)] * 3
        places += [(kind, identifier) for kind, ids in kinds.items() for identifier in ids]
        places += [(kind, "*") for kind in kinds] if each else []
        chosen = dict.fromkeys(self.random.choices(places, k=self.random.choice((1, 1, 2))))
        return [{"scope": kind, "scopeId": identifier} for kind, identifier in chosen]

    def policies(self, number: int) -> None:
        """Makes so many policies."""
        for each in range(number):
            rule = RULES[each % len(RULES)]
            config = dict(self.random.choice(rule.examples)) | self.named(rule.slug)
            scopes = self.scopes(each=rule.slug != "mutual_exclusion")
            body = {"name": f"{rule.slug} {each}", "ruleType": rule.slug, "config": config, "scopes": scopes}
            self.door.make("contact-policies", priority=self.random.randrange(101), **body)

    def named(self, slug: str) -> dict[str, Any]:
        """What the examples name, among what there is."""
        random = self.random
        return {
            "mutual_exclusion": {"excludeOfferIds": random.sample(self.offers, 2)},
            "category_suppression": {"categoryId": random.choice(self.categories), "subCategoryId": None},
            "cross_channel_cap": {"appliesAcross": [self.shop.email["id"]]},
            "budget_exhausted": {"threshold": random.choice((1, 5, 1000))},
        }.get(slug, {})


@pytest.mark.parametrize("seed", range(4))
def test_some_offers_alone_are_judged_as_among_all(
    seed: int, admin: Door, tenant: Tenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    crowd = Crowd(admin, seed)
    crowd.policies(3 * len(RULES))
    broken, paused = ContactPolicy.objects.order_by("pk")[seed : seed + 2]
    ContactPolicy.objects.filter(pk=broken.pk).update(config={"maxPerDay": "many"})
    admin("PATCH", f"contact-policies/{paused.public_id}", {"status": "paused"})
    for number, creative in enumerate(Creative.objects.order_by("pk")):
        contacted(tenant, creative, at=NOON - hours(number), customer="ada")
    for path in (f"creatives/{crowd.creatives[0]}", f"offers/{crowd.offers[1]}", f"categories/{crowd.categories[0]}"):
        assert admin("DELETE", path)[0] == 200
    admin("PATCH", f"creatives/{crowd.creatives[4]}", {"status": "paused"})
    keys = [key for key in map(Offer.id_kind.decode, crowd.offers) if key is not None]

    def judged(offers: Sequence[int], *, alone: bool) -> Any:
        monkeypatch.setattr(loading, "_kept", {})
        known, configuration = inform(Caller(tenant=tenant.pk), "ada", offers=offers if alone else None)
        found = judge(known, configuration, items_of(configuration, offers), as_of=NOON + hours(1))
        everyone = range(len(found.items))
        return [(found.creative(position, with_skipped=False), found.skipped(position)) for position in everyone]

    said = set()
    for offers in (*([key] for key in keys), keys[:2], keys[2:5], keys):
        whole = judged(offers, alone=False)
        assert judged(offers, alone=True) == whole
        said |= {policy["ruleType"] for creative, _ in whole for policy in creative["policies"] if policy["reasons"]}
    assert len(said) >= 5  # what never says anything would agree as well


@pytest.fixture
def shop(admin: Door) -> Shop:
    return Shop(admin)


def part_of(tenant: Tenant, offer: Any) -> Configuration:
    """The part of the configuration about one offer."""
    key = Offer.id_kind.decode(offer["id"])
    assert key is not None
    return loading.part(tenant, version=1, timezone="UTC", offers=[key])


def test_a_part_holds_what_concerns_its_offers_and_what_names_them(shop: Shop, tenant: Tenant) -> None:
    card, loan, fund = (shop.offer(name, 50) for name in ("Card", "Loan", "Fund"))
    cooldown = {"cooldownHours": 1}
    shop.policy("cooldown", cooldown, name="Card's", scope="offer", scopeId=card["id"])
    shop.policy("cooldown", cooldown, name="Loan's", scope="offer", scopeId=loan["id"])
    shop.policy("cooldown", cooldown, name="Mail's", scope="channel", scopeId=shop.email["id"])
    shop.policy("cooldown", cooldown, name="The web's", scope="channel", scopeId=shop.web["id"])
    group = {"excludeOfferIds": [loan["id"], fund["id"]]}
    shop.policy("mutual_exclusion", group, name="Fund's", scope="offer", scopeId=fund["id"])
    held = {offer["name"]: part_of(tenant, offer) for offer in (card, loan, fund)}
    assert {name: sorted(it.policy.name for it in part.policies.values()) for name, part in held.items()} == {
        "Card": ["Card's", "Mail's"],
        "Loan": ["Fund's", "Loan's", "Mail's"],
        "Fund": ["Fund's", "Mail's"],
    }
    assert [part.policies_besides for part in held.values()] == [3, 2, 3]
    assert {len(part.items) for part in held.values()} == {1}


def test_what_a_part_asks_does_not_depend_on_how_many_offers_are_named(shop: Shop, tenant: Tenant) -> None:
    offers = [shop.offer(f"Offer {number}", 50) for number in range(12)]

    def queries(number: int) -> int:
        group = {"excludeOfferIds": [offer["id"] for offer in offers[: number + 1]]}
        shop.policy("mutual_exclusion", group, name=f"{number} others")
        with CaptureQueriesContext(connection) as seen:
            part_of(tenant, offers[0]).snapshot()
        return len(seen)

    assert queries(1) == queries(11)


def test_what_comes_while_a_catalogue_is_read_names_nothing_that_is_missing(shop: Shop, tenant: Tenant) -> None:
    """In a transaction every statement sees what is committed by then."""
    offer, came = shop.offer("Card", 50), list[str]()

    def comes(execute: Any, sql: str, *rest: Any) -> Any:
        found = execute(sql, *rest)
        if not came and sql.startswith("SELECT") and 'FROM "creatives_channel"' in sql:
            came.append("a channel")
            shop.creative("On the new one", offer, on=shop.door.make("channels", name="New", status="active"))
        return found

    with connection.execute_wrapper(comes):
        first = load_configuration(tenant)
    assert came and [item.name for item in first.items.values()] == ["Card"]
    assert [item.name for item in load_configuration(tenant).items.values()] == ["Card", "On the new one"]
