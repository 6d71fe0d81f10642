"""The list of policies: what it shows, priorities edited in it, filters, and what is done with several at once."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from kaireon import clock
from kaireon.audit import AuditEntry, ConfigurationHead
from kaireon.tenancy import Role, Tenant
from policies.models import ContactPolicy
from tests.policies.test_admin import made
from tests.visitors import address, audited, left, said, visit
from tests.witness import stored

LIST = "changelist"


@pytest.fixture
def browser(person) -> Client:
    return visit(person(Role.ADMIN))


def listed(browser: Client, **query: str) -> list[str]:
    return [row.name for row in browser.get(address(ContactPolicy, LIST), query).context["cl"].result_list]


def edit(browser: Client, **priorities: Any) -> Any:
    """Saves the list as it is shown, with the priorities of some policies typed over."""
    formset = browser.get(address(ContactPolicy, LIST)).context["cl"].formset
    return browser.post(address(ContactPolicy, LIST), sheet(formset) | typed(formset, priorities))


def sheet(formset: Any) -> dict[str, Any]:
    """What a browser would send of the list."""
    sent = {"_save": "Save"} | {
        f"{formset.prefix}-{key}": value for key, value in formset.management_form.initial.items()
    }
    for form in formset.forms:
        for name in ("id", "priority"):
            value = form.instance.pk if name == "id" else form.instance.priority
            sent |= {form.add_prefix(name): value, form.add_initial_prefix(name): value}
    return sent


def typed(formset: Any, priorities: dict[str, Any]) -> dict[str, Any]:
    return {
        form.add_prefix("priority"): priorities[form.instance.name]
        for form in formset.forms
        if form.instance.name in priorities
    }


def test_the_list_shows_what_a_policy_says_where_and_who_changed_it_last(browser, admin, catalogue):
    config = {"cooldownHours": 24, "bypassable": False}
    policy = made(admin, "Pause", config=config, scope="channel", scopeId=catalogue.channel)
    page = browser.get(address(ContactPolicy, LIST)).content.decode()
    for words in ("Pause", "Cooldown", "At least 24 hours between two contacts. Nothing sets it aside.", "on Email"):
        assert words in page
    assert f"{policy.updated_at:%-d %b %Y, %H:%M}" in page and "key admin key" in page


def test_priorities_are_edited_in_the_list_as_the_api_edits_them(browser, admin, tenant):
    by_hand, by_api = made(admin, "By hand"), made(admin, "By API")
    untouched = made(admin, "Untouched")
    before = ConfigurationHead.objects.get(tenant=tenant).version
    response = edit(browser, **{"By hand": 70})
    assert (response.status_code, said(response)) == (302, ["1 contact policy was changed successfully."])
    assert ConfigurationHead.objects.get(tenant=tenant).version == before + 1
    admin("PATCH", f"contact-policies/{by_api.public_id}", {"priority": 70})
    assert left(by_hand) == left(by_api)
    assert audited(by_hand) == audited(by_api)
    untouched.refresh_from_db()
    assert (untouched.version, untouched.priority) == (1, 50)


def test_a_page_of_priorities_is_one_change_of_the_configuration(browser, admin, tenant):
    for name in ("A", "B", "C"):
        made(admin, name)
    before = ConfigurationHead.objects.get(tenant=tenant).version
    edit(browser, A=10, B=20, C=30)
    assert dict(ContactPolicy.objects.values_list("name", "priority")) == {"A": 10, "B": 20, "C": 30}
    assert ConfigurationHead.objects.get(tenant=tenant).version == before + 1
    assert AuditEntry.objects.filter(action="update").count() == 3


@pytest.mark.parametrize("wrong", ["101", "-1", "high", ""])
def test_one_wrong_priority_keeps_all_as_they_were(wrong, browser, admin):
    made(admin, "A")
    made(admin, "B")
    before = stored()
    response = edit(browser, A=10, B=wrong)
    assert response.status_code == 200
    assert [list(errors) for errors in response.context["cl"].formset.errors if errors] == [["priority"]]
    assert stored() == before


def test_a_priority_somebody_else_changed_meanwhile_is_not_overwritten(browser, admin):
    policy = made(admin, "A")
    formset = browser.get(address(ContactPolicy, LIST)).context["cl"].formset
    admin("PATCH", f"contact-policies/{policy.public_id}", {"priority": 90})
    before = stored()
    sent = sheet(formset)
    assert said(browser.post(address(ContactPolicy, LIST), sent)) == []  # an old page that was not touched
    response = browser.post(address(ContactPolicy, LIST), sent | typed(formset, {"A": 10}))
    assert response.context["cl"].formset.errors == [
        {"priority": ["Somebody else set it to 90 meanwhile; open the list again."]}
    ]
    assert stored() == before


def test_where_all_are_deleted_there_is_nothing_to_save(browser, admin):
    admin("DELETE", f"contact-policies/{made(admin, 'Gone').public_id}")
    for shown in ({"deleted": "yes"}, {"deleted": "all"}, {}):
        assert 'name="_save"' not in browser.get(address(ContactPolicy, LIST), shown).content.decode(), shown
    made(admin, "A")
    assert 'name="_save"' in browser.get(address(ContactPolicy, LIST), {"deleted": "all"}).content.decode()


@pytest.mark.parametrize("role", [Role.VIEWER, Role.EDITOR])
def test_who_only_reads_has_no_fields_in_the_list(role, browser, person, admin):
    made(admin, "A")
    sent = sheet(browser.get(address(ContactPolicy, LIST)).context["cl"].formset)
    reader, before = visit(person(role)), stored()
    assert 'name="form-0-priority"' not in reader.get(address(ContactPolicy, LIST)).content.decode()
    assert reader.post(address(ContactPolicy, LIST), sent | {"form-0-priority": "10"}).status_code == 403
    assert stored() == before


def test_a_foreign_policy_is_not_edited_by_a_guessed_row(browser, admin, stranger):
    made(admin, "Mine")
    foreign = made(stranger, "Secret")
    formset = browser.get(address(ContactPolicy, LIST)).context["cl"].formset
    before = stored()
    browser.post(address(ContactPolicy, LIST), sheet(formset) | {"form-0-id": foreign.pk, "form-0-priority": "1"})
    assert stored()["policies.ContactPolicy"] == before["policies.ContactPolicy"]


def test_policies_are_filtered_by_rule_status_scope_and_found_by_id(browser, admin, catalogue):
    made(admin, "Everywhere", status="paused")
    made(admin, "On Email", scope="channel", scopeId=catalogue.channel)
    each = made(admin, "Each offer", ruleType="frequency_cap", config={"maxPerDay": 1}, scope="offer", scopeId="*")
    assert listed(browser, applies="channel") == ["On Email"]
    assert listed(browser, applies="offer:*") == ["Each offer"]
    assert listed(browser, applies="offer") == []
    assert listed(browser, rule_type__exact="frequency_cap") == ["Each offer"]
    assert listed(browser, status__exact="paused") == ["Everywhere"]
    assert listed(browser, q="email") == ["On Email"]
    assert listed(browser, q=each.public_id) == ["Each offer"]


def test_a_foreign_policy_is_not_found(browser, admin, stranger):
    foreign = made(stranger, "Secret")
    made(admin, "Mine")
    assert listed(browser, q="Secret") == listed(browser, q=foreign.public_id) == []
    assert listed(browser, deleted="all") == ["Mine"]


@pytest.mark.parametrize(
    ("action", "outcome"),
    [("pause_selected", "2 contact policies set to paused."), ("delete_selected", "Successfully")],
)
def test_several_at_once_are_one_change_of_the_configuration(action, outcome, browser, admin, tenant):
    keys = [made(admin, name).pk for name in ("A", "B")]
    before = ConfigurationHead.objects.get(tenant=tenant).version
    sent = {"action": action, "_selected_action": keys, "post": "yes"}
    response = browser.post(address(ContactPolicy, LIST), sent)
    assert said(response)[0].startswith(outcome)
    assert ConfigurationHead.objects.get(tenant=tenant).version == before + 1
    assert set(ContactPolicy.everything.values_list("version", flat=True)) == {2}


def many(tenant: Tenant, number: int, start: int = 0) -> None:
    now = clock.now()
    ContactPolicy.everything.bulk_create(
        ContactPolicy(tenant=tenant, name=f"P{n}", rule_type="cooldown", config={}, created_at=now, updated_at=now)
        for n in range(start, start + number)
    )


def test_too_many_at_once_are_refused(browser, tenant):
    many(tenant, 1001)
    before = stored()
    for action in ("pause_selected", "delete_selected"):
        sent = {"action": action, "_selected_action": ContactPolicy.objects.first().pk, "select_across": "1"}
        response = browser.post(address(ContactPolicy, LIST), sent)
        assert said(response)[-1] == "Select at most 1,000 at once; nothing was changed."
    assert stored() == before


def test_saving_the_list_asks_no_more_for_rows_that_were_not_touched(browser, tenant):
    """Django looks each row's key up once; nothing else grows with the page."""
    counts = []
    for start, more in ((0, 1), (1, 29)):
        many(tenant, more, start)
        formset = browser.get(address(ContactPolicy, LIST)).context["cl"].formset
        with CaptureQueriesContext(connection) as asked:
            browser.post(address(ContactPolicy, LIST), sheet(formset) | typed(formset, {"P0": start + 10}))
        counts.append(len(asked))
    assert counts[1] - counts[0] <= 29
