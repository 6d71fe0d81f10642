"""Who may enter the admin, and what their role lets them do there."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse

from creatives.models import Category
from kaireon.access import ApiKey, Membership, operator
from kaireon.audit import AuditEntry
from kaireon.tenancy import Role, Tenant
from kaireon.writing import writing
from policies.models import ContactPolicy
from tests.visitors import address, visit


def test_nobody_enters_anonymously(tenant, cards):
    for url in (reverse("admin:index"), address(Category, "change", cards.pk), address(Category, "history", cards.pk)):
        response = Client().get(url)
        assert response.status_code == 302 and "/admin/login/" in response.url


def test_the_delivery_role_and_people_without_a_role_stay_outside(person):
    stranger = User.objects.create_user("stranger", password="x", is_staff=True)
    for user in (person(Role.DELIVERY), stranger):
        assert visit(user).get(reverse("admin:index")).status_code == 302
        response = Client().post(reverse("admin:login"), {"username": user.username, "password": "x"})
        assert response.status_code == 200


def test_a_membership_is_enough_to_log_in(tenant):
    user = User.objects.create_user("ann", password="correct horse")
    with writing(operator(tenant, "test")) as unit:
        unit.create(Membership(user=user, role=Role.VIEWER))
    response = Client().post(reverse("admin:login"), {"username": "ann", "password": "correct horse"})
    assert (response.status_code, response.url) == (302, reverse("admin:index"))


def test_a_lost_membership_ends_the_visit(person, tenant):
    browser = visit(person(Role.ADMIN))
    with writing(operator(tenant, "test")) as unit:
        unit.soft_delete(Membership.objects.get(user__username=Role.ADMIN))
    assert browser.get(reverse("admin:index")).status_code == 302


MATRIX = {
    (Role.VIEWER, Category): (200, 403, 403),
    (Role.EDITOR, Category): (200, 200, 200),
    (Role.ADMIN, Category): (200, 200, 200),
    (Role.VIEWER, ContactPolicy): (200, 403, 403),
    (Role.EDITOR, ContactPolicy): (200, 403, 403),
    (Role.ADMIN, ContactPolicy): (200, 200, 200),
    (Role.EDITOR, Membership): (403, 403, 403),
    (Role.ADMIN, Membership): (200, 200, 200),
    (Role.EDITOR, ApiKey): (403, 403, 403),
    (Role.ADMIN, ApiKey): (200, 200, 200),
    (Role.EDITOR, AuditEntry): (403, 403, 403),
    (Role.ADMIN, User): (403, 403, 403),
    (Role.EDITOR, Tenant): (403, 403, 403),
}


@pytest.mark.parametrize(("role", "model"), MATRIX)
def test_roles_hold_for_lists_forms_and_deletions(role, model, person, admin, cards):
    admin.make("contact-policies", name="Cap", ruleType="cooldown", config={"cooldownHours": 24}, scope="global")
    browser = visit(person(role))
    row = model._default_manager.order_by("pk").last()
    got = browser.get(address(model, "changelist")), browser.get(address(model, "add"))
    deletion = browser.get(address(model, "delete", row.pk))
    assert (got[0].status_code, got[1].status_code, deletion.status_code) == MATRIX[role, model]


def test_a_viewer_sees_a_row_and_cannot_save_it(person, cards):
    browser = visit(person(Role.VIEWER))
    page = browser.get(address(Category, "change", cards.pk))
    assert page.status_code == 200 and not page.context["has_change_permission"]
    assert browser.post(address(Category, "change", cards.pk), {"name": "Mine"}).status_code == 403
    assert browser.post(address(Category, "revert", cards.pk), {"version": "1"}).status_code == 403
    assert browser.post(address(Category, "restore", cards.pk)).status_code == 403
    cards.refresh_from_db()
    assert (cards.name, cards.version) == ("Cards", 1)


def test_a_viewers_bulk_action_does_nothing(person, cards):
    browser = visit(person(Role.VIEWER))
    for action in ("pause_selected", "delete_selected", "restore_selected"):
        browser.post(address(Category, "changelist"), {"action": action, "_selected_action": cards.pk, "post": "yes"})
    cards.refresh_from_db()
    assert (cards.status, cards.version) == ("active", 1)
