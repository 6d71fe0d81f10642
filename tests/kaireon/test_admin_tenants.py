"""One tenant at a time: what is another's is not there, and whoever has two switches between them."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import User
from django.urls import reverse

from creatives.models import Category, Offer
from creatives.serializers import CategorySerializer
from decisioning.models import Interaction
from kaireon.access import Membership, operator
from kaireon.api.serializers import save_resource
from kaireon.audit import AuditEntry, verify
from kaireon.clock import now
from kaireon.tenancy import Role, Tenant
from kaireon.writing import writing
from tests.visitors import address, faults, filled, said, visit
from tests.witness import deeds


@pytest.fixture
def foreign(foreign_tenant) -> Category:
    with writing(operator(foreign_tenant, "test")) as unit:
        return save_resource(CategorySerializer, unit, data={"name": "Secret"})[0]


@pytest.mark.parametrize("view", ["change", "history", "delete", "restore"])
def test_a_foreign_row_is_simply_not_there(view, person, foreign):
    response = visit(person(Role.ADMIN)).get(address(Category, view, foreign.pk))
    assert (response.status_code, response.url) == (302, reverse("admin:index"))
    assert "doesn’t exist" in said(response)[0]


def test_a_foreign_row_cannot_be_written(person, foreign):
    browser = visit(person(Role.ADMIN))
    for view, body in (("change", {"name": "Mine"}), ("revert", {"version": 1}), ("delete", {"post": "yes"})):
        assert browser.post(address(Category, view, foreign.pk), body).status_code == 302
    browser.post(address(Category, "changelist"), {"action": "pause_selected", "_selected_action": foreign.pk})
    foreign.refresh_from_db()
    assert (foreign.name, foreign.version, foreign.deleted_at) == ("Secret", 1, None)


def test_lists_choices_and_autocompletes_know_the_tenants_live_rows_only(person, admin, cards, foreign):
    admin.make("categories", name="Gone")
    admin("DELETE", f"categories/{Category.objects.get(name='Gone').public_id}")
    browser = visit(person(Role.ADMIN))
    listed = browser.get(address(Category, "changelist")).context["cl"].result_list
    assert [row.name for row in listed] == ["Cards"]
    query = {"app_label": "creatives", "model_name": "offer", "field_name": "category"}
    found = browser.get(reverse("admin:autocomplete"), query).json()["results"]
    assert [item["text"] for item in found] == ["Cards"]
    page = browser.get(address(Offer, "add"))
    refused = browser.post(address(Offer, "add"), filled(page, name="X", category=foreign.pk))
    assert list(faults(refused)) == ["category"]
    assert not Offer.everything.exists()


def test_the_names_of_interactions_are_the_tenants_own(person, tenant, foreign_tenant, stranger):
    secret = stranger.make("offers", name="Secret")["id"]
    what = {"customer_id": "A000100", "at": now(), "recorded_at": now(), "outcome": "impression"}
    Interaction.objects.create(tenant=tenant, offer_key=Offer.id_kind.decode(secret), **what)
    page = visit(person(Role.VIEWER)).get(address(Interaction, "changelist")).content.decode()
    assert "A000100" in page and "Secret" not in page


def test_a_person_of_two_tenants_switches_between_them(person, foreign_tenant, cards, foreign):
    user = person(Role.ADMIN)
    with writing(operator(foreign_tenant, "test")) as unit:
        unit.create(Membership(user=user, role=Role.VIEWER))
    browser = visit(user)
    assert [row.name for row in browser.get(address(Category, "changelist")).context["cl"].result_list] == ["Cards"]
    opened = filled(browser.get(address(Category, "add")), name="Late")
    assert browser.post(reverse("admin:tenant"), {"tenant": foreign_tenant.public_id}).status_code == 302
    assert [row.name for row in browser.get(address(Category, "changelist")).context["cl"].result_list] == ["Secret"]
    assert browser.post(address(Category, "add"), opened).status_code == 403


def test_a_form_opened_in_another_tenant_is_not_saved_in_this_one(person, foreign_tenant):
    user = person(Role.ADMIN)
    with writing(operator(foreign_tenant, "test")) as unit:
        unit.create(Membership(user=user, role=Role.ADMIN))
    browser = visit(user)
    opened = filled(browser.get(address(Category, "add")), name="Late")
    browser.post(reverse("admin:tenant"), {"tenant": foreign_tenant.public_id})
    assert "switched to another tenant" in faults(browser.post(address(Category, "add"), opened))["__all__"][0]
    assert not Category.everything.exists()


def test_nobody_switches_to_a_tenant_they_have_no_role_in(person, foreign_tenant, cards):
    browser = visit(person(Role.ADMIN))
    assert browser.post(reverse("admin:tenant"), {"tenant": foreign_tenant.public_id}).status_code == 404
    assert [row.name for row in browser.get(address(Category, "changelist")).context["cl"].result_list] == ["Cards"]


def test_a_superuser_makes_a_tenant_and_works_in_it(tenant):
    browser = visit(User.objects.create_superuser("root", password="x"))
    sent = {"key": "third", "name": "Third", "timezone": "Europe/Vienna"}
    response = browser.post(address(Tenant, "add"), sent)
    assert response.status_code == 302
    made = Tenant.objects.get(key="third")
    assert verify(made).intact and deeds(made)[0] == ("create", "Third")
    browser.post(reverse("admin:tenant"), {"tenant": made.public_id})
    browser.post(address(Category, "add"), filled(browser.get(address(Category, "add")), name="First"))
    assert Category.objects.get().tenant == made


def test_a_new_time_zone_of_a_tenant_is_audited(person, tenant, foreign_tenant):
    browser = visit(person(Role.ADMIN))
    body = {"name": "Acme", "timezone": "Europe/Berlin"}
    assert browser.post(address(Tenant, "change", tenant.pk), body).status_code == 302
    entry = AuditEntry.objects.of(tenant).order_by("sequence").last()
    assert entry.content["changes"] == {"timezone": {"before": "UTC", "after": "Europe/Berlin"}}
    browser.post(address(Tenant, "change", foreign_tenant.pk), body)
    foreign_tenant.refresh_from_db()
    assert foreign_tenant.name == "Rival"
