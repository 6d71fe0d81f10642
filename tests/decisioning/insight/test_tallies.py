"""Tallies: every stored decision is counted once, and some are looked into."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.core.management import call_command

from decisioning.insight import tallies
from decisioning.models import DailyTally, Decision, PolicyTally, TallyProgress
from kaireon import clock
from policies.models import ContactPolicy
from tests.decisioning.deciding.test_recommend import Shop, recommended

pytestmark = pytest.mark.django_db
LATER = timedelta(minutes=1)


@pytest.fixture
def shop(admin) -> Shop:
    shop = Shop(admin)
    shop.offer("Card", 50)
    shop.offer("Loan", 40)
    return shop


def counted(tenant) -> list[tuple[int, ...]]:
    names = ("decisions", "empty", "candidates", "suppressed", "explained")
    return list(DailyTally.objects.of(tenant).order_by("day").values_list(*names))


def test_decisions_are_counted_once_with_what_suppressed(shop, delivery, tenant):
    shop.policy("frequency_cap", {"maxPerDay": 0}, name="Never")
    for customer in ("a", "b", "c"):
        recommended(delivery, customerId=customer)
    later = clock.now() + LATER
    assert tallies.catch_up(tenant, now=later) == 3
    assert tallies.catch_up(tenant, now=later) == 0
    assert counted(tenant) == [(3, 3, 6, 6, 3)]
    policy = ContactPolicy.objects.get()
    assert list(PolicyTally.objects.of(tenant).values_list("policy_key", "decisions")) == [(policy.pk, 3)]


def test_what_was_just_decided_waits(shop, delivery, tenant):
    recommended(delivery)
    assert tallies.catch_up(tenant, now=clock.now()) == 0
    assert counted(tenant) == []
    assert tallies.catch_up(tenant, now=clock.now() + LATER) == 1
    assert TallyProgress.objects.of(tenant).get().counted_to == Decision.objects.get().decided_at


def test_a_pass_counts_no_more_than_it_may(shop, delivery, tenant):
    for number in range(5):
        recommended(delivery, customerId=str(number))
    later = clock.now() + LATER
    assert [tallies.catch_up(tenant, now=later, most=2, explained=1) for _ in range(4)] == [2, 2, 1, 0]
    assert counted(tenant) == [(5, 0, 10, 0, 3)]


def test_only_the_tenants_own_decisions_are_counted(shop, delivery, tenant, foreign_tenant):
    recommended(delivery)
    later = clock.now() + LATER
    assert tallies.catch_up(foreign_tenant, now=later) == 0
    assert counted(foreign_tenant) == [] and not tallies.behind(foreign_tenant, now=later)
    assert tallies.behind(tenant, now=later)


def test_older_configurations_are_made_again_where_there_is_time(shop, delivery, tenant):
    shop.policy("frequency_cap", {"maxPerDay": 0}, name="Never")
    recommended(delivery)
    shop.offer("Mortgage", 30)
    recommended(delivery, customerId="b")
    Decision.objects.update(decided_at=clock.now() - LATER)
    call_command("tally_decisions", tenant="acme")
    assert counted(tenant) == [(2, 2, 5, 5, 2)]
    call_command("tally_decisions", tenant="acme")
    assert counted(tenant) == [(2, 2, 5, 5, 2)]
