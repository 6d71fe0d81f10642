"""The overview in a browser: what was decided, what wants looking after, and an empty tenant's next steps."""

from __future__ import annotations

from datetime import timedelta

from playwright.sync_api import expect

from creatives.models import Offer
from decisioning.models import DailyTally, Decision
from kaireon import clock
from tests.decisioning.deciding.test_recommend import Shop, recommended


def test_the_overview_shows_how_deciding_goes(admin, tenant, page, axe, shot):
    shop = Shop(admin)
    for name in ("Platinum card", "Instalment loan", "Savings plan"):
        shop.offer(name, 50)
    admin.make("offers", name="Forgotten offer", status="active")
    shop.policy("frequency_cap", {"maxPerWeek": 1}, name="One a week", priority=90)
    shop.policy("frequency_cap", {"maxPerDay": 3}, name="Three a day")
    offer = Offer.objects.get(name="Savings plan").public_id
    shop.policy("frequency_cap", {"maxPerDay": 0}, name="No savings plans", scope="offer", scopeId=offer)
    for number in range(6):
        recommended(admin, customerId=str(number))
    now = clock.now()
    Decision.objects.update(decided_at=now - timedelta(minutes=5))
    for back in range(1, 14):
        asked = 900 + 131 * (back * 7 % 5)
        DailyTally.objects.create(
            tenant=tenant,
            day=now.date() - timedelta(days=back),
            decisions=asked,
            empty=asked // 9,
            candidates=asked * 3,
            suppressed=asked * (4 + back % 3) // 5,
        )
    page.goto("/admin/")
    expect(page.get_by_role("heading", name="Overview")).to_be_visible()
    expect(page.get_by_role("img", name="Decisions per day")).to_be_visible()
    expect(page.get_by_role("link", name="Forgotten offer").first).to_be_visible()
    expect(page.get_by_text("can never bind")).to_be_visible()
    axe(page)
    shot(page, "overview")
    page.get_by_role("link", name="No savings plans").first.click()
    expect(page.get_by_role("heading", name="No savings plans")).to_be_visible()


def test_an_empty_tenant_is_shown_the_next_step(page, axe, shot):
    page.goto("/admin/")
    expect(page.get_by_role("heading", name="Next steps")).to_be_visible()
    axe(page)
    shot(page, "overview-empty")
    page.get_by_role("link", name="Add a channel").click()
    expect(page).to_have_url("/admin/creatives/channel/add/")
