"""Actions on several rows at once: through the verbs, all or none."""

from __future__ import annotations

import pytest

from creatives.models import Category, Channel, Placement
from decisioning.models import OutcomeType
from kaireon.tenancy import Role
from policies.models import ContactPolicy
from tests.visitors import address, said, visit
from tests.witness import deeds


def test_bulk_actions_go_through_the_verbs_all_or_none(person, tenant, admin, furnished):
    admin.make("channels", name="Push", status="active")
    browser, keys = visit(person(Role.ADMIN)), list(Channel.objects.values_list("pk", flat=True))
    url = address(Channel, "changelist")
    browser.post(url, {"action": "activate_selected", "_selected_action": keys})
    assert dict(Channel.objects.values_list("name", "status")) == {"Email": "active", "Push": "active"}
    assert deeds(tenant)[-1] == ("update", "Email")  # Push was active already
    browser.post(url, {"action": "pause_selected", "_selected_action": keys})
    assert set(Channel.objects.values_list("status", flat=True)) == {"paused"}
    asked = browser.post(url, {"action": "delete_selected", "_selected_action": keys})
    assert dict(asked.context["model_count"]) == {"channels": 2, "placements": 2}
    browser.post(url, {"action": "delete_selected", "_selected_action": keys, "post": "yes"})
    assert (Channel.objects.count(), Placement.objects.count()) == (0, 0)
    browser.post(url + "?deleted=yes", {"action": "restore_selected", "_selected_action": keys})
    assert (Channel.objects.count(), Placement.objects.count()) == (2, 2)
    assert {row.version for row in Channel.objects.all()} == {5, 4}


def test_a_row_that_cannot_be_activated_leaves_the_others_as_they_were(person, tenant, admin):
    for name, config in (("Good", {"cooldownHours": 3}), ("Unfinished", {})):
        body = {"ruleType": "cooldown", "config": config, "status": "draft", "scope": "global"}
        admin.make("contact-policies", name=name, **body)
    keys, before = list(ContactPolicy.objects.values_list("pk", flat=True)), deeds(tenant)
    action = {"action": "activate_selected", "_selected_action": keys}
    response = visit(person(Role.ADMIN)).post(address(ContactPolicy, "changelist"), action)
    assert said(response)[0].startswith('Nothing was changed, because of "Unfinished": config.cooldownHours:')
    assert set(ContactPolicy.objects.values_list("status", flat=True)) == {"draft"}
    assert deeds(tenant)[: len(before)] == before and len(deeds(tenant)) == len(before) + 1  # the membership


def test_what_belongs_to_the_system_is_not_deleted_in_bulk(person, tenant):
    browser, before = visit(person(Role.ADMIN)), deeds(tenant)
    keys = list(OutcomeType.objects.values_list("pk", flat=True))
    action = {"action": "delete_selected", "_selected_action": keys, "post": "yes"}
    response = browser.post(address(OutcomeType, "changelist"), action)
    assert "outcome of the system" in said(response)[-1]
    assert (OutcomeType.objects.count(), deeds(tenant)) == (len(keys), before)


@pytest.mark.parametrize("action", ["activate_selected", "pause_selected", "delete_selected", "restore_selected"])
def test_a_selection_that_is_no_key_selects_nothing(action, person, cards, tenant):
    browser, url = visit(person(Role.ADMIN)), address(Category, "changelist")
    before = deeds(tenant)
    for key in ("x", "", "1.5", "-1", "9" * 30, "\u0663"):
        response = browser.post(url, {"action": action, "_selected_action": key, "post": "yes"})
        assert response.status_code == 302, key
    assert deeds(tenant) == before
