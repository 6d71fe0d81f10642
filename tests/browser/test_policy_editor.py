"""Writing policies by hand: every rule, the sentence and the week while typing, presets, names found by typing."""

from __future__ import annotations

import re
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, expect

from policies.models import ContactPolicy
from policies.rules import RULES
from tests.browser.conftest import Enter
from tests.policies.test_admin import made
from tests.visitors import address

ADD = "/admin/policies/contactpolicy/add/"
# The name of what has the focus, and whether something else lies over its middle.
FOCUSED = """() => {
  const it = document.activeElement;
  const seen = it.closest("label") ?? it;
  const { left, top, width, height } = seen.getBoundingClientRect();
  const there = document.elementFromPoint(left + width / 2, top + height / 2);
  return [it.name ?? "", !there || !(seen.contains(there) || there.contains(seen))];
}"""


@pytest.fixture
def furnished(admin, catalogue, transactional_db) -> None:
    """What the rules' examples name."""
    for name in ("vulnerable_customers", "in_collections"):
        admin.make("segments", name=name)


@pytest.fixture
def loans(admin, furnished) -> None:
    """More offers than a list of names found shows at once."""
    for number in range(25):
        admin.make("offers", name=f"Loan {number:02}")


def card(page: Page, label: str) -> Any:
    return page.get_by_role("radio", name=re.compile(f"^{label} "))


def pick(page: Page, label: str) -> None:
    """Clicks on a rule's card and waits for the rule's fields; other rules have fields of the same names."""
    page.locator("label.rule-card").filter(has=card(page, label)).click()
    expect(card(page, label)).to_be_checked()
    [slug] = [rule.slug for rule in RULES if rule.label == label]
    expect(page.locator(f'[data-fields="{slug}"]')).to_be_attached()


def read_back(page: Page) -> Locator:
    """The sentence the form as it stands is read back as."""
    expect(page.locator("#live")).to_have_attribute("aria-busy", "false")
    return page.locator("#live .sentence")


def choose(page: Page, field: str, words: str) -> None:
    """Types into a search box and takes what comes first, by keyboard."""
    box = page.locator(f'[name="{field}.typed"]')
    box.fill(words)
    expect(page.locator(f'[data-name="{field}"] [role=option]').first).to_be_visible()
    box.press("ArrowDown")
    box.press("Enter")


def test_what_was_typed_stays_when_another_rule_is_looked_at(page, furnished):
    page.goto(ADD)
    page.get_by_label("Name*").fill("Cap")
    page.locator('[name="config.maxPerDay"]').fill("2")
    page.locator('[name="config.bypassable"]').set_checked(False)
    pick(page, "Cooldown")
    expect(page.locator('[name="config.cooldownHours"]')).to_be_visible()
    expect(page.locator('[name="config.bypassable"]')).not_to_be_checked()
    pick(page, "Frequency cap")
    expect(page.locator('[name="config.maxPerDay"]')).to_have_value("2")
    expect(page.get_by_label("Name*")).to_have_value("Cap")


def test_rules_are_chosen_with_the_arrow_keys(page, furnished):
    page.goto(ADD)
    card(page, "Frequency cap").focus()
    page.keyboard.press("ArrowDown")
    expect(card(page, "Cooldown")).to_be_checked()
    expect(page.locator('[name="config.cooldownHours"]')).to_be_visible()


def test_a_policy_is_written_with_the_keyboard_alone_and_what_has_the_focus_is_seen(page, furnished):
    page.goto(ADD)
    keys = page.keyboard
    page.locator("#id_name").focus()  # as the admin's own script does, unless the styles come later than it
    keys.type("Typed")
    tab_to(page, "rule_type")
    keys.press("ArrowDown")
    expect(page.locator('[name="config.cooldownHours"]')).to_be_visible()
    tab_to(page, "config.cooldownHours")
    keys.type("24")
    tab_to(page, "config.bypassable")
    keys.press("Space")
    tab_to(page, "scopes-0-scope")
    keys.type("Ever")
    expect(page.locator("#live .sentence")).to_contain_text("for everyone. Nothing sets it aside.")
    tab_to(page, "_save")
    keys.press("Enter")
    expect(page.get_by_text("was added successfully")).to_be_visible()
    policy = ContactPolicy.objects.get(name="Typed")
    assert (policy.rule_type, policy.config) == ("cooldown", {"cooldownHours": 24, "bypassable": False})
    assert policy.parts()["scopes"][0]["scope"] == "global"


def tab_to(page: Page, name: str) -> None:
    """Goes on by Tab to a control; whatever has the focus on the way is not covered by anything."""
    for _ in range(90):
        at, covered = page.evaluate(FOCUSED)
        assert not covered, at
        if at == name:
            return
        page.keyboard.press("Tab")
    raise AssertionError(f"{name} is not reached by Tab")


