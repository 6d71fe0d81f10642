"""Asking "Why not?" in a browser, and following the answer to the policy."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

import pytest
from playwright.sync_api import expect

from creatives.models import Creative
from decisioning.contacts.ledgers import refill
from decisioning.models import Interaction
from tests.decisioning.deciding.test_recommend import Shop

PAGE = "/admin/why-not/"


@pytest.fixture
def shop(admin, tenant, transactional_db) -> Shop:
    """An offer that ada has seen a lot of, and one she has not."""
    shop = Shop(admin)
    shop.offer("Platinum card", 80)
    shop.offer("Instalment loan", 40, on=shop.web)
    shop.policy(
        "frequency_cap",
        {"maxPerWeek": 3},
        name="Three e-mails a week",
        priority=90,
        scope="channel",
        scopeId=shop.email["id"],
    )
    shop.policy("cooldown", {"cooldownHours": 48}, name="Let them rest", scope="channel", scopeId=shop.email["id"])
    shop.policy("customer_total_cap", {"maxTotal": 100}, name="A hundred at most")
    shop.policy(
        "segment_exclusion", {"excludeSegments": ["x"]}, name="Elsewhere", scope="channel", scopeId=shop.web["id"]
    )
    admin("PUT", "customers/ada", {"attributes": {}})
    creatives = {creative.name: creative for creative in Creative.objects.of(tenant)}
    now = datetime.now(UTC)
    for days, name, outcome in (
        (1, "Platinum card", "impression"),
        (2, "Platinum card", "impression"),
        (2, "Platinum card", "click"),
        (5, "Platinum card", "impression"),
        (12, "Instalment loan", "impression"),
        (11, "Instalment loan", "complaint"),
    ):
        at, creative = now - timedelta(days=days), creatives[name]
        Interaction.objects.create(
            tenant=tenant,
            customer_id="ada",
            at=at,
            outcome=outcome,
            label="",
            recorded_at=at,
            offer_key=creative.offer_id,
            creative_key=creative.pk,
            channel_key=creative.channel_id,
        )
    refill(tenant, ["ada"])
    return shop


def test_a_suppressed_offer_is_explained_and_leads_to_its_policy(shop, page, axe, shot):
    page.goto("/admin/")
    page.get_by_role("link", name="Why not?").first.click()
    axe(page)
    page.locator('[name="customer.typed"]').fill("ad")
    expect(page.locator('[data-name="customer"] [role=option]')).to_have_text(["ada"])
    page.locator('[name="customer.typed"]').press("ArrowDown")
    page.locator('[name="customer.typed"]').press("Enter")
    page.locator('[name="offer.typed"]').fill("plat")
    expect(page.locator('[data-name="offer"] [role=option]')).to_have_text(["Platinum card"])
    page.locator('[name="offer.typed"]').press("ArrowDown")
    page.locator('[name="offer.typed"]').press("Enter")
    page.get_by_role("button", name="Ask").click()
    answer = page.get_by_role("article")
    expect(answer).to_contain_text("Blocked")
    expect(answer).to_contain_text("named first")
    expect(page.get_by_role("img", name="Contacts and outcomes by channel")).to_be_visible()
    axe(page)
    shot(page, "why-not-offer")
    answer.get_by_role("link", name="Three e-mails a week").click()
    expect(page).to_have_url(re.compile("/admin/policies/contactpolicy/"))
    page.get_by_role("link", name="Why not?").last.click()
    expect(page).to_have_url(re.compile(PAGE))


def test_the_whole_inventory_is_asked_about_and_narrowed_to_an_offer(shop, page, axe, shot):
    page.goto(f"{PAGE}?customer=ada")
    expect(page.get_by_role("row").filter(has_text="Platinum card")).to_contain_text("3 of 3 contacts")
    axe(page)
    shot(page, "why-not-everything")
    page.get_by_role("link", name="May be shown").click()
    page.get_by_role("row").filter(has_text="Instalment loan").get_by_role("link", name="Instalment loan").first.click()
    expect(page.get_by_role("article")).to_contain_text("May be shown")
    expect(page.locator('[name="customer.typed"]')).to_have_value("ada")


def test_a_refusal_stands_beside_its_field(shop, page, shot, axe):
    page.goto(f"{PAGE}?customer=ada&at=2999-01-01T00:00")
    expect(page.get_by_role("alert")).to_contain_text("Nobody knows the future yet")
    axe(page)
    shot(page, "why-not-refused")
