"""A policy of every rule type from its first word to its return: what its author does, and what comes of it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from policies.models import ContactPolicy
from policies.rule import Rule
from policies.rules import RULES, slugs
from tests.browser.test_policy_editor import ADD, choose, pick, read_back
from tests.browser.test_policy_list import LIST, row, run
from tests.visitors import address

NAME = "By hand"
HOUR = datetime.now(UTC).hour
LATER = {"startHour": (HOUR + 6) % 24, "endHour": (HOUR + 8) % 24 or 24, "timezone": "UTC"}  # not open meanwhile


@dataclass(frozen=True)
class Walk:
    """What is written into a rule's fields, rows by their names, and where it holds: for an offer, or everywhere."""

    config: dict[str, Any]
    offer: str | None = None
    verdict: str = "Blocked"


# Each of them stands against the loan for a customer who was shown the loan and the card just now, and complained.
WALKS = {
    "frequency_cap": Walk({"maxPerDay": 1, "maxPerWeek": 3}),
    "cooldown": Walk({"cooldownHours": 24}),
    "budget_exhausted": Walk({"budgetField": "impressions", "threshold": 1}),
    "outcome_based": Walk({"afterOutcome": ["complaint", "hard bounce"], "suppressForDays": 90, "bypassable": False}),
    "segment_exclusion": Walk({"excludeSegments": ["vulnerable_customers"]}),
    "time_window": Walk({**LATER, "daysOfWeek": [0, 1, 2, 3, 4, 5, 6]}),
    "mutual_exclusion": Walk({"excludeOfferIds": ["Platinum Card Upgrade"], "lookbackDays": 7}, offer="Loan"),
    "cross_channel_cap": Walk({"maxTotal": 1, "periodType": "weekly", "appliesAcross": ["Email"]}),
    "customer_total_cap": Walk({"maxTotal": 2, "periodType": "weekly"}),
    "offer_category_cap": Walk({"targetCategory": "cross-sell", "maxTotal": 1, "periodType": "monthly"}),
    "allow_override": Walk({"reason": "Service notice the law requires"}, verdict="May be shown"),
    "category_suppression": Walk({"categoryId": "Cards", "suppressionDays": 14}),
}


@pytest.fixture
def loan(admin, catalogue, transactional_db) -> str:
    """An offer beside the catalogue's, and a customer who was shown both of them and complained; the offer's id."""
    for name in ("vulnerable_customers", "in_collections"):
        admin.make("segments", name=name)
    about = {"categoryId": catalogue.category, "category": "cross-sell", "status": "active"}
    loan = admin.make("offers", name="Loan", **about)["id"]
    place = {"offerId": loan, "channelId": catalogue.channel}
    mail = admin.make("creatives", name="Loan by mail", status="active", **place)["id"]
    assert admin("PUT", "customers/ada", {"segments": ["vulnerable_customers"]})[0] == 201
    happened = [(catalogue.creative, "impression"), (mail, "impression"), (mail, "complaint")]
    outcomes = [{"customerId": "ada", "creativeId": creative, "outcome": outcome} for creative, outcome in happened]
    assert admin("POST", "respond/bulk", {"outcomes": outcomes})[1]["succeeded"] == 3
    return str(loan)


def fill(page: Page, rule: type[Rule], config: dict[str, Any]) -> None:
    """Fills a rule's fields as a person would, whatever they are."""
    for option in rule.options():
        value, name = config.get(option.key), f"config.{option.key}"
        if value is None:
            continue
        if isinstance(value, bool):
            page.locator(f'[name="{name}"]').set_checked(value)
        elif page.locator(f'[data-name="{name}"]').count():
            for word in [value] if isinstance(value, str) else value:
                choose(page, name, word)
        elif page.locator(f'select[name="{name}"]').count():
            page.locator(f'[name="{name}"]').select_option(str(value))
        elif page.locator(f'input[type=checkbox][name="{name}"]').count():
            for day in value:
                page.locator(f'[name="{name}"][value="{day}"]').check()
        else:
            page.locator(f'[name="{name}"]').fill(str(value))


