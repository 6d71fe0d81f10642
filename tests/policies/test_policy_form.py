"""What comes while a policy is written: fields, names, the sentence; and for whom it comes."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from kaireon.audit import ConfigurationHead
from kaireon.tenancy import Role
from policies.models import ContactPolicy
from policies.rules import RULES
from tests.policies.test_admin import add, made
from tests.visitors import address, faults, filled, visit
from tests.witness import stored

EVERYWHERE = {"scopes-0-scope": "global"}
ADVERSE = {
    "afterOutcome": ["complaint", "unsubscribe", "hard_bounce", "spam_report"],
    "suppressForDays": 90,
    "bypassable": False,
}


@pytest.fixture
def browser(person) -> Client:
    return visit(person(Role.ADMIN))


def lookup(browser: Client, kind: str, text: str = "") -> list[str]:
    answer = browser.get(reverse("admin:policies_contactpolicy_lookup"), {"kind": kind, "q": text})
    return [one["name"] for one in answer.json()["results"]]


def say(browser: Client, policy: ContactPolicy | None = None, **sent: Any) -> Any:
    """Posts an unsaved form to be read back."""
    args = [] if policy is None else [policy.pk]
    body = {name.replace("__", "."): value for name, value in sent.items()}
    return browser.post(address(ContactPolicy, "read", *args), body)


# -- read back while it is written ------------------------------------------------------------------------------------


def test_a_form_is_read_back_with_its_warnings_and_nothing_is_stored(browser, catalogue):
    before = stored()
    rows = {"scopes-0-scope": "channel", "scopes-0-scopeId": catalogue.channel, "scopes-1-scope": "offer:*"}
    fields = {
        "rule_type": "frequency_cap",
        "config__maxPerDay": "3",
        "config__maxPerWeek": "2",
        "config__bypassable": "on",
    }
    answer = say(browser, name="Cap", status="active", priority="50", **fields, **rows)
    assert answer.context["reading"].text == "At most 3 contacts a day and 2 a week, on Email and for each offer."
    assert answer.context["warnings"] == ["“Per day” 3 can never bind: “Per week” 2 is reached no later"]
    assert answer.context["faults"] == []
    assert stored() == before


def test_what_is_still_wrong_is_named_by_label(browser):
    answer = say(browser, rule_type="cooldown", status="active", priority="101", config__cooldownHours="-1")
    assert answer.context["reading"].text == "Not finished: “Pause” is needed."
    assert {fault["label"]: fault["messages"][0] for fault in answer.context["faults"]} == {
        "Name": "This field is required.",
        "Priority": "101 is out of range; send a number from 0 to 100.",
        "Pause *": "-1 is not a number >= 0; give 0 or more",
        "Applies to": "Add at least one place where the policy holds.",
    }


@pytest.mark.parametrize("typed", ["5", "[1]", '"note"', "null"])
def test_other_keys_are_keys_with_values(browser, typed):
    answer = say(browser, rule_type="cooldown", name="Odd", config__cooldownHours="1", other=typed, **EVERYWHERE)
    told = {fault["label"]: fault["messages"] for fault in answer.context["faults"]}
    assert told["Other keys (JSON)"] == ['Write keys with their values in braces, such as {"note": 1}.']


def test_an_unfinished_form_is_no_error(browser):
    answer = say(browser, rule_type="cooldown", **EVERYWHERE)
    assert answer.context["reading"].text == "Not finished: “Pause” is needed."
    assert say(browser).status_code == 200
    assert say(browser, rule_type="nonsense").status_code == 200


def test_an_untouched_form_says_what_it_needs_before_anything_is_marked(browser):
    blank = {"scopes-0-scope": "offer", "scopes-0-scopeId": ""}
    answer = say(browser, rule_type="frequency_cap", status="active", priority="50", **blank)
    needed = "Not finished: at least one of “Per day”, “Per week”, “Per month”, “In all” is needed."
    assert answer.context["reading"].text == needed
    said = {fault["label"]: fault["messages"] for fault in answer.context["faults"]}
    where = "Type a name and choose one, or pick “Each …” or “Everyone and everything”."
    assert said["Applies to"] == [where]
    assert said["Per day"] == ["Give at least one of “Per day”, “Per week”, “Per month”, “In all”"]
    assert "marked" not in answer.content.decode()
    rows = {"scopes-0-scope": "global", "scopes-1-scope": "offer", "scopes-1-scopeId": ""}
    answer = say(browser, rule_type="category_suppression", status="active", priority="50", **rows)
    assert answer.context["reading"].text == (
        "Not finished: “Rests for” and at least one of “Category”, “Sub-category” are needed."
    )
    said = {fault["label"]: fault["messages"] for fault in answer.context["faults"]}
    assert said["Applies to"] == [f"Row 2: {where}"]


def test_outcomes_are_called_by_their_names(browser, admin):
    admin.make("outcome-types", key="branch_visit", name="Came to the branch")
    assert lookup(browser, "outcome", "hard b") == ["Hard bounce"]
    assert lookup(browser, "outcome", "branch") == ["Came to the branch"]
    rows = {"scopes-0-scope": "global", "config__suppressForDays": "7"}
    typed = {"config__afterOutcome": ["hard_bounce"], "config__afterOutcome.typed": "came to the branch"}
    sent = say(browser, name="X", rule_type="outcome_based", status="active", priority="50", **rows, **typed)
    assert sent.context["reading"].says == "No contact for 7 days after Hard bounce or Came to the branch"
    policy = made(admin, ruleType="outcome_based", config={"afterOutcome": "hard_bounce", "suppressForDays": 1})
    page = browser.get(address(ContactPolicy, "change", policy.pk))
    assert page.context["reading"].says == "No contact for 1 day after Hard bounce"
    assert ("hard_bounce", "Hard bounce") in page.context["adminform"].form[
        "config.afterOutcome"
    ].field.widget.get_context("x", ["hard_bounce"], {})["picked"]


@pytest.mark.parametrize("scope", [{"scopes-0-scope": "global"}, {"scopes-0-scope": "offer", "scopes-0-scopeId": "*"}])
def test_an_override_that_opens_everything_is_a_warning(scope, browser):
    answer = say(browser, name="X", rule_type="allow_override", status="active", priority="50", **scope)
    assert answer.context["warnings"][0].startswith("This opens everything")


def test_a_stored_policy_is_judged_as_it_is_being_changed(browser, admin):
    policy = made(admin)
    before = stored()
    page = browser.get(address(ContactPolicy, "change", policy.pk))
    answer = say(browser, policy, **filled(page, config__cooldownHours="0"))
    assert answer.context["reading"].text == "At least 0 hours between two contacts, for everyone."
    assert answer.context["warnings"] == ["“Pause” is 0: the policy never blocks anything"]
    assert stored() == before


def test_reading_back_waits_for_nobody_and_asks_a_bounded_number_of_questions(browser, tenant, catalogue):
    rows = {f"scopes-{n}-scope": "offer" for n in range(30)}
    rows |= {f"scopes-{n}-scopeId": catalogue.offer for n in range(30)}
    with CaptureQueriesContext(connection) as asked:
        say(browser, name="X", rule_type="frequency_cap", config__maxPerDay="1", status="active", priority="1", **rows)
    assert len(asked) <= 12
    assert not [it["sql"] for it in asked if "FOR UPDATE" in it["sql"]]
    assert ConfigurationHead.objects.filter(tenant=tenant).exists()


def test_a_time_window_is_drawn_as_a_week(browser):
    answer = say(browser, rule_type="time_window", config__startHour="22", config__endHour="5", **EVERYWHERE)
    assert [day.text for day in answer.context["reading"].week.days] == ["22-05 next day"] * 7
    assert "belongs to the evening before" in answer.content.decode()


# -- fields and presets ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.slug)
def test_the_fields_of_a_rule_come_as_a_fragment(rule, browser):
    answer = browser.get(address(ContactPolicy, "fields"), {"rule_type": rule.slug})
    text = answer.content.decode()
    assert "<html" not in text
    for option in rule.options():
        assert f'name="config.{option.key}' in text
    assert browser.post(address(ContactPolicy, "fields")).status_code == 405


def test_every_number_says_its_unit_and_bounds(browser):
    text = browser.get(address(ContactPolicy, "fields"), {"rule_type": "time_window"}).content.decode()
    assert "o&#x27;clock" in text and "A whole number from 0 to 23." in text and 'max="23"' in text


def test_the_presets_are_one_click(browser, admin):
    admin.make("channels", name="Newsletter", channelType="email")
    for preset in ("adverse-outcomes", "quiet-hours", "three-emails-a-week"):
        page = browser.get(address(ContactPolicy, "add"), {"preset": preset})
        response = browser.post(f"{address(ContactPolicy, 'add')}?preset={preset}", filled(page))
        assert response.status_code == 302, faults(response)
    saved = {it.name: (it.rule_type, it.config, it.parts()["scopes"]) for it in ContactPolicy.objects.all()}
    everyone = [{"scope": "global", "scopeId": None}]
    channel = saved["Three emails a week"][2][0]["scopeId"]
    assert saved == {
        "Adverse Outcomes": ("outcome_based", ADVERSE, everyone),
        "Quiet hours": ("time_window", {"startHour": 8, "endHour": 21, "useCustomerTimezone": True}, everyone),
        "Three emails a week": ("frequency_cap", {"maxPerWeek": 3}, [{"scope": "channel", "scopeId": channel}]),
    }


def test_a_preset_without_its_channel_asks_for_one(browser):
    page = browser.get(address(ContactPolicy, "add"), {"preset": "three-emails-a-week"})
    response = browser.post(address(ContactPolicy, "add"), filled(page))
    assert faults(response) == {"scopes": ["Correct the marked scopes."]}


# -- naming things -----------------------------------------------------------------------------------------------------


def test_names_are_found_among_the_tenants_live_rows(browser, admin, stranger):
    for name in ("Gold card", "Old gold", "Loan"):
        admin.make("offers", name=name)
    stranger.make("offers", name="Gold secret")
    admin("DELETE", f"offers/{admin.make('offers', name='Gold gone')['id']}")
    assert lookup(browser, "offer", "gold") == ["Gold card", "Old gold"]
    assert lookup(browser, "offer") == ["Gold card", "Loan", "Old gold"]
    assert lookup(browser, "offer", "%") == []


def test_words_and_zones_are_found_too(browser, admin, stranger):
    admin.make("segments", name="vip_customers")
    stranger.make("segments", name="vip_secret")
    assert lookup(browser, "segment", "vip") == ["vip_customers"]
    assert lookup(browser, "zone", "new york") == ["America/New_York"]
    assert lookup(browser, "outcome", "compl") == ["Complaint"]
    assert browser.get(reverse("admin:policies_contactpolicy_lookup"), {"kind": "password"}).status_code == 404


def test_a_lookup_is_short_however_much_there_is(browser, admin):
    for number in range(25):
        admin.make("offers", name=f"Offer {number:02}")
    with CaptureQueriesContext(connection) as asked:
        assert lookup(browser, "offer", "offer") == [f"Offer {number:02}" for number in range(20)]
    assert len(asked) <= 4


def test_a_name_that_is_written_out_counts_as_chosen(browser, admin, catalogue):
    sent = {"scopes-0-scope": "offer", "scopes-0-scopeId": "", "scopes-0-scopeId.typed": "platinum card upgrade"}
    response = add(browser, "cooldown", name="X", config__cooldownHours="3", **sent)
    assert response.status_code == 302, faults(response)
    assert ContactPolicy.objects.get().parts() == {"scopes": [{"scope": "offer", "scopeId": catalogue.offer}]}


def test_a_name_written_over_a_chosen_one_wins(browser, admin, catalogue):
    other = admin.make("offers", name="Loan")["id"]
    policy = made(admin, scope="offer", scopeId=catalogue.offer)
    page = browser.get(address(ContactPolicy, "change", policy.pk))
    sent = filled(page) | {"scopes-0-scopeId.typed": "Loan"}
    assert browser.post(address(ContactPolicy, "change", policy.pk), sent).status_code == 302
    policy = ContactPolicy.objects.get()
    assert policy.parts() == {"scopes": [{"scope": "offer", "scopeId": other}]}


def test_a_name_nobody_bears_is_a_fault_of_its_row(browser, stranger):
    stranger.make("offers", name="Secret")
    sent = {"scopes-0-scope": "offer", "scopes-0-scopeId": "", "scopes-0-scopeId.typed": "Secret"}
    response = add(browser, "cooldown", name="X", config__cooldownHours="3", **sent)
    assert faults(response) == {"scopes": ["Correct the marked scopes."]}
    assert "There is no offer called “Secret”." in response.content.decode()


def test_a_scope_that_is_not_chosen_from_is_not_listed(browser, admin):
    """The form does not grow with the catalogue."""
    sizes = []
    for more in (1, 30):
        for number in range(more):
            admin.make("offers", name=f"{more} {number}")
        with CaptureQueriesContext(connection) as asked:
            page = browser.get(address(ContactPolicy, "add"), {"rule_type": "mutual_exclusion"})
        sizes.append((len(asked), len(page.content)))
    assert sizes[0] == sizes[1]


# -- for whom ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("role", [Role.VIEWER, Role.EDITOR])
def test_who_may_not_write_policies_gets_no_parts_of_the_form(role, person, admin):
    policy = made(admin)
    browser = visit(person(role))
    assert say(browser, rule_type="cooldown").status_code == 403
    assert say(browser, policy, rule_type="cooldown").status_code == 403
    assert browser.get(address(ContactPolicy, "fields"), {"rule_type": "cooldown"}).status_code == 403
    text = browser.get(address(ContactPolicy, "fields", policy.pk), {"rule_type": "cooldown"}).content.decode()
    assert 'name="config' not in text


def test_nobody_reads_another_tenants_policy_by_guessing_its_address(browser, stranger):
    policy = made(stranger, "Secret")
    assert say(browser, policy, rule_type="cooldown").status_code == 404
    answer = browser.get(address(ContactPolicy, "fields", policy.pk))
    assert (answer.status_code, answer.url) == (302, reverse("admin:index"))


def test_another_tenants_offer_is_not_named_when_it_is_sent(browser, stranger):
    foreign = stranger.make("offers", name="Secret")["id"]
    rows = {"scopes-0-scope": "offer", "scopes-0-scopeId": foreign}
    answer = say(browser, name="X", rule_type="mutual_exclusion", config__excludeOfferIds=[foreign], **rows)
    assert "Secret" not in answer.content.decode()


def test_nobody_outside_finds_anything(tenant, catalogue):
    answer = Client().get(reverse("admin:policies_contactpolicy_lookup"), {"kind": "offer"})
    assert answer.status_code == 302 and "/admin/login/" in answer.url
