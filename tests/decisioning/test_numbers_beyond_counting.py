"""Policies whose numbers nobody can count to: they say what they say, and no decision stumbles over them."""

from __future__ import annotations

from typing import Any

import pytest
from django.urls import reverse

from kaireon.tenancy import Role
from tests.conftest import Door
from tests.decisioning.deciding.test_recommend import Shop, recommended
from tests.visitors import visit

pytestmark = pytest.mark.django_db(transaction=True)  # what is not committed is not kept for the next decision

HUGE = (10**30, 1e300)
LOOSE = {
    "frequency_cap": ("maxPerDay", "maxTotal"),
    "customer_total_cap": ("maxTotal",),
    "cross_channel_cap": ("maxTotal",),
    "budget_exhausted": ("threshold",),
}
STRICT = {"cooldown": "cooldownHours", "outcome_based": "suppressForDays", "mutual_exclusion": "lookbackDays"}


@pytest.mark.parametrize("huge", HUGE)
def test_a_limit_beyond_all_counting_blocks_nobody(huge, admin: Door, person: Any):
    shop = Shop(admin)
    shop.offer("Card", 50)
    for rule_type, keys in LOOSE.items():
        more = {"budgetField": "spend"} if rule_type == "budget_exhausted" else {}
        shop.policy(rule_type, dict.fromkeys(keys, huge) | more)
    for _ in range(2):  # the second time by what is kept of the configuration
        assert recommended(admin, customerId="ada", reserve=True)["count"] == 1
    assert visit(person(Role.VIEWER)).get(reverse("admin:index")).status_code == 200


@pytest.mark.parametrize("huge", HUGE)
@pytest.mark.parametrize("rule_type", STRICT)
def test_a_pause_longer_than_all_time_never_ends(rule_type, huge, admin: Door):
    shop = Shop(admin)
    card, loan = (shop.offer(name, 50) for name in ("Card", "Loan"))
    more = {"outcome_based": {"afterOutcome": "impression"}, "mutual_exclusion": {"excludeOfferIds": [card["id"]]}}
    shop.policy(rule_type, {STRICT[rule_type]: huge} | more.get(rule_type, {}), scope="offer", scopeId=loan["id"])
    assert recommended(admin, customerId="ada", reserve=True)["count"] == 1 + (rule_type != "mutual_exclusion")
    seen = card if rule_type == "mutual_exclusion" else loan
    _, creatives = admin("GET", f"creatives?offerId={seen['id']}")
    said = {"customerId": "bob", "creativeId": creatives["data"][0]["id"], "outcome": "impression"}
    assert admin("POST", "respond", said)[0] == 201
    assert [it["offerId"] for it in recommended(admin, customerId="bob")["decisions"]] == [card["id"]]
    _, answer = admin("GET", f"customers/bob/why-not/{loan['id']}")
    [creative] = answer["creatives"]
    assert (creative["allowed"], creative["freeAt"]) == (False, None)