def test_every_rule_type_is_walked_through():
    assert WALKS.keys() == set(slugs())


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.slug)
def test_a_policy_is_written_tried_put_to_work_seen_reverted_deleted_and_restored(rule, page, loan, admin, axe, shot):
    walk = WALKS[rule.slug]
    if walk.verdict != "Blocked":  # there is nothing to set aside without another policy
        never = {"ruleType": "frequency_cap", "config": {"maxPerDay": 0}, "scope": "offer", "scopeId": loan}
        admin.make("contact-policies", name="Never", **never)
    read = write(page, rule, walk, axe, shot)
    policy = ContactPolicy.objects.get(name=NAME)
    assert (policy.rule_type, policy.status) == (rule.slug, "draft")
    assert policy.config.keys() == walk.config.keys()
    expect(row(page, NAME)).to_contain_text(read)

    run(page, NAME, "Activate")
    expect(row(page, NAME)).to_contain_text("active", ignore_case=True)
    see_it_at_work(page, loan, walk)

    page.get_by_label("Priority").fill("70")
    page.get_by_label("Why", exact=True).fill("It matters more")
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.get_by_label(f"Priority of {NAME}")).to_have_value("70")
    page.goto(address(ContactPolicy, "history", policy.pk))
    expect(page.get_by_text("“It matters more”")).to_be_visible()
    page.get_by_role("button", name="Revert to this version").first.click()
    expect(page.get_by_text(f'"{NAME}" is as it was in version 2.')).to_be_visible()

    page.goto(address(ContactPolicy, "delete", policy.pk))
    page.get_by_role("button", name="Yes, I’m sure").click()
    expect(page.get_by_text("was deleted successfully")).to_be_visible()
    page.goto(address(ContactPolicy, "restore", policy.pk))
    page.get_by_role("button", name="Restore").click()
    expect(page.get_by_text(f'"{NAME}" was restored.')).to_be_visible()

    policy.refresh_from_db()
    assert (policy.status, policy.priority, policy.deleted_at, policy.version) == ("active", 50, None, 6)
    reasons = ContactPolicy.history.filter(id=policy.pk).order_by("version").values_list("history_change_reason")
    assert [reason.split(":")[0] for (reason,) in reasons] == [
        *("create", "update", "update", "revert to version 2", "soft_delete", "restore")
    ]


def write(page: Page, rule: type[Rule], walk: Walk, axe: Any, shot: Any) -> str:
    """Writes a draft by the form, tries it on the past where that can be done, saves it; what it was read back as."""
    page.goto(ADD)
    page.get_by_label("Name*").fill(NAME)
    page.get_by_label("Status*").select_option("draft")
    pick(page, rule.label)
    fill(page, rule, walk.config)
    page.locator('[name="scopes-0-scope"]').select_option("offer" if walk.offer else "global")
    if walk.offer:
        choose(page, "scopes-0-scopeId", walk.offer)
    end = f", for {walk.offer or 'everyone'}"
    sentence = read_back(page)
    expect(sentence).to_contain_text(end)
    read = sentence.inner_text().split(end)[0]
    axe(page, "[data-fields]")
    shot(page, f"policy-{rule.slug}")
    if rule.preview is None:
        expect(page.locator("#impact")).to_be_hidden()
    else:
        page.get_by_role("button", name="Preview Impact").click()
        expect(page.locator("#impact [data-status]")).to_have_text("Preview ready.")
        expect(page.locator("#impact [data-analyzed]")).to_have_text("1")
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.get_by_text("was added successfully")).to_be_visible()
    assert page.url.endswith(LIST)
    return read


def see_it_at_work(page: Page, loan: str, walk: Walk) -> None:
    """Asks why the customer gets no loan, and goes from the answer to the policy."""
    page.goto(f"/admin/why-not/?customer=ada&offer={loan}")
    answer = page.get_by_role("article")
    expect(answer.get_by_role("heading", name="Loan by mail")).to_be_visible()
    expect(answer.locator("header")).to_contain_text(walk.verdict)
    policy = answer.get_by_role("link", name=NAME)
    if walk.verdict == "Blocked":
        expect(answer.locator(".held-blocked")).to_contain_text(NAME)
    else:
        expect(answer.locator(".held")).to_contain_text("set aside")
        answer.locator("summary").click()
    policy.click()
    expect(page.get_by_label("Name*")).to_have_value(NAME)
