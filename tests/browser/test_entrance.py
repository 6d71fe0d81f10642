"""Logging in, the start page and the lists, as somebody sees them who looks, listens or only has a keyboard."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from creatives.models import Creative, Offer
from kaireon.tenancy import Role
from tests.visitors import address


@pytest.mark.both_databases
def test_somebody_logs_in_by_keyboard_and_sees_the_tenant(enter, people, axe, shot):
    ann = people(Role.VIEWER)
    page = enter(ann)
    page.context.clear_cookies()
    page.goto("/admin/")
    axe(page)
    shot(page, "login")
    page.get_by_label("Username").fill(ann.username)
    page.get_by_label("Password").fill("correct horse battery staple")
    page.keyboard.press("Enter")
    expect(page.get_by_text("Acme · viewer").first).to_be_visible()


def test_a_page_starts_dark_where_the_machine_is_dark(dark, axe):
    dark.goto("/admin/")
    expect(dark.locator("html")).to_have_class("dark")
    axe(dark)


def test_boxes_with_a_search_inside_bear_the_name_of_their_field(page, admin, catalogue, transactional_db, axe):
    for model, names in ((Offer, ("Category", "Sub-category")), (Creative, ("Offer", "Channel", "Placement"))):
        page.goto(address(model, "add"))
        for name in names:
            expect(page.get_by_role("combobox", name=name).first).to_be_visible()
        axe(page)
