"""Configuration and facts as the engine gets them, and that everything read together was true at one instant."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from threading import Thread
from typing import Any

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from creatives.models import Channel
from decisioning.deciding.histories import recall
from decisioning.deciding.lookup import Caller, inform
from decisioning.engine.candidates import Candidate
from decisioning.in_force.loading import load_configuration
from kaireon import clock
from kaireon.access import create_tenant, operator
from kaireon.audit import ConfigurationHead
from kaireon.database.reading import reading
from kaireon.tenancy import Tenant
from kaireon.writing import writing
from policies.limits import Total
from policies.models import ContactPolicy
from tests.conftest import Catalogue, Door
from tests.decisioning.conftest import KEYS, NOON, Happened, hours


def keys_of(catalogue: Catalogue) -> dict[str, Any]:
    """The catalogue's integer keys by dimension."""
    return {kind: model.id_kind.decode(getattr(catalogue, kind)) for kind, model in KEYS.items()}


def elsewhere(act: Callable[[], Any]) -> None:
    """Does something in another thread, on another connection, and waits for it."""

    def done() -> None:
        try:
            act()
        finally:
            connection.close()

    thread = Thread(target=done)
    thread.start()
    thread.join(timeout=10)
    assert not thread.is_alive()


def test_a_creative_is_a_candidate_with_what_its_offer_and_channel_say(
    admin: Door, tenant: Tenant, catalogue: Catalogue
) -> None:
    keys = keys_of(catalogue)
    offer = {"category": "cards", "mandatory": True, "mandatoryReason": "law"}
    admin("PATCH", f"offers/{catalogue.offer}", offer | {"mandatoryExpiresAt": "2999-01-01T00:00:00Z"})
    admin("PATCH", f"channels/{catalogue.channel}", {"costPerContact": 0.25})
    configuration = load_configuration(tenant)
    assert configuration.items[keys["creative"]].candidate == Candidate(
        **keys, label="cards", cost=250_000, mandatory_until=32_472_144_000_000
    )
    assert configuration.names["creative", keys["creative"]] == "Email Hero"
    assert configuration.public_ids["channel", keys["channel"]] == catalogue.channel
    assert configuration.key_of("channel", catalogue.channel) == keys["channel"]
    assert configuration.key_of("offer", catalogue.channel) is None


def test_a_candidate_has_no_category_once_it_is_deleted(admin: Door, tenant: Tenant, catalogue: Catalogue) -> None:
    admin("PATCH", f"offers/{catalogue.offer}", {"subCategoryId": catalogue.sub_category})
    creative = keys_of(catalogue)["creative"]
    assert load_configuration(tenant).items[creative].candidate.sub_category is not None
    admin("DELETE", f"categories/{catalogue.category}")
    candidate = load_configuration(tenant).items[creative].candidate
    assert (candidate.category, candidate.sub_category) == (None, None)


def test_a_deleted_offer_still_excludes_those_it_contradicts(
    admin: Door, tenant: Tenant, catalogue: Catalogue, happened: Happened
) -> None:
    other = admin.make("offers", name="Gold Card", status="active")["id"]
    config = {"excludeOfferIds": [catalogue.offer, other]}
    admin.make("contact-policies", name="One card", ruleType="mutual_exclusion", config=config, scope="global")
    happened(NOON, offer_key=KEYS["offer"].id_kind.decode(other), creative_key=None)
    admin("DELETE", f"offers/{other}")
    _, answer = admin("POST", "decisions/filter", {"customerId": "ada", "asOf": "2026-03-11T12:00:00Z"})
    [result] = answer["results"]
    assert [reason["evidence"]["conflictingOfferId"] for reason in result["reasons"]] == [other]
    assert "Gold Card" in result["reasons"][0]["reason"]


def test_only_active_policies_are_in_force_in_their_order(admin: Door, tenant: Tenant) -> None:
    pause = {"ruleType": "cooldown", "config": {"cooldownHours": 24}, "scope": "global"}
    for name, status, priority in (("low", "active", 1), ("high", "active", 90), ("off", "paused", 95)):
        admin.make("contact-policies", name=name, status=status, priority=priority, **pause)
    limits = load_configuration(tenant).snapshot().limits
    assert [limit.source.policy_name for limit in limits] == ["high", "low"]