def test_the_sentence_the_warnings_and_the_week_follow_the_typing(page, furnished, axe, shot):
    page.goto(f"{ADD}?preset=quiet-hours")
    live = page.locator("#live")
    expect(live).to_contain_text("from 08:00 to 21:00")
    expect(live.locator(".week td.open")).to_have_count(7 * 13)
    page.locator('[name="config.startHour"]').fill("20")
    page.locator('[name="config.endHour"]').fill("6")
    page.locator('[name="config.daysOfWeek"][value="5"]').check()
    expect(live).to_contain_text("from 20:00 to 06:00 on Friday")
    expect(live.locator(".week td.open")).to_have_count(4)
    expect(live.locator(".week td.carried")).to_have_count(6)
    choose(page, "config.timezone", "kolkata")
    expect(live.locator(".week caption")).to_contain_text("Asia/Kolkata")
    axe(page)
    shot(page, "policy-week")
    pick(page, "Cooldown")
    page.locator('[name="config.cooldownHours"]').fill("0")
    expect(live).to_contain_text("“Pause” is 0: the policy never blocks anything")
    expect(live.locator(".week")).to_have_count(0)


def test_a_preset_is_one_click(page, furnished):
    page.goto(ADD)
    page.get_by_role("link", name="Adverse Outcomes").click()
    expect(page.locator("#live .sentence")).to_contain_text(
        "No contact for 90 days after Complaint, Unsubscribe, Hard bounce or Spam report"
    )
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.get_by_text("was added successfully")).to_be_visible()
    assert ContactPolicy.objects.get().config["bypassable"] is False


def test_scopes_are_found_by_name_with_the_keyboard(page, loans, shot, axe):
    page.goto(f"{ADD}?rule_type=cooldown")
    box = page.get_by_label("What it applies to")
    box.press_sequentially("loan 1")
    expect(page.locator("[data-list] [role=option]")).to_have_text([f"Loan {number}" for number in range(10, 20)])
    box.press("ArrowDown")
    box.press("ArrowDown")
    axe(page)
    shot(page, "policy-scope-search")
    box.press("Enter")
    expect(box).to_have_value("Loan 11")
    page.get_by_role("button", name="Add another scope").click()
    page.locator('[name="scopes-1-scope"]').select_option("channel:*")
    page.locator('[name="config.cooldownHours"]').fill("4")
    sentence = "At least 4 hours between two contacts, for Loan 11 and on each channel."
    expect(page.locator("#live .sentence")).to_have_text(sentence)
    page.get_by_role("button", name="Remove this scope").nth(1).click()
    expect(page.locator("#live .sentence")).to_have_text("At least 4 hours between two contacts, for Loan 11.")


def test_faults_stand_beside_their_fields(page, furnished, axe, shot):
    page.goto(f"{ADD}?rule_type=cooldown")
    page.locator('[name="config.cooldownHours"]').fill("-3")
    page.locator('[name="scopes-0-scopeId.typed"]').fill("Nobody")
    page.get_by_role("button", name="Save", exact=True).click()
    beside = page.locator("form p", has_text="There is no offer called “Nobody”.")  # the panel says it as well
    expect(beside).to_be_visible()
    expect(page.get_by_text("-3 is not a number >= 0").first).to_be_visible()
    expect(page.locator('[name="config.cooldownHours"]')).to_have_value("-3")
    axe(page)
    shot(page, "policy-faults")
    assert not ContactPolicy.objects.exists()


def test_the_form_works_without_a_script(enter: Enter, loans):
    page = enter("admin", scripts=False)
    page.goto(ADD)
    page.get_by_role("link", name="Cooldown").click()
    page.get_by_label("Name*").fill("Plain")
    page.locator('[name="config.cooldownHours"]').fill("12")
    page.locator('[name="scopes-0-scopeId.typed"]').fill("Loan 07")
    page.get_by_role("button", name="Save", exact=True).click()
    policy = ContactPolicy.objects.get(name="Plain")
    assert (policy.rule_type, policy.config) == ("cooldown", {"cooldownHours": 12})
    assert policy.parts()["scopes"][0]["scope"] == "offer"


@pytest.mark.both_databases
def test_a_stored_policy_is_changed(page, admin, catalogue, axe):
    policy = made(admin, scope="offer", scopeId=catalogue.offer)
    page.goto(address(ContactPolicy, "change", policy.pk))
    page.locator('[name="config.cooldownHours"]').fill("36")
    expect(page.locator("#live .sentence")).to_contain_text("At least 36 hours")
    page.get_by_label("Why").fill("Too many complaints")
    axe(page)
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.get_by_text("was changed successfully")).to_be_visible()
    policy.refresh_from_db()
    assert policy.config == {"cooldownHours": 36}
    assert ContactPolicy.history.filter(id=policy.pk).latest().history_change_reason == "update: Too many complaints"
