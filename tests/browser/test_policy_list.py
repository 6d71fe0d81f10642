"""The life of a policy in the list and its history: priority, activating, pausing, deleting, restoring, reverting."""

from __future__ import annotations

import re
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from policies.models import ContactPolicy
from tests.policies.test_admin import made
from tests.visitors import address

LIST = "/admin/policies/contactpolicy/"


def row(page: Page, name: str) -> Any:
    return page.get_by_role("row", name=re.compile(name))


def run(page: Page, name: str, action: str) -> None:
    """Selects a policy in the list and does something with what is selected."""
    row(page, name).get_by_role("checkbox").check()
    page.locator("select[name=action]").select_option(label=action)
    page.get_by_role("button", name="Run").click()


@pytest.mark.both_databases
def test_priorities_are_edited_in_the_list(page, admin, catalogue, axe, shot):
    made(admin, "Pause", config={"cooldownHours": 24, "bypassable": False})
    made(admin, "Cap", ruleType="frequency_cap", config={"maxPerDay": 1}, scope="channel", scopeId=catalogue.channel)
    page.goto(LIST)
    axe(page)
    shot(page, "policy-list")
    page.get_by_label("Priority of Cap").fill("101")
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.get_by_text("Ensure this value is less than or equal to 100.")).to_be_visible()
    axe(page)
    page.get_by_label("Priority of Cap").fill("80")
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.get_by_text("1 contact policy was changed successfully.")).to_be_visible()
    expect(page.locator("#result_list tbody tr").first).to_contain_text("Cap")
    assert dict(ContactPolicy.objects.values_list("name", "priority")) == {"Cap": 80, "Pause": 50}


def test_a_policy_is_paused_activated_deleted_and_restored_from_the_list(page, admin, axe, shot):
    made(admin, "Pause")
    page.goto(LIST)
    run(page, "Pause", "Pause")
    expect(row(page, "Pause")).to_contain_text("paused", ignore_case=True)
    run(page, "Pause", "Activate")
    expect(row(page, "Pause")).to_contain_text("active", ignore_case=True)
    run(page, "Pause", "Delete")
    expect(page.get_by_text("Everything listed can be restored together.")).to_be_visible()
    axe(page)
    shot(page, "policy-delete")
    page.get_by_role("button", name="Yes, I’m sure").click()
    expect(page.locator("#result_list")).to_have_count(0)
    page.get_by_role("link", name="Deleted", exact=True).click()
    expect(row(page, "Pause")).to_contain_text("deleted", ignore_case=True)
    axe(page)
    run(page, "Pause", "Restore")
    expect(page.get_by_text("1 contact policy restored.")).to_be_visible()
    assert ContactPolicy.objects.get().version == 5


def test_history_is_compared_and_reverted(page, admin, catalogue, axe, shot):
    policy = made(admin, "Pause")
    scopes = [{"scope": "channel", "scopeId": catalogue.channel}]
    admin("PATCH", f"contact-policies/{policy.public_id}", {"config": {"cooldownHours": 48}, "scopes": scopes})
    page.goto(address(ContactPolicy, "history", policy.pk))
    expect(page.locator("#version-2")).to_be_visible()
    page.get_by_role("button", name="Compare").click()
    expect(page.locator("#comparison")).to_have_text("Version 1 beside version 2")
    axe(page)
    shot(page, "policy-history")
    page.get_by_label("Why go back to version 1").fill("Too quiet")
    page.get_by_role("button", name="Revert to this version").click()
    expect(page.get_by_text('"Pause" is as it was in version 1.')).to_be_visible()
    expect(page.get_by_text("“Too quiet”")).to_be_visible()
    assert ContactPolicy.objects.get().config == {"cooldownHours": 24}


def test_a_deleted_policy_is_restored_unless_its_name_is_taken(page, admin, axe, shot):
    policy = made(admin, "Pause")
    admin("DELETE", f"contact-policies/{policy.public_id}")
    other = made(admin, "Pause")
    page.goto(address(ContactPolicy, "change", policy.pk))
    axe(page)
    shot(page, "policy-deleted")
    page.get_by_role("link", name="Restore it").click()
    expect(page.get_by_text("cannot come back as long as another one bears its name")).to_be_visible()
    axe(page)
    shot(page, "policy-collision")
    admin("PATCH", f"contact-policies/{other.public_id}", {"name": "Other"})
    page.reload()
    page.get_by_role("button", name="Restore").click()
    expect(page.get_by_text('"Pause" was restored.')).to_be_visible()
    assert ContactPolicy.objects.filter(name="Pause").exists()


def test_a_viewer_reads_and_finds_nothing_to_write_with(enter, admin, axe, shot):
    policy = made(admin, "Quiet", ruleType="time_window", config={"startHour": 22, "endHour": 6})
    page = enter("viewer")
    page.goto(LIST)
    expect(page.get_by_label("Priority of Quiet")).to_have_count(0)
    page.goto(address(ContactPolicy, "change", policy.pk))
    expect(page.locator("#live .sentence")).to_contain_text("Only from 22:00 to 06:00")
    expect(page.locator("#live .week td.carried")).to_have_count(7 * 6)
    expect(page.get_by_role("button", name="Save", exact=True)).to_have_count(0)
    axe(page)
    shot(page, "policy-viewer")


def test_the_pages_of_policies_are_as_readable_in_the_dark(dark, admin, catalogue, axe):
    policy = made(admin, "Quiet", ruleType="time_window", config={"startHour": 22, "endHour": 6})
    admin("PATCH", f"contact-policies/{policy.public_id}", {"priority": 60})
    for view in ("change", "history", "delete"):
        dark.goto(address(ContactPolicy, view, policy.pk))
        axe(dark)
    dark.goto(LIST)
    axe(dark)
    dark.goto(f"{LIST}add/?preset=adverse-outcomes")
    expect(dark.locator("#live .sentence")).to_contain_text("No contact for 90 days")
    axe(dark)
