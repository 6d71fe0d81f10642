"""Every kind of row has its admin, and every page of it answers."""

from __future__ import annotations

import pytest
from django.contrib import admin
from django.contrib.auth.models import User
from django.urls import reverse

from creatives.models import Category, Channel, Creative, Offer, Placement, SubCategory
from decisioning.models import CampaignRun, Customer, DecisionFlow, Interaction, OutcomeType, Segment
from kaireon import clock
from kaireon.access import ApiKey, Membership
from kaireon.admin.lifecycle import LifecycleAdmin
from kaireon.audit import AuditEntry
from kaireon.lifecycle import kinds
from kaireon.tenancy import Role, Tenant
from kaireon.writing import writing
from policies.models import ContactPolicy
from policies.rules import RULES
from tests.visitors import address, visit

FORMED = [ApiKey, Category, Channel, ContactPolicy, Creative, DecisionFlow, Membership, Offer, OutcomeType, Placement]
FORMED += [CampaignRun, Segment, SubCategory]


@pytest.fixture
def furnished(tenant: Tenant, admin, person) -> Tenant:
    """A tenant with a row of every kind."""
    person(Role.EDITOR)
    category = admin.make("categories", name="Cards")
    admin.make("sub-categories", name="Credit cards", categoryId=category["id"])
    offer = admin.make("offers", name="Gold", categoryId=category["id"])
    channel = admin.make("channels", name="Email")
    placement = admin.make("placements", name="Hero", channelId=channel["id"])
    admin.make("creatives", name="Mail", offerId=offer["id"], channelId=channel["id"], placementId=placement["id"])
    admin.make("segments", name="vip")
    admin.make("outcome-types", name="Call", key="call")
    admin.make("decision-flows", name="Flow", key="flow")
    admin.make("campaign-runs", name="Spring")
    admin.make("contact-policies", name="Cap", ruleType="cooldown", config={"cooldownHours": 24}, scope="global")
    Interaction.objects.create(
        tenant=tenant, customer_id="c1", at=clock.now(), outcome="impression", recorded_at=clock.now()
    )
    admin("PUT", "customers/c1", {"attributes": {"age": 41}, "segments": ["vip"]})
    return tenant


def test_every_configured_kind_has_a_lifecycle_admin():
    registered = {model: type(it) for model, it in admin.site._registry.items()}
    assert [
        name for name, model in kinds().items() if not issubclass(registered.get(model, object), LifecycleAdmin)
    ] == []


def test_the_list_here_names_every_configured_kind():
    assert {model.entity_type() for model in FORMED} == set(kinds())


@pytest.mark.parametrize("model", FORMED)
def test_every_page_of_every_kind_answers_an_admin(model, furnished, person):
    browser = visit(person(Role.ADMIN))
    row = model.objects.filter(tenant=furnished).order_by("-pk").first()
    pages = {"changelist": (), "add": (), "change": (row.pk,), "history": (row.pk,)}
    if row.frozen_because() is None:
        pages["delete"] = (row.pk,)
    answers = {view: browser.get(address(model, view, *args)).status_code for view, args in pages.items()}
    assert answers == dict.fromkeys(pages, 200)


READ_BY_VIEWERS = [model for model in FORMED if model not in {ApiKey, Membership}]


@pytest.mark.parametrize("model", READ_BY_VIEWERS)
def test_a_viewer_reads_the_page_of_every_kind_without_a_form(model, furnished, person):
    row = model.objects.filter(tenant=furnished).order_by("-pk").first()
    page = visit(person(Role.VIEWER)).get(address(model, "change", row.pk))
    assert page.status_code == 200
    assert 'name="_save"' not in page.content.decode()


@pytest.mark.parametrize("model", FORMED)
def test_the_page_of_a_deleted_row_answers(model, furnished, person, actor):
    user = person(Role.ADMIN)
    row = model.objects.filter(tenant=furnished).order_by("-pk").exclude(**_unspared(model)).first()
    with writing(actor) as unit:
        unit.soft_delete(row)
    browser = visit(user)
    assert browser.get(address(model, "change", row.pk)).status_code == 200
    assert browser.get(address(model, "history", row.pk)).status_code == 200
    listed = browser.get(address(model, "changelist"), {"deleted": "yes"}).context["cl"].result_list
    assert row.pk in {one.pk for one in listed}


def _unspared(model):
    """What cannot be deleted here: the visitor's own role, the outcomes of the system."""
    return {Membership: {"role": "admin"}, OutcomeType: {"is_system": True}}.get(model, {"pk": 0})


@pytest.mark.parametrize("model", [AuditEntry, Customer, Interaction])
def test_what_is_only_read_has_a_list_and_a_page_and_no_form(model, furnished, person):
    browser = visit(person(Role.ADMIN))
    row = model.objects.of(furnished).order_by("-pk").first()
    assert browser.get(address(model, "changelist")).status_code == 200
    assert browser.get(address(model, "change", row.pk)).status_code == 200
    assert browser.get(address(model, "add")).status_code == 403
    assert browser.post(address(model, "delete", row.pk), {"post": "yes"}).status_code == 403


@pytest.mark.parametrize("model", [Tenant, User])
def test_superusers_manage_tenants_and_accounts(model, furnished, db):
    root = User.objects.create_superuser("root", password="correct horse battery staple")
    browser = visit(root)
    row = model.objects.first()
    assert browser.get(address(model, "changelist")).status_code == 200
    assert browser.get(address(model, "add")).status_code == 200
    assert browser.get(address(model, "change", row.pk)).status_code == 200


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.slug)
def test_the_form_of_every_rule_shows_its_options(rule, furnished, person):
    page = visit(person(Role.ADMIN)).get(address(ContactPolicy, "add"), {"rule_type": rule.slug})
    form = page.context["adminform"].form
    assert [name for name in form.fields if name.startswith("config.")] == [f"config.{o.key}" for o in rule.options()]
    assert all(o.help in page.content.decode() or "&#x27;" in page.content.decode() for o in rule.options())


def test_the_index_lists_the_apps(furnished, person):
    assert visit(person(Role.VIEWER)).get(reverse("admin:index")).status_code == 200
