"""What the button Preview Impact is answered: roles, tenants, and the form as it was sent."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.urls import reverse

from kaireon import clock
from kaireon.tenancy import Role
from tests.policies.test_admin import made
from tests.visitors import visit
from tests.witness import stored

PAGE = "/admin/impact/"
FORM = {
    "name": "",
    "rule_type": "frequency_cap",
    "config.maxPerWeek": "2",
    "scopes-0-scope": "global",
    "scopes-0-scopeId": "",
}


@pytest.fixture
def thrice(happened):
    """Ada was contacted three times in the last days."""
    now = clock.now()
    for day in (3, 2, 1):
        happened(now - timedelta(days=day))


def test_the_form_is_tried_as_it_was_sent_and_nothing_is_stored(thrice, person):
    browser, before = visit(person(Role.ADMIN)), stored()
    page = browser.post(PAGE, FORM)
    assert page.status_code == 200
    assert page.context["numbers"]["customersAffected"] == 1
    assert page.context["numbers"]["offersSuppressed"] == {"Platinum Card Upgrade": 1}
    assert [chart.key for chart in page.context["charts"]] == ["impact-customers", "impact-contacts", "impact-offers"]
    assert page.context["sentence"] == "At most 2 contacts in 7 days"
    assert stored() == before
    assert reverse("admin:impact") == PAGE


def test_a_stored_policy_is_tried_with_what_was_typed_over_it(thrice, person, admin):
    policy = made(admin, scope="global")
    browser = visit(person(Role.ADMIN))
    typed = {**FORM, "rule_type": "cooldown", "config.cooldownHours": "36", "impact-days": "7"}
    page = browser.post(f"{PAGE}?policy={policy.pk}", typed)
    assert (page.context["days"], page.context["numbers"]["customersAffected"]) == (7, 1)
    assert browser.post(f"{PAGE}?policy=999999", typed).status_code == 404


@pytest.mark.parametrize(
    ("changed", "fault"),
    [
        ({"config.maxPerWeek": "0"}, "Contacts: 0 is not an integer >= 1; give 1 or more."),
        ({"config.maxPerWeek": "-1"}, "Per week: "),
        ({"scopes-0-scope": "offer"}, "Applies to: say where"),
        ({"rule_type": "time_window", "config.startHour": "8"}, "This rule does not count contacts over time"),
    ],
)
def test_what_cannot_be_tried_is_said_in_words(thrice, person, changed, fault):
    page = visit(person(Role.ADMIN)).post(PAGE, FORM | changed)
    assert page.status_code == 200
    assert [said.startswith(fault) for said in page.context["faults"]] == [True], page.context["faults"]


def test_whoever_writes_no_policies_and_the_offers_of_others_are_refused(thrice, person, stranger):
    assert visit(person(Role.VIEWER)).post(PAGE, FORM).status_code == 403
    assert visit(person(Role.EDITOR)).post(PAGE, FORM).status_code == 403
    browser = visit(person(Role.ADMIN))
    assert browser.get(PAGE).status_code == 405
    foreign = stranger.make("offers", name="Theirs")["id"]
    page = browser.post(PAGE, FORM | {"scopes-0-scope": "offer", "scopes-0-scopeId": foreign})
    assert len(page.context["faults"]) == 1
