"""Keys and memberships in the admin."""

from __future__ import annotations

from django.contrib.auth.models import User
from django.contrib.messages import get_messages

from kaireon.access import ApiKey, Membership, find_key, issue_key, operator
from kaireon.audit import AuditEntry
from kaireon.clock import now
from kaireon.tenancy import Role
from kaireon.writing import writing
from tests.visitors import address, faults, filled, visit


def test_a_key_is_shown_once_and_works_until_it_is_deleted(person, tenant):
    browser = visit(person(Role.ADMIN))
    sent = filled(browser.get(address(ApiKey, "add")), name="Mailer", role="delivery")
    response = browser.post(address(ApiKey, "add"), sent)
    assert response.status_code == 302, faults(response)
    shown = next(str(message) for message in get_messages(response.wsgi_request) if "krn_" in str(message))
    secret = next(word for word in shown.split() if word.startswith("krn_"))
    key = ApiKey.objects.get(name="Mailer")
    assert find_key(secret, now=now()) == key
    assert secret not in str(AuditEntry.objects.of(tenant).last().content)
    browser.get(address(ApiKey, "changelist"))
    assert secret not in browser.get(address(ApiKey, "change", key.pk)).content.decode()
    browser.post(address(ApiKey, "delete", key.pk), {"post": "yes"})
    assert find_key(secret, now=now()) is None
    assert browser.post(address(ApiKey, "restore", key.pk)).status_code == 403


def test_deleting_a_key_does_not_promise_its_return(person, admin):
    browser, key = visit(person(Role.ADMIN)), ApiKey.objects.get()
    asked = browser.get(address(ApiKey, "delete", key.pk))
    action = {"action": "delete_selected", "_selected_action": key.pk}
    asked_in_bulk = browser.post(address(ApiKey, "changelist"), action)
    for page in (asked, asked_in_bulk):
        assert "It cannot be undone." in page.content.decode()


def test_a_key_cannot_be_guessed_at_by_filtering(person, tenant):
    with writing(operator(tenant, "test")) as unit:
        issue_key(unit, name="Till", role=Role.VIEWER)
    browser = visit(person(Role.ADMIN))
    url = address(ApiKey, "changelist")
    assert browser.get(url, {"role__exact": "viewer"}).status_code == 200
    for lookup in ("digest__startswith", "digest", "last_used_at__gt", "digest__regex"):
        assert browser.get(url, {lookup: "0"}).status_code == 400, lookup


def test_a_membership_names_an_existing_account(person, tenant):
    User.objects.create_user("ann")
    browser = visit(person(Role.ADMIN))
    page = browser.get(address(Membership, "add"))
    assert (
        "no active account"
        in faults(browser.post(address(Membership, "add"), filled(page, username="bob")))["username"][0]
    )
    response = browser.post(address(Membership, "add"), filled(page, username="ann", role="editor"))
    assert response.status_code == 302, faults(response)
    made = Membership.objects.get(user__username="ann")
    assert (made.tenant, made.role) == (tenant, "editor")
    page = browser.get(address(Membership, "change", made.pk))
    browser.post(address(Membership, "change", made.pk), filled(page, role="viewer"))
    made.refresh_from_db()
    assert (made.role, made.version) == ("viewer", 2)
