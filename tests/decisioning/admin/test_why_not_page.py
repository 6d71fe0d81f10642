"""The page "Why not?": what it says, to whom, and what it costs."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from creatives.models import Creative, Offer
from decisioning.admin import answers
from decisioning.contacts.ledgers import refill
from decisioning.models import Customer, Interaction
from kaireon.tenancy import Role
from policies.models import ContactPolicy
from tests.decisioning.deciding.test_recommend import Shop
from tests.visitors import address, visit

pytestmark = pytest.mark.django_db

HOUR_AGO = datetime.now(UTC).replace(microsecond=0) - timedelta(hours=1)


@pytest.fixture
def shop(admin) -> Shop:
    return Shop(admin)


@pytest.fixture
def browser(person):
    return visit(person(Role.VIEWER))


def contacted(tenant, creative, *, at=HOUR_AGO, outcome="impression", customer="c1") -> None:
    Interaction.objects.create(
        tenant=tenant,
        customer_id=customer,
        at=at,
        outcome=outcome,
        label="",
        recorded_at=at,
        offer_key=creative.offer_id,
        creative_key=creative.pk,
        channel_key=creative.channel_id,
    )
    refill(tenant, [customer])


def creative_of(offer):
    return Creative.objects.get(offer=Offer.id_kind.decode(offer["id"]))


def ask(browser, **asked):
    response = browser.get(reverse("admin:why_not"), asked)
    assert response.status_code == 200
    return response


def test_the_page_asks_before_it_answers(browser):
    page = ask(browser)
    assert "funnel" not in page.context and list(page.context["form"].fields) == ["customer", "offer", "at"]


def test_every_reason_is_told_with_evidence_and_the_policy_named_first(shop, tenant, browser):
    offer = shop.offer("Card", 50)
    shop.policy("frequency_cap", {"maxPerWeek": 1}, name="Weekly", priority=90)
    shop.policy("cooldown", {"cooldownHours": 24}, name="Rest", priority=80)
    shop.policy("customer_total_cap", {"maxTotal": 9}, name="Total", priority=70)
    contacted(tenant, creative_of(offer))
    page = ask(browser, customer="c1", offer=offer["id"])
    [creative] = page.context["creatives"]
    assert [(it["name"], it["verdict"]) for it in creative["held"]] == [("Weekly", "blocked"), ("Rest", "blocked")]
    assert creative["first"] == "Weekly" and [it["name"] for it in creative["passed"]] == ["Total"]
    [reason] = creative["held"][0]["reasons"]
    assert dict(reason["evidence"])["At most"] == "1" and dict(reason["evidence"])["Counted"] == "1"
    assert reason["free"].endswith("(in 7 days)")
    policy = ContactPolicy.objects.get(name="Weekly")
    assert f'href="{address(ContactPolicy, "change", policy.pk)}"' in page.content.decode()


def test_the_funnel_counts_what_each_stage_leaves(shop, tenant, browser, admin):
    card, loan = shop.offer("Card", 50), shop.offer("Loan", 40)
    admin("PATCH", f"offers/{loan['id']}", {"status": "paused"})
    shop.policy("cooldown", {"cooldownHours": 24}, name="Rest", scope="offer", scopeId=card["id"])
    contacted(tenant, creative_of(card))
    page = ask(browser, customer="c1")
    assert [(row.label, row.value) for row in page.context["funnel"].rows] == [
        ("Live creatives", 2),
        ("In the inventory", 1),
        ("After contact policies", 0),
        ("After rotation", 0),
    ]
    [line] = page.context["lines"]
    assert (line["offer"], line["policy"], line["others"], line["allowed"]) == ("Card", "Rest", 0, False)
    page = ask(browser, customer="c1", offer=loan["id"])
    [creative] = page.context["creatives"]
    assert creative["absences"] == ["Its offer is paused."]
    assert [row.value for row in page.context["funnel"].rows] == [1, 0, 0, 0]


def test_who_may_be_shown_something_is_listed_too(shop, browser):
    shop.offer("Card", 50)
    page = ask(browser, customer="somebody new", show="allowed")
    [line] = page.context["lines"]
    assert (line["offer"], line["reason"], line["allowed"], page.context["timeline"].happenings) == (
        "Card",
        None,
        True,
        [],
    )


def test_a_reason_that_was_set_aside_is_marked(shop, tenant, browser):
    offer = shop.offer("Card", 50)
    shop.policy("cooldown", {"cooldownHours": 24}, name="Rest")
    shop.policy("allow_override", {}, name="Door", scope="offer", scopeId=offer["id"])
    contacted(tenant, creative_of(offer))
    [creative] = ask(browser, customer="c1", offer=offer["id"]).context["creatives"]
    assert creative["allowed"] and creative["held"][0]["reasons"][0]["lifted"]


def test_contacts_stand_on_a_timeline_with_the_window_of_what_blocks(shop, tenant, browser):
    offer = shop.offer("Card", 50)
    creative = creative_of(offer)
    shop.policy("frequency_cap", {"maxPerWeek": 1}, name="Weekly")
    contacted(tenant, creative)
    contacted(tenant, creative, outcome="complaint")
    contacted(tenant, creative, customer="somebody else")
    timeline = ask(browser, customer="c1", offer=offer["id"]).context["timeline"]
    assert sorted(mark.shape for mark in timeline.marks) == ["cross", "dot"]
    assert [name for name, _ in timeline.lanes] == [creative.channel.name]
    [band] = timeline.bands
    assert band.label == "Weekly" and timeline.left < band.x < timeline.end


def test_a_band_too_narrow_for_its_name_has_it_beside(shop, tenant, browser):
    offer = shop.offer("Card", 50)
    shop.policy("frequency_cap", {"maxPerMonth": 1}, name="One a month is enough")
    shop.policy("cooldown", {"cooldownHours": 30}, name="Let them rest a little")
    contacted(tenant, creative_of(offer))
    timeline = ask(browser, customer="c1", offer=offer["id"]).context["timeline"]
    assert [(band.label, band.beside) for band in timeline.bands] == [
        ("Let them rest a little", True),
        ("One a month is enough", False),
    ]


def test_it_looks_back(shop, tenant, browser):
    offer = shop.offer("Card", 50)
    shop.policy("cooldown", {"cooldownHours": 24}, name="Rest")
    contacted(tenant, creative_of(offer))
    before = (HOUR_AGO - timedelta(minutes=5)).strftime("%Y-%m-%dT%H:%M")
    page = ask(browser, customer="c1", offer=offer["id"], at=before)
    [creative] = page.context["creatives"]
    assert creative["allowed"] and page.context["timeline"].marks == []


def test_what_cannot_be_asked_is_refused_beside_its_field(shop, browser):
    ahead = (datetime.now(UTC) + timedelta(days=2)).strftime("%Y-%m-%dT%H:%M")
    page = ask(browser, customer="", offer="off_none", at=ahead)
    assert page.context["form"].errors == {
        "customer": ["Say which customer it is about."],
        "offer": ["There is no live offer 'off_none'; choose one of those that are found while you type."],
        "at": ["Nobody knows the future yet; leave it empty for now, or choose an instant gone by."],
    }
    assert "funnel" not in page.context


@pytest.mark.parametrize("at", ["0001-01-01T00:00", "9999-12-31T23:59", "soon", "1969-12-31T23:59"])
def test_an_impossible_instant_is_refused(at, browser):
    assert list(ask(browser, customer="c1", at=at).context["form"].errors) == ["at"]


def test_instants_are_those_of_the_tenants_zone(shop, tenant, browser):
    tenant.timezone = "America/New_York"
    tenant.save()
    page = ask(browser, customer="c1", at="2026-03-08T02:30")
    assert list(page.context["form"].errors) == ["at"]  # clocks went forward over it
    assert ask(browser, customer="c1", at="2026-01-01T12:00").context["decided"].startswith("Thu 1 Jan 2026, 12:00")


def test_another_tenants_offers_and_customers_are_out_of_reach(shop, browser, stranger):
    secret = Shop(stranger).offer("Secret", 50)
    stranger("PUT", "customers/secret-1", {"attributes": {}})
    for said in ({"offer": secret["id"]}, {"offer.typed": "Secret"}):
        page = ask(browser, customer="c1", **said)
        assert list(page.context["form"].errors) == ["offer"]
    page = ask(browser, customer="secret-1")
    assert page.context["customer_link"] is None and page.context["lines"] == []
    found = browser.get(reverse("admin:why_not_customers"), {"q": "secret"}).json()
    assert found == {"results": []}


def test_customers_are_suggested_by_how_their_ids_begin(browser, admin):
    for customer_id in ("anna", "annika", "bert"):
        admin("PUT", f"customers/{customer_id}", {"attributes": {}})
    found = browser.get(reverse("admin:why_not_customers"), {"q": "ann"}).json()
    assert [it["id"] for it in found["results"]] == ["anna", "annika"]


def test_whoever_may_read_may_ask_and_nobody_else(person, tenant):
    for role in (Role.VIEWER, Role.EDITOR, Role.ADMIN):
        assert visit(person(role)).get(reverse("admin:why_not")).status_code == 200
    assert visit(person(Role.DELIVERY)).get(reverse("admin:why_not")).status_code == 302


def test_markup_in_a_customers_id_stays_text(browser):
    html = ask(browser, customer="<script>alert(1)</script>").content.decode()
    assert "<script>alert(1)" not in html and "&lt;script&gt;alert(1)" in html


def test_policy_offer_and_customer_lead_to_the_page(shop, browser, admin):
    offer = shop.offer("Card", 50)
    shop.policy("cooldown", {"cooldownHours": 24}, name="Rest")
    admin("PUT", "customers/a%2Fb", {"attributes": {}})
    rows = {
        Offer: f"/admin/why-not/?offer={offer['id']}",
        ContactPolicy: "/admin/why-not/",
        Customer: "/admin/why-not/?customer=a%2Fb",
    }
    for model, link in rows.items():
        html = browser.get(address(model, "change", model.objects.get().pk)).content.decode()
        assert f'href="{link}"' in html


def test_more_creatives_than_a_page_are_turned(shop, browser):
    for number in range(27):
        shop.offer(f"Card {number}", 50)
    page = ask(browser, customer="c1", show="allowed")
    assert len(page.context["lines"]) == 25 and page.context["pages"]["after"].endswith("page=2")
    page = ask(browser, customer="c1", show="allowed", page="2")
    assert len(page.context["lines"]) == 2 and page.context["pages"]["after"] is None


def test_a_large_inventory_is_looked_at_some_offers_at_a_time_the_newest_first(shop, tenant, browser, monkeypatch):
    monkeypatch.setattr(answers, "LARGE", 20)
    offers = [shop.offer(f"Card {number}", 50) for number in range(27)]
    shop.policy("cooldown", {"cooldownHours": 24}, name="Rest", scope="offer", scopeId=offers[0]["id"])
    shop.policy("cooldown", {"cooldownHours": 24}, name="Rest, too", scope="offer", scopeId=offers[26]["id"])
    contacted(tenant, creative_of(offers[0]))
    page = ask(browser, customer="c1", show="allowed")
    assert [line["offer"] for line in page.context["lines"]] == [f"Card {number}" for number in range(26, 1, -1)]
    assert [row.value for row in page.context["funnel"].rows] == [25, 25, 25, 25]
    assert page.context["some"] == 25 and page.context["pages"]["after"].endswith("page=2")
    page = ask(browser, customer="c1", page="2")
    assert [(line["offer"], line["policy"]) for line in page.context["lines"]] == [("Card 0", "Rest")]
    assert (page.context["numbers"], page.context["pages"]["after"]) == ({"blocked": 1, "allowed": 1}, None)
    [mark] = page.context["timeline"].marks
    assert "Card 0" in mark.words


def test_what_a_large_inventory_has_too_much_of_for_a_page_is_counted(shop, browser, monkeypatch):
    monkeypatch.setattr(answers, "LARGE", 2)
    monkeypatch.setattr(answers, "MOST_LINES", 2)
    monkeypatch.setattr(answers, "PER_PAGE", 3)
    for number in range(3):
        shop.offer(f"Card {number}", 50)
    page = ask(browser, customer="c1", show="allowed")
    assert ([line["offer"] for line in page.context["lines"]], page.context["left_out"]) == (["Card 2", "Card 1"], 1)
    assert page.context["pages"]["after"] is None
    shop.offer("Card 3", 50)
    page = ask(browser, customer="c1", page="2", show="allowed")
    assert [line["offer"] for line in page.context["lines"]] == ["Card 0"]
    assert page.context["pages"]["show"]["blocked"] == "?customer=c1&page=2&show=blocked"


def test_the_page_costs_the_same_for_one_and_thirty(shop, browser, tenant):
    def queries(**asked) -> int:
        ask(browser, customer="c1", **asked)
        with CaptureQueriesContext(
            connection,
        ) as seen:
            ask(browser, customer="c1", **asked)
        return len(seen)

    offer = shop.offer("Card 0", 50)
    shop.policy("cooldown", {"cooldownHours": 24}, name="Rest 0")
    contacted(tenant, creative_of(offer))
    contacted(tenant, creative_of(shop.offer("Loan", 50)))
    one = queries(), queries(offer=offer["id"])
    for number in range(1, 30):
        contacted(tenant, creative_of(shop.offer(f"Card {number}", 50)))
        shop.policy("cooldown", {"cooldownHours": 24}, name=f"Rest {number}")
    assert (queries(), queries(offer=offer["id"])) == one
