"""The history of a policy as a marketer reads it, versions side by side, restoring and what stands in its way."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from kaireon.admin.differences import Line
from kaireon.audit import AuditEntry
from kaireon.tenancy import Role
from policies.models import ContactPolicy
from policies.rules import RULES
from tests.policies.test_admin import made
from tests.visitors import address, said, visit
from tests.witness import stored


@pytest.fixture
def browser(person) -> Client:
    return visit(person(Role.ADMIN))


def history(browser: Client, policy: ContactPolicy, **query: Any) -> Any:
    return browser.get(address(ContactPolicy, "history", policy.pk), query)


def test_a_change_is_told_with_the_labels_and_words_of_the_form(browser, admin, catalogue):
    policy = made(admin, ruleType="time_window", config={"startHour": 9, "daysOfWeek": [1, 5]}, status="paused")
    config = {"startHour": 8, "daysOfWeek": ["Saturday"], "useCustomerTimezone": True}
    admin("PATCH", f"contact-policies/{policy.public_id}", {"config": config, "status": "active", "priority": 60})
    assert history(browser, policy).context["versions"][0]["differences"] == [
        Line(
            "In words",
            "Only from 09:00 to 24:00 on Monday, Friday in the tenant's time zone, for everyone.",
            "Only from 08:00 to 24:00 on Saturday in the customer's time zone, else the tenant's time zone, "
            "for everyone.",
        ),
        Line("Days", "Monday, Friday", "Saturday"),
        Line("From", "9 o'clock", "8 o'clock"),
        Line("Use the customer's time zone", "", "Yes"),
        Line("Priority", "50", "60"),
        Line("Status", "paused", "active"),
    ]


def test_ids_are_told_as_names(browser, admin, catalogue):
    other = admin.make("offers", name="Loan")["id"]
    policy = made(admin, ruleType="mutual_exclusion", config={"excludeOfferIds": [catalogue.offer, other]})
    config = {"excludeOfferIds": [other]}
    scopes = [{"scope": "channel", "scopeId": catalogue.channel}, {"scope": "offer", "scopeId": catalogue.offer}]
    admin("PATCH", f"contact-policies/{policy.public_id}", {"config": config, "scopes": scopes})
    _, *lines = history(browser, policy).context["versions"][0]["differences"]
    assert lines == [
        Line("Conflicting offers", "Platinum Card Upgrade, Loan", "Loan"),
        Line("Applies", "for everyone", "on Email\nfor Platinum Card Upgrade"),
    ]


def test_another_rule_is_told_with_the_labels_of_both(browser, admin):
    policy = made(admin)
    body = {"ruleType": "frequency_cap", "config": {"maxPerDay": 2}}
    admin("PATCH", f"contact-policies/{policy.public_id}", body)
    _, *lines = history(browser, policy).context["versions"][0]["differences"]
    assert lines == [
        Line("Pause", "24 hours", ""),
        Line("Per day", "", "2 contacts"),
        Line("Rule", "Cooldown", "Frequency cap"),
    ]


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.slug)
def test_the_history_of_every_rule_is_told_without_a_key(rule, browser, admin, catalogue):
    policy = made(admin, status="draft", config={})
    ContactPolicy.history.filter(id=policy.pk).update(rule_type=rule.slug, config=rule.examples[0])
    told = {line.field for line in history(browser, policy).context["versions"][0]["differences"]}
    keys = set(rule.examples[0])
    assert {option.label for option in rule.options() if option.key in keys} <= told
    assert not {f"Config: {key}" for key in keys} & told


def test_what_cannot_be_read_is_told_as_it_is(browser, admin):
    policy = made(admin)
    ContactPolicy.history.filter(id=policy.pk).update(config={"cooldownHours": "soon", "own": {"a": [1]}})
    lines = history(browser, policy).context["versions"][0]["differences"]
    assert Line("Pause", "", "soon") in lines
    assert Line("Config: own", "", '{\n  "a": [\n    1\n  ]\n}') in lines


def test_two_versions_stand_side_by_side(browser, admin):
    policy = made(admin)
    for priority in (60, 70):
        admin("PATCH", f"contact-policies/{policy.public_id}", {"priority": priority})
    page = history(browser, policy, left="1", right="3")
    lines = page.context["comparison"]
    assert [line for line in lines if line.changed] == [Line("Priority", "50", "70")]
    assert Line("Pause", "24 hours", "24 hours", changed=False) in lines
    assert "Version 1 beside version 3" in page.content.decode()
    for left, right in (("1", "9"), ("x", "2"), ("0", "1"), ("9" * 30, "1")):
        assert history(browser, policy, left=left, right=right).context["comparison"] is None


def test_the_history_says_why(browser, admin):
    policy = made(admin)
    admin("PATCH", f"contact-policies/{policy.public_id}", {"priority": 60})
    sent = {"version": "1", "rowVersion": "2", "why": "It was a mistake"}
    browser.post(address(ContactPolicy, "revert", policy.pk), sent)
    browser.post(address(ContactPolicy, "delete", policy.pk), {"post": "yes", "why": "Nobody needs it"})
    browser.post(address(ContactPolicy, "restore", policy.pk), {"why": "Somebody does"})
    told = [(it["action"], it["why"]) for it in history(browser, policy).context["versions"]]
    assert told == [
        ("restore", "Somebody does"),
        ("delete", "Nobody needs it"),
        ("revert to version 1", "It was a mistake"),
        ("update", ""),
        ("create", ""),
    ]


def test_a_history_costs_the_same_however_much_it_tells(browser, admin, catalogue):
    policy, counts = made(admin), []
    for changes in (1, 15):
        for number in range(changes):
            scopes = [{"scope": "offer", "scopeId": "*" if number % 2 else catalogue.offer}]
            admin("PATCH", f"contact-policies/{policy.public_id}", {"scopes": scopes, "priority": changes + number})
        with CaptureQueriesContext(connection) as asked:
            history(browser, policy)
        counts.append(len(asked))
    assert counts[0] == counts[1] <= 12


def test_the_audit_log_tells_a_policy_in_the_same_words(browser, admin):
    policy = made(admin)
    admin("PATCH", f"contact-policies/{policy.public_id}", {"config": {"cooldownHours": 36}})
    entry = AuditEntry.objects.filter(entity_id=policy.public_id).latest("sequence")
    lines = browser.get(address(AuditEntry, "change", entry.pk)).context["differences"]
    assert Line("Pause", "24 hours", "36 hours") in lines


def test_a_name_taken_meanwhile_is_said_before_restoring(browser, admin):
    policy = made(admin, "Cap")
    admin("DELETE", f"contact-policies/{policy.public_id}")
    bearer = made(admin, "Cap")
    before = stored()
    page = browser.get(address(ContactPolicy, "restore", policy.pk))
    text = page.content.decode()
    assert page.context["collision"]["bearer"] == bearer
    assert "cannot come back as long as another one bears its name" in text
    assert address(ContactPolicy, "change", bearer.pk) in text and ">Restore<" not in text
    response = browser.post(address(ContactPolicy, "restore", policy.pk))
    assert said(response) == ["Nothing was changed: A contact policy with that name already exists."]
    assert stored() == before
    admin("PATCH", f"contact-policies/{bearer.public_id}", {"name": "Other cap"})
    assert browser.get(address(ContactPolicy, "restore", policy.pk)).context["collision"] is None
    browser.post(address(ContactPolicy, "restore", policy.pk))
    assert ContactPolicy.objects.filter(name="Cap").count() == 1


@pytest.mark.parametrize("role", [Role.VIEWER, Role.EDITOR])
def test_who_only_reads_sees_the_history_and_cannot_go_back(role, person, admin):
    policy = made(admin)
    admin("PATCH", f"contact-policies/{policy.public_id}", {"priority": 60})
    browser, before = visit(person(role)), stored()
    page = history(browser, policy, left="1", right="2")
    assert page.status_code == 200 and "Revert to this version" not in page.content.decode()
    assert browser.post(address(ContactPolicy, "revert", policy.pk), {"version": "1"}).status_code == 403
    assert browser.post(address(ContactPolicy, "delete", policy.pk), {"post": "yes"}).status_code == 403
    assert stored() == before


def test_another_tenants_history_is_not_there(browser, stranger):
    policy = made(stranger, "Secret")
    for view in ("history", "restore", "delete"):
        response = browser.get(address(ContactPolicy, view, policy.pk), {"left": "1", "right": "1"})
        assert response.status_code == 302
        assert "Secret" not in response.content.decode()
