"""A part of a configuration decides and explains about its offers as the whole does, whatever the policies are."""

from __future__ import annotations

from random import Random
from typing import Any

import pytest

from creatives.models import Creative, Offer
from decisioning import loading
from decisioning.eligibility import items_of, judge
from decisioning.lookup import Caller, inform
from kaireon.tenancy import Tenant
from policies.models import ContactPolicy
from policies.rules import RULES
from tests.conftest import Door
from tests.decisioning.conftest import NOON, hours
from tests.decisioning.test_recommend import Shop
from tests.decisioning.test_why_not_page import contacted

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

    def scope(self) -> dict[str, str | None]:
        """Where a policy might be assigned."""
        kinds: dict[str, list[str | None]] = {
            "global": [None],
            "offer": ["*", *self.offers],
            "creative": ["*", *self.creatives],
            "channel": ["*", self.shop.email["id"], self.shop.web["id"]],
            "category": ["*", *self.categories],
            "subcategory": ["*", *self.sub_categories],
        }
        kind = self.random.choice([*kinds])
        return {"scope": kind, "scopeId": self.random.choice(kinds[kind])}

    def policies(self, number: int) -> None:
        """Makes so many policies; what no rule allows to be assigned so is left out."""
        for each in range(number):
            rule = RULES[each % len(RULES)]
            config = dict(self.random.choice(rule.examples)) | self.named(rule.slug)
            scopes = [self.scope() for _ in range(self.random.choice((1, 1, 2)))]
            body = {"name": f"{rule.slug} {each}", "ruleType": rule.slug, "config": config, "scopes": scopes}
            self.door("POST", "contact-policies", body | {"priority": self.random.randrange(101)})

    def named(self, slug: str) -> dict[str, Any]:
        """What the examples name, among what there is."""
        random = self.random
        return {
            "mutual_exclusion": {"excludeOfferIds": random.sample(self.offers, 2)},
            "category_suppression": {"categoryId": random.choice(self.categories), "subCategoryId": None},
            "cross_channel_cap": {"channelIds": None, "offerIds": None},
        }.get(slug, {})


@pytest.mark.parametrize("seed", range(4))
def test_each_offer_alone_is_judged_as_among_all(
    seed: int, admin: Door, tenant: Tenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    crowd = Crowd(admin, seed)
    crowd.policies(3 * len(RULES))
    broken = ContactPolicy.objects.order_by("pk")[seed]
    ContactPolicy.objects.filter(pk=broken.pk).update(config={"maxPerDay": "many"})
    admin("DELETE", f"creatives/{crowd.creatives[0]}")
    admin("PATCH", f"creatives/{crowd.creatives[3]}", {"status": "paused"})
    for number, creative in enumerate(Creative.objects.order_by("pk")):
        contacted(tenant, creative, at=NOON - hours(number), customer="ada")
    caller, at = Caller(tenant=tenant.pk), NOON + hours(1)

    def judged(offer: int, *, alone: bool) -> Any:
        monkeypatch.setattr(loading, "_kept", {})
        known, configuration = inform(caller, "ada", offers=[offer] if alone else None)
        found = judge(known, configuration, items_of(configuration, [offer]), as_of=at)
        everyone = range(len(found.items))
        return [(found.creative(position, with_skipped=False), found.skipped(position)) for position in everyone]

    said = set()
    for offer in map(Offer.id_kind.decode, crowd.offers):
        assert offer is not None
        whole = judged(offer, alone=False)
        assert judged(offer, alone=True) == whole
        said |= {policy["ruleType"] for creative, _ in whole for policy in creative["policies"] if policy["reasons"]}
    assert len(said) >= 5  # what never says anything would agree as well
