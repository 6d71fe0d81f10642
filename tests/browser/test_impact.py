"""The button Preview Impact: an unsaved policy, tried on the past and shown beside its form."""

from __future__ import annotations

from datetime import timedelta

import pytest
from playwright.sync_api import Page, expect

from decisioning.models import Interaction
from kaireon import clock
from policies.models import ContactPolicy
from tests.browser.test_policy_editor import ADD, pick, read_back

RUN = "Preview Impact"


@pytest.fixture
def history(admin, catalogue, tenant, transactional_db) -> None:
    """Twelve customers, the n-th of whom was contacted n times in the last days, about two offers on Email."""
    offers = [admin.make("offers", name=name, status="active")["id"] for name in ("Welcome Offer", "Mortgage Refi")]
    for segment in ("active_email_subscribers", "vip"):
        admin.make("segments", name=segment)
    keys = [_key("offer", offer) for offer in offers]
    now = clock.now()
    for number in range(1, 13):
        name = f"customer-{number}"
        segments = ["active_email_subscribers"] + (["vip"] if number % 3 == 0 else [])
        assert admin("PUT", f"customers/{name}", {"segments": segments})[0] == 201
        for contact in range(number):
            at = now - timedelta(hours=12 * contact + 1)
            Interaction.objects.create(
                tenant=tenant,
                customer_id=name,
                at=at,
                outcome="impression",
                offer_key=keys[contact % 3 == 0],
                channel_key=_key("channel", catalogue.channel),
                recorded_at=at,
            )


def _key(kind: str, public_id: str) -> int | None:
    from policies.models import SCOPED

    return SCOPED[kind].id_kind.decode(public_id)


def ask(page: Page) -> None:
    """Presses the button, which stands still once what is above it has been read back."""
    read_back(page)
    page.get_by_role("button", name=RUN).click()


def preview(page: Page) -> None:
    ask(page)
    expect(page.locator("#impact [data-status]")).to_have_text("Preview ready.")


def shown(page: Page) -> dict[str, str]:
    names = ("affected", "analyzed", "percent", "before", "after")
    return {name: page.locator(f"#impact [data-{name}]").inner_text() for name in names}


@pytest.mark.both_databases
def test_an_unsaved_cap_is_previewed_with_the_numbers_of_the_api(page, viewer, history, axe, shot):
    page.goto(ADD)
    page.locator('[name="config.maxPerDay"]').fill("1")
    page.locator('[name="config.maxPerWeek"]').fill("4")
    page.locator('[name="scopes-0-scope"]').select_option("global")
    preview(page)
    config = {"maxFrequency": 4, "periodDays": 7, "outcomeType": "impression"}
    body = {"policyType": "frequency_cap", "config": config}
    status, answer = viewer("POST", "contact-policies/impact-preview", body)
    assert (status, answer["customersAffected"]) == (200, 8)
    assert shown(page) == {
        "affected": str(answer["customersAffected"]),
        "analyzed": str(answer["totalCustomersAnalyzed"]),
        "percent": f"{answer['affectedPercent']:.1f}",
        "before": f"{answer['avgOffersBeforePolicy']:.1f}",
        "after": f"{answer['avgOffersAfterPolicy']:.1f}",
    }
    expect(page.locator("#impact")).to_contain_text("At most 4 contacts in 7 days, tried on the last 7 days.")
    for name, count in answer["offersSuppressed"].items():
        expect(page.get_by_role("img", name="Contacts suppressed, by offer")).to_contain_text(f"{name}: {count}")
    for it in answer["topAffectedSegments"]:
        numbers = f"{it['segment']}: {it['total']} customers · {it['affected']} affected"
        expect(page.get_by_role("img", name="Segments affected most")).to_contain_text(numbers)
    axe(page, "#impact")
    shot(page, "policy-impact")
    assert not ContactPolicy.objects.exists()
    page.locator('[name="config.maxPerWeek"]').fill("5")
    expect(page.locator("#impact [data-status]")).to_have_text("The policy was changed since; preview it again.")


def test_another_rule_is_previewed_by_its_own_config_over_the_days_chosen(page, viewer, history, shot):
    page.goto(f"{ADD}?rule_type=cooldown")
    page.locator('[name="config.cooldownHours"]').fill("24")
    page.locator('[name="scopes-0-scope"]').select_option("channel:*")
    page.locator("[name=impact-days]").select_option("90")
    page.locator("[name=impact-population]").select_option("all")
    preview(page)
    body = {"policyType": "cooldown", "config": {"cooldownHours": 24, "periodDays": 90}, "population": "all"}
    _, answer = viewer("POST", "contact-policies/impact-preview", body | {"scope": "channel", "scopeId": "*"})
    assert answer["customersAffected"] == 11
    assert (shown(page)["affected"], shown(page)["after"]) == ("11", f"{answer['avgOffersAfterPolicy']:.1f}")


def test_what_cannot_be_previewed_yet_says_why_and_other_rules_have_no_button(page, history, axe, shot):
    page.goto(ADD)
    expect(page.locator("[name=impact-days]")).to_be_hidden()
    ask(page)
    expect(page.locator("#impact [data-status]")).to_have_text("The policy cannot be previewed yet.")
    expect(page.locator("#impact .remark").first).to_be_visible()
    axe(page, "#impact")
    shot(page, "policy-impact-refused")
    pick(page, "Time window")
    expect(page.locator("#impact")).to_be_hidden()
    pick(page, "Cooldown")
    expect(page.locator("[name=impact-days]")).to_be_visible()


def test_a_preview_can_be_cancelled_and_a_failure_is_said(page, history):
    page.goto(f"{ADD}?rule_type=cooldown")
    page.route("**/admin/impact/**", lambda route: None)
    read_back(page)
    run = page.get_by_role("button", name="Preview")
    run.click()
    expect(run).to_have_attribute("aria-busy", "true")
    expect(run).to_have_text("Previewing…")
    page.get_by_role("button", name="Cancel").click()
    expect(page.locator("#impact [data-status]")).to_have_text("Cancelled.")
    expect(run).to_be_focused()
    page.unroute("**/admin/impact/**")
    page.route("**/admin/impact/**", lambda route: route.fulfill(status=200, body="<p>late</p>", headers={}))
    run.click()
    expect(page.locator("#impact [data-status]")).to_have_text("Preview ready.")
