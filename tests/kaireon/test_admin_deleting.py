"""Deleting, restoring and going back in the admin, one row at a time."""

from __future__ import annotations

from creatives.models import Category, Channel, Placement
from kaireon.admin.differences import Line
from kaireon.tenancy import Role
from tests.visitors import address, said, visit
from tests.witness import deeds


def test_deleting_names_what_goes_along_and_is_soft(person, furnished):
    browser = visit(person(Role.EDITOR))
    page = browser.get(address(Channel, "delete", furnished.pk))
    assert dict(page.context["model_count"]) == {"channel": 1, "placements": 2}
    assert browser.post(address(Channel, "delete", furnished.pk), {"post": "yes"}).status_code == 302
    assert (Channel.objects.count(), Placement.objects.count()) == (0, 0)
    assert (Channel.everything.count(), Placement.everything.count()) == (1, 2)
    shown = browser.get(address(Channel, "changelist"), {"deleted": "yes"}).context["cl"].result_list
    assert [row.name for row in shown] == ["Email"]
    assert not browser.get(address(Channel, "change", furnished.pk)).context["has_change_permission"]
    assert browser.post(address(Channel, "change", furnished.pk), {"name": "X"}).status_code == 403


def test_restoring_brings_everything_back_and_needs_an_admin(person, admin, furnished):
    admin("DELETE", f"channels/{furnished.public_id}")
    assert visit(person(Role.EDITOR)).post(address(Channel, "restore", furnished.pk)).status_code == 403
    browser = visit(person(Role.ADMIN))
    page = browser.get(address(Channel, "restore", furnished.pk))
    assert page.context["companions"] == ["placement Hero", "placement Footer"]
    assert Channel.objects.count() == 0
    browser.post(address(Channel, "restore", furnished.pk))
    assert (Channel.objects.count(), Placement.objects.count()) == (1, 2)


def test_a_name_taken_meanwhile_prevents_restoring_and_is_said(person, tenant, admin, furnished):
    admin("DELETE", f"channels/{furnished.public_id}")
    admin.make("channels", name="Email")
    browser = visit(person(Role.ADMIN))
    before = deeds(tenant)
    response = browser.post(address(Channel, "restore", furnished.pk))
    assert said(response) == ["Nothing was changed: A channel with that name already exists."]
    action = {"action": "restore_selected", "_selected_action": furnished.pk}
    response = browser.post(address(Channel, "changelist") + "?deleted=yes", action)
    assert "A channel with that name already exists." in said(response)[-1]
    assert (Channel.objects.count(), deeds(tenant)) == (1, before)


def test_a_row_does_not_come_back_before_its_owner(person, admin, furnished):
    admin("DELETE", f"channels/{furnished.public_id}")
    hero = Placement.everything.get(name="Hero")
    response = visit(person(Role.ADMIN)).post(address(Placement, "restore", hero.pk))
    assert said(response)[0].endswith("restore that first.")
    assert not Placement.objects.exists()


def test_history_shows_who_did_what_and_goes_back(person, tenant, admin, cards):
    admin("PATCH", f"categories/{cards.public_id}", {"name": "Plastic", "ordinal": 3})
    browser = visit(person(Role.EDITOR))
    versions = browser.get(address(Category, "history", cards.pk)).context["versions"]
    assert [(it["version"], it["action"], it["changedBy"]) for it in versions] == [
        (2, "update", "key admin key"),
        (1, "create", "key admin key"),
    ]
    assert versions[0]["differences"] == [Line("Name", "Cards", "Plastic"), Line("Ordinal", "0", "3")]
    response = browser.post(address(Category, "revert", cards.pk), {"version": "1", "rowVersion": "2"})
    assert said(response) == ['"Plastic" is as it was in version 1.']
    cards.refresh_from_db()
    assert (cards.name, cards.ordinal, cards.version) == ("Cards", 0, 3)
    assert deeds(tenant)[-1] == ("revert", "Cards")
    assert browser.get(address(Category, "revert", cards.pk)).status_code == 405
    for body in ({"version": "9"}, {"version": "x"}, {"version": "1", "rowVersion": "2"}):
        assert said(browser.post(address(Category, "revert", cards.pk), body))[-1].startswith("Nothing was changed")
    cards.refresh_from_db()
    assert cards.version == 3


def test_a_reason_is_kept_without_what_no_database_keeps(person, furnished):
    browser, history = visit(person(Role.ADMIN)), Channel.history.filter(id=furnished.pk).order_by("version")
    browser.post(address(Channel, "delete", furnished.pk), {"post": "yes", "why": " Not\0 needed "})
    browser.post(address(Channel, "restore", furnished.pk), {"why": "Needed\0"})
    browser.post(address(Channel, "revert", furnished.pk), {"version": "1", "why": "\0As it was"})
    reasons = [entry.history_change_reason for entry in history]
    assert reasons == ["create", "soft_delete: Not needed", "restore: Needed", "revert to version 1: As it was"]