def test_totals_are_summed_for_budgets_only(
    admin: Door, tenant: Tenant, catalogue: Catalogue, happened: Happened, foreign_tenant: Tenant
) -> None:
    happened(NOON, cost_micros=3)
    happened(NOON + hours(1), customer="bob", cost_micros=4, offer_key=None)
    happened(NOON + hours(2), customer="bob", outcome="click", cost_micros=5)
    happened(NOON, tenant=foreign_tenant, cost_micros=100)

    def totals(as_of: Any = None) -> dict[Any, Total]:
        known, configuration = inform(Caller(tenant=tenant.pk), "ada")
        return dict(recall(known, configuration.snapshot(), as_of=as_of).facts.totals)

    assert totals() == {}
    budget = {"ruleType": "budget_exhausted", "config": {"budgetField": "spend", "threshold": 1}}
    scopes = [
        {"scope": "global"},
        {"scope": "offer", "scopeId": "*"},
        {"scope": "channel", "scopeId": catalogue.channel},
    ]
    admin.make("contact-policies", name="Budget", scopes=scopes, **budget)
    offer, channel = keys_of(catalogue)["offer"], keys_of(catalogue)["channel"]
    assert totals() == {
        ("impressions", None, None): Total(2),
        ("spend", None, None): Total(12),
        ("impressions", "offer", offer): Total(1),
        ("spend", "offer", offer): Total(8),
        ("impressions", "channel", channel): Total(2),
        ("spend", "channel", channel): Total(12),
    }
    assert totals(as_of=NOON)["spend", None, None] == Total(3)


def test_a_contact_keeps_what_was_frozen_beside_it(
    admin: Door, tenant: Tenant, catalogue: Catalogue, happened: Happened
) -> None:
    happened(NOON, label=None, campaign_id="spring", sub_category_key=5)
    admin.make("contact-policies", name="Ever", scope="global", ruleType="frequency_cap", config={"maxTotal": 9})
    known, configuration = inform(Caller(tenant=tenant.pk), "ada")
    [contact] = recall(known, configuration.snapshot()).facts.contacts
    assert {name: getattr(contact, name) for name in keys_of(catalogue)} == keys_of(catalogue)
    assert (contact.at, contact.label, contact.campaign, contact.sub_category) == (1_773_144_000_000, None, "spring", 5)


@pytest.mark.django_db(transaction=True)
def test_everything_read_together_was_true_at_one_instant() -> None:
    tenant = create_tenant(key="acme", name="Acme")

    def add_channel() -> None:
        with writing(operator(tenant, "test")) as unit:
            unit.create(Channel(name="Push"))

    def seen() -> tuple[int, int]:
        return ConfigurationHead.objects.get(tenant=tenant).version, Channel.objects.of(tenant).count()

    with reading():
        before = seen()
        elsewhere(add_channel)  # reading holds no lock that a writer would have to wait for
        assert seen() == before
        with reading():
            assert seen() == before
    assert seen() == (before[0] + 1, before[1] + 1)


@pytest.mark.django_db(transaction=True)
def test_reading_leaves_other_transactions_as_they_are() -> None:
    tenant = create_tenant(key="acme", name="Acme")
    with reading():
        pass
    with CaptureQueriesContext(connection) as captured, transaction.atomic():
        assert Channel.objects.of(tenant).count() == 0
        Tenant.objects.filter(pk=tenant.pk).update(name="Acme Ltd")
    begun = [query["sql"] for query in captured if query["sql"].startswith("BEGIN")]
    assert begun == (["BEGIN IMMEDIATE"] if connection.vendor == "sqlite" else ["BEGIN"])


@pytest.mark.django_db(transaction=True)
def test_a_configuration_is_read_at_the_clock_of_the_database() -> None:
    tenant = create_tenant(key="acme", name="Acme")
    first, second = (inform(Caller(tenant=tenant.pk), "ada")[0].at for _ in range(2))
    assert timedelta(0) <= second - first < timedelta(minutes=1)
    assert abs(second - clock.now()) < timedelta(minutes=1)
    assert ContactPolicy.objects.of(tenant).count() == 0
