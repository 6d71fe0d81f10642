"""Policies in the admin: forms out of declarations, scopes as rows, sentences, and nothing lost."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from creatives.models import Offer
from kaireon.admin.differences import Line
from kaireon.audit import AuditEntry
from kaireon.tenancy import Role
from policies.checks import stored_configs_parse
from policies.models import ContactPolicy
from policies.reading import namer_for
from policies.rules import RULES
from tests.conftest import Door
from tests.visitors import address, audited, faults, filled, left, said, visit


@pytest.fixture
def browser(person) -> Client:
    return visit(person(Role.ADMIN))


def made(admin: Door, name: str = "Policy", **body: Any) -> ContactPolicy:
    body = {"ruleType": "cooldown", "config": {"cooldownHours": 24}, "scope": "global"} | body
    public_id = admin.make("contact-policies", name=name, **body)["id"]
    return ContactPolicy.objects.get(pk=ContactPolicy.id_kind.decode(public_id))


def add(browser: Client, rule_type: str, **values: Any) -> Any:
    page = browser.get(address(ContactPolicy, "add"), {"rule_type": rule_type})
    return browser.post(address(ContactPolicy, "add"), filled(page, rule_type=rule_type, **values))


def change(browser: Client, policy: ContactPolicy, **values: Any) -> Any:
    page = browser.get(address(ContactPolicy, "change", policy.pk))
    return browser.post(address(ContactPolicy, "change", policy.pk), filled(page, **values))


def test_a_policy_through_both_doors_leaves_the_same(browser, admin, catalogue):
    scopes = [{"scope": "channel", "scopeId": catalogue.channel}, {"scope": "offer", "scopeId": "*"}]
    config = {"maxPerDay": 1, "maxPerWeek": 3, "windowType": "calendar", "timezone": "Europe/Berlin"}
    by_api = made(admin, "By API", ruleType="frequency_cap", config=config, scopes=scopes, priority=70)
    admin("PATCH", f"contact-policies/{by_api.public_id}", {"config": config | {"maxPerDay": 2}})
    admin("PATCH", f"contact-policies/{by_api.public_id}", {"scopes": scopes[1:]})

    rows = {"scopes-0-scope": "channel", "scopes-0-scopeId": catalogue.channel}
    rows |= {"scopes-1-scope": "offer", "scopes-1-scopeId": "*"}
    fields = {"config__maxPerDay": "1", "config__maxPerWeek": "3", "config__timezone": "Europe/Berlin"}
    response = add(
        browser, "frequency_cap", name="By hand", priority=70, config__windowType="calendar", **fields, **rows
    )
    assert response.status_code == 302, faults(response)
    by_hand = ContactPolicy.objects.get(name="By hand")
    change(browser, by_hand, config__maxPerDay="2")
    change(browser, by_hand, **{"scopes-0-scope": "offer", "scopes-0-scopeId": "*", "scopes-1-scope": ""})

    assert left(by_hand) == left(by_api)
    assert audited(by_hand) == audited(by_api)
    assert by_hand.version == 1 and ContactPolicy.objects.get(pk=by_hand.pk).version == 3


EXAMPLES = [(rule, example) for rule in RULES for example in rule.examples]


@pytest.mark.parametrize(("rule", "example"), EXAMPLES, ids=lambda it: getattr(it, "slug", ""))
def test_every_example_survives_its_form(rule, example, browser, admin, catalogue):
    """Opened and saved with a new name, an example keeps its config to the letter; so does what it does not know."""
    config = with_rows(rule, {**example, "note": ["the client's", {"own": None}]}, catalogue)
    policy = made(admin, "Example", ruleType=rule.slug, config=config)
    response = change(browser, policy, name="Renamed")
    assert response.status_code == 302, faults(response)
    policy.refresh_from_db()
    assert (policy.name, policy.config, policy.version) == ("Renamed", config, 2)


def with_rows(rule, config, catalogue):
    rows = {"offer": catalogue.offer, "channel": catalogue.channel, "category": catalogue.category}
    rows["sub_category"] = catalogue.sub_category
    for option in rule.options():
        if option.kind.reference and option.key in config:
            one = rows[option.kind.reference]
            config[option.key] = [one] if isinstance(config[option.key], list) else one
    return config


def test_faults_stand_at_their_fields_and_rows(browser, admin, catalogue):
    rows = {"scopes-0-scope": "channel", "scopes-0-scopeId": catalogue.channel}
    rows |= {"scopes-4-scope": "offer", "scopes-4-scopeId": ""}
    response = add(browser, "frequency_cap", name="", config__maxPerDay="-1", config__maxTotal="x", other="[", **rows)
    found = faults(response)
    assert set(found) == {"name", "config.maxPerDay", "config.maxTotal", "other", "scopes"}
    assert found["config.maxTotal"] == ["Enter a number."]
    widget = response.context["adminform"].form.fields["scopes"].widget
    assert list(widget.refused) == [1]
    assert "Type a name and choose one" in response.content.decode()
    assert not ContactPolicy.everything.exists()


def test_a_single_faulty_scope_is_marked_too(browser):
    response = add(browser, "cooldown", name="X", config__cooldownHours="3")
    assert faults(response) == {"scopes": ["Correct the marked scopes."]}
    assert list(response.context["adminform"].form.fields["scopes"].widget.refused) == [0]


def test_a_missing_setting_is_a_fault_unless_the_policy_is_a_draft(browser):
    everywhere = {"scopes-0-scope": "global"}
    assert list(faults(add(browser, "cooldown", name="X", **everywhere))) == ["config.cooldownHours"]
    assert add(browser, "cooldown", name="X", status="draft", **everywhere).status_code == 302
    assert ContactPolicy.objects.get().config == {}


def test_another_rule_type_takes_the_former_ones_keys_away_and_keeps_the_clients(browser, admin):
    policy = made(admin, config={"cooldownHours": 24, "bypassable": False, "note": 1})
    url = address(ContactPolicy, "change", policy.pk)
    page = browser.get(url, {"rule_type": "budget_exhausted"})
    form = page.context["adminform"].form
    assert form.initial["config.bypassable"] is False and form.initial["other"] == {"note": 1}
    sent = filled(page, config__budgetField="spend", config__threshold="2500.5")
    assert browser.post(url, sent | {"rule_type": "budget_exhausted"}).status_code == 302
    policy.refresh_from_db()
    wanted = {"budgetField": "spend", "threshold": 2500.5, "bypassable": False, "note": 1}
    assert (policy.rule_type, policy.config) == ("budget_exhausted", wanted)


def test_lists_and_days_come_out_as_the_api_takes_them(browser, catalogue):
    def save(rule_type: str, **values: Any) -> None:
        assert add(browser, rule_type, **values, **{"scopes-0-scope": "global"}).status_code == 302

    save("time_window", name="Days", config__daysOfWeek=["1", "5"], config__startHour="9")
    save("mutual_exclusion", name="None", config__lookbackDays="7")
    save("frequency_cap", name="Lines", config__maxTotal="1", config__excludeCampaignIds="a\r\n b ")
    assert dict(ContactPolicy.objects.values_list("name", "config")) == {
        "Days": {"startHour": 9, "daysOfWeek": [1, 5]},
        "None": {"excludeOfferIds": [], "lookbackDays": 7},
        "Lines": {"maxTotal": 1, "excludeCampaignIds": ["a", "b"]},
    }


def test_warnings_are_said(browser):
    sent = {"other": '{"color": 1}', "scopes-0-scope": "global"}
    response = add(browser, "cooldown", name="X", config__cooldownHours="0", **sent)
    assert any("config.color is unknown" in message for message in said(response))
    assert any("“Pause” is 0: the policy never blocks anything" in message for message in said(response))


def test_a_key_is_not_given_twice(browser):
    sent = {"other": '{"cooldownHours": 4}', "scopes-0-scope": "global"}
    response = add(browser, "cooldown", name="X", config__cooldownHours="3", **sent)
    assert faults(response) == {"other": ["cooldownHours has a field of its own; leave it out here."]}


def test_policies_are_read_back_with_names(browser, admin, catalogue):
    scopes = [{"scope": "channel", "scopeId": catalogue.channel}, {"scope": "offer", "scopeId": "*"}]
    policy = made(admin, "Cap", ruleType="frequency_cap", config={"maxPerDay": 1}, scopes=scopes)
    listed = browser.get(address(ContactPolicy, "changelist")).content.decode()
    assert "At most 1 contact a day." in listed and "on Email and for each offer" in listed
    opened = browser.get(address(ContactPolicy, "change", policy.pk)).content.decode()
    assert "At most 1 contact a day, on Email and for each offer." in opened


def test_a_deleted_target_is_still_named_and_stays_when_something_else_is_saved(browser, admin, catalogue):
    policy = made(admin, scope="offer", scopeId=catalogue.offer)
    admin("DELETE", f"offers/{catalogue.offer}")
    page = browser.get(address(ContactPolicy, "change", policy.pk))
    assert "Platinum Card Upgrade (deleted)" in page.content.decode()
    assert change(browser, policy, name="Renamed").status_code == 302
    policy.refresh_from_db()
    assert (policy.name, policy.parts()) == ("Renamed", {"scopes": [{"scope": "offer", "scopeId": catalogue.offer}]})


@pytest.mark.parametrize(
    ("spoilt", "fault"),
    [
        ({"config": {"cooldownHours": "soon"}}, "cooldownHours"),
        ({"config": ["nonsense"]}, "is not an object"),
        ({"rule_type": "forgotten"}, "there is no rule type"),
    ],
)
def test_a_policy_that_cannot_be_read_is_red_and_can_be_mended(spoilt, fault, browser, admin):
    policy = made(admin)
    ContactPolicy.everything.filter(pk=policy.pk).update(**spoilt)
    listed = browser.get(address(ContactPolicy, "changelist")).content.decode()
    assert "text-red-700" in listed and fault in listed
    assert (
        "It blocks everything it concerns" in browser.get(address(ContactPolicy, "change", policy.pk)).content.decode()
    )
    action = {"action": "pause_selected", "_selected_action": policy.pk}
    browser.post(address(ContactPolicy, "changelist"), action)
    policy.refresh_from_db()
    assert policy.status == "paused"
    url = address(ContactPolicy, "change", policy.pk)
    assert "It blocks everything" not in browser.get(url).content.decode()
    page = browser.get(url, {"rule_type": "cooldown"})
    response = browser.post(url, filled(page, config__cooldownHours="12", other="", rule_type="cooldown"))
    assert response.status_code == 302, faults(response)
    policy.refresh_from_db()
    assert (policy.rule_type, policy.config) == ("cooldown", {"cooldownHours": 12})


def test_somebody_who_only_reads_sees_the_sentence(person, admin):
    policy = made(admin)
    page = visit(person(Role.EDITOR)).get(address(ContactPolicy, "change", policy.pk))
    assert page.status_code == 200 and "24 hours" in page.content.decode()
    assert "id_rule_type" not in page.content.decode()


def test_history_shows_scopes_and_goes_back_to_them(browser, admin, catalogue):
    policy = made(admin)
    admin("PATCH", f"contact-policies/{policy.public_id}", {"scopes": [{"scope": "offer", "scopeId": "*"}]})
    url = address(ContactPolicy, "history", policy.pk)
    pause = "At least 24 hours between two contacts"
    assert browser.get(url).context["versions"][0]["differences"] == [
        Line("In words", f"{pause}, for everyone.", f"{pause}, for each offer."),
        Line("Applies", "for everyone", "for each offer"),
    ]
    browser.post(address(ContactPolicy, "revert", policy.pk), {"version": "1", "rowVersion": "2"})
    assert ContactPolicy.objects.get().parts() == {"scopes": [{"scope": "global", "scopeId": None}]}
    assert AuditEntry.objects.filter(entity_id=policy.public_id, action="revert").count() == 1


def test_deleting_names_the_flows_that_mention_the_policy(browser, admin):
    policy = made(admin)
    stages = {"stages": {"filter": {"contactPolicyIds": [policy.public_id]}}}
    admin.make("decision-flows", name="Home", key="home", draftConfig=stages)
    assert "Referenced by decision flow" in browser.get(address(ContactPolicy, "delete", policy.pk)).content.decode()


def test_a_list_of_thirty_asks_as_often_as_a_list_of_one(browser, admin, catalogue):
    counts = []
    for more in (1, 30):
        for number in range(more):
            name = f"{more} {number}"
            rest = {"categoryId": catalogue.category, "suppressionDays": 3}
            made(admin, name, ruleType="category_suppression", config=rest, scope="offer", scopeId=catalogue.offer)
        with CaptureQueriesContext(connection) as asked:
            browser.get(address(ContactPolicy, "changelist"))
        counts.append(len(asked))
    assert counts[0] == counts[1] <= 10


def test_the_system_check_says_of_each_unreadable_policy_what_it_does(admin):
    for status in ("active", "paused", "archived", "draft"):
        made(admin, name=f"The {status} one", status=status)
    ContactPolicy.everything.update(config={"cooldownHours": "soon"})
    made(admin, name="Unfinished", status="draft", config={})
    fault = 'cooldownHours: "soon" is not a number >= 0; give 0 or more.'
    found = {str(warning.msg).partition(" (cp_")[0]: warning for warning in stored_configs_parse(databases=["default"])}
    assert {name: str(warning.msg).partition(") ")[2] for name, warning in found.items()} == {
        'The policy "The active one"': f"blocks everything it concerns: {fault}",
        **{
            f'The policy "The {status} one"': f"is {status} and cannot be activated: {fault}"
            for status in ("paused", "archived", "draft")
        },
    }


def test_names_are_looked_up_in_the_policys_own_tenant(admin, stranger, tenant):
    foreign = stranger.make("offers", name="Secret")["id"]
    policy = made(admin, scope="global")
    policy.assignments.update(scope="offer", target=Offer.id_kind.decode(foreign))
    fresh = ContactPolicy.everything.get(pk=policy.pk)
    assert namer_for([fresh.state()], tenant=tenant)("offer", foreign) == foreign
