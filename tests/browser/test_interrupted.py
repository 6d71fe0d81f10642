"""Forms that are interrupted: signed out, signed in anew, sent twice, left and come back to."""

from __future__ import annotations

from typing import Any
from urllib.parse import urljoin

import pytest
from django.conf import settings
from django.contrib.auth.models import User
from playwright.sync_api import Page, Route, expect

from creatives.models import Creative
from kaireon.tenancy import Role
from policies.models import ContactPolicy
from tests.browser.test_policy_editor import ADD, card, pick, read_back
from tests.visitors import address, visit

OUT = "You are signed out. What you typed is still here. Sign in in another tab, then go on."
TOKEN = "b" * 32
FOLLOWING = "#live, #preview"  # the parts of a form that follow what is typed


def sign_out(page: Page) -> None:
    page.context.clear_cookies(name=settings.SESSION_COOKIE_NAME)


def renew_cookies(page: Page, user: User) -> None:
    """Gives the browser a new session of somebody's, and the new token that comes with it."""
    session = visit(user).cookies[settings.SESSION_COOKIE_NAME].value
    cookies = {settings.SESSION_COOKIE_NAME: session, settings.CSRF_COOKIE_NAME: TOKEN}
    home = urljoin(page.url, "/")
    page.context.add_cookies([{"name": name, "value": value, "url": home} for name, value in cookies.items()])


def sign_in_elsewhere(page: Page, user: User) -> None:
    """As in another tab, while nothing is on its way from this one."""
    expect(page.locator(FOLLOWING)).to_have_attribute("aria-busy", "false")
    renew_cookies(page, user)
    hear_of_it(page)


def hear_of_it(page: Page) -> None:
    """Scripts hear of new cookies late."""
    page.wait_for_function("token => document.cookie.includes(token)", arg=TOKEN)


def come_back(page: Page) -> None:
    page.evaluate("window.dispatchEvent(new Event('focus'))")


def save(page: Page) -> None:
    page.get_by_role("button", name="Save", exact=True).click()


@pytest.fixture
def cooldown(page: Page, transactional_db: None) -> Page:
    """The form of a new cooldown for everyone, named "Kept", that could be saved."""
    page.goto(f"{ADD}?rule_type=cooldown")
    page.get_by_label("Name*").fill("Kept")
    page.locator('[name="config.cooldownHours"]').fill("5")
    page.locator('[name="scopes-0-scope"]').select_option("global")
    expect(read_back(page)).to_have_text("At least 5 hours between two contacts, for everyone.")
    return page


def test_a_policy_is_not_lost_when_its_author_is_signed_out(cooldown, people, axe, shot):
    sign_out(cooldown)
    hours, told = cooldown.locator('[name="config.cooldownHours"]'), cooldown.get_by_role("alert")
    hours.fill("9")
    expect(told).to_have_text(OUT)
    axe(cooldown)
    shot(cooldown, "policy-signed-out")
    cooldown.locator("label.rule-card").filter(has=card(cooldown, "Budget")).click()
    expect(card(cooldown, "Cooldown")).to_be_checked()
    cooldown.locator('[name="scopes-0-scope"]').select_option("offer")
    cooldown.locator('[name="scopes-0-scopeId.typed"]').fill("card")
    expect(cooldown.locator("[data-list] [role=option]")).to_have_text([OUT])
    cooldown.locator('[name="scopes-0-scope"]').select_option("global")
    cooldown.get_by_role("button", name="Preview Impact").click()
    expect(cooldown.locator("#impact [data-status]")).to_have_text(f"No preview. {OUT}")
    save(cooldown)
    expect(told).to_have_text(OUT)
    expect(hours).to_have_value("9")

    sign_in_elsewhere(cooldown, people(Role.ADMIN))
    come_back(cooldown)
    expect(told).to_have_count(0)
    expect(read_back(cooldown)).to_have_text("At least 9 hours between two contacts, for everyone.")
    save(cooldown)
    expect(cooldown.get_by_text("was added successfully")).to_be_visible()
    assert ContactPolicy.objects.get().config == {"cooldownHours": 9}


def test_a_creative_is_not_lost_when_its_author_is_signed_out(page, people, admin, catalogue, transactional_db):
    place = {"offerId": catalogue.offer, "channelId": catalogue.channel, "content": {"subject": "S", "body": "Hi"}}
    made = admin.make("creatives", name="Kept", **place)["id"]
    page.goto(address(Creative, "change", Creative.id_kind.decode(made)))
    told, frame = page.get_by_role("alert"), page.frame_locator("#preview iframe")
    expect(frame.get_by_text("Hi")).to_be_visible()
    sign_out(page)
    page.get_by_label("Body").fill("Hello")
    expect(told).to_have_text(OUT)
    expect(frame.get_by_text("Hi")).to_be_visible()
    page.get_by_label("Template type").select_option("SMS")
    save(page)
    expect(told).to_have_text(OUT)

    sign_in_elsewhere(page, people(Role.ADMIN))
    come_back(page)
    expect(page.get_by_label("Text", exact=True)).to_have_value("Hello")
    expect(frame.get_by_text("Hello")).to_be_visible()
    expect(told).to_have_count(0)


def test_a_form_that_is_on_its_way_while_its_author_signs_in_anew_is_sent_again(cooldown, people, faults):
    def sign_in_meanwhile(route: Route) -> None:
        renew_cookies(cooldown, people(Role.ADMIN))
        hear_of_it(cooldown)
        route.continue_()

    cooldown.route("**/read/", sign_in_meanwhile, times=1)
    with cooldown.expect_console_message(lambda it: it.type == "error"):
        cooldown.locator('[name="config.cooldownHours"]').fill("9")
    expect(read_back(cooldown)).to_have_text("At least 9 hours between two contacts, for everyone.")
    expect(cooldown.get_by_role("alert")).to_have_count(0)
    [refused] = faults
    assert "/read/: Failed to load resource: the server responded with a status of 403" in refused
    faults.clear()


def test_a_double_click_saves_once(cooldown):
    cooldown.get_by_role("button", name="Save", exact=True).dblclick()
    expect(cooldown.get_by_text("was added successfully")).to_be_visible()
    assert ContactPolicy.objects.get().version == 1
    cooldown.goto(address(ContactPolicy, "change", ContactPolicy.objects.get().pk))
    cooldown.get_by_label("Priority").fill("60")
    cooldown.get_by_role("button", name="Save", exact=True).dblclick()
    expect(cooldown.get_by_text("was changed successfully")).to_be_visible()
    assert ContactPolicy.objects.get().version == 2


def test_whoever_comes_back_to_the_form_finds_the_fields_of_the_rule_they_chose(page: Page, transactional_db: Any):
    page.goto(f"{ADD}?preset=quiet-hours")
    page.get_by_label("Name*").fill("Left")
    pick(page, "Budget")
    page.locator('[name="config.budgetField"]').select_option("impressions")
    page.locator('[name="config.threshold"]').fill("70")
    page.goto("/admin/")
    page.go_back()
    expect(page.get_by_label("Name*")).to_have_value("Left")
    expect(card(page, "Budget")).to_be_checked()
    expect(page.locator('[name="config.threshold"]')).to_have_value("70")
    expect(read_back(page)).to_contain_text("70 impressions")
