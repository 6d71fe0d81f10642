"""Whatever is registered in the admin keeps the tenants apart and the roles in their place; a new admin is covered too.

The addresses come from the registry. A kind that is registered and that nobody has made a foreign row of here fails.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.contrib import admin as site
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse

from creatives.models import Category, Channel, Creative, Offer, Placement, SubCategory
from decisioning.models import CampaignRun, Customer, DecisionFlow, Interaction, OutcomeType, Segment
from kaireon import clock
from kaireon.access import ApiKey, Membership, operator
from kaireon.admin.lifecycle import LifecycleAdmin
from kaireon.audit import AuditEntry
from kaireon.tenancy import Role, Tenant
from kaireon.writing import writing
from policies.models import ContactPolicy
from tests.conftest import Door
from tests.visitors import address, visit
from tests.witness import stored

REGISTERED = sorted(site.site._registry, key=lambda model: model._meta.label)
FORMED = [model for model in REGISTERED if isinstance(site.site._registry[model], LifecycleAdmin)]
ROLES = [Role.ADMIN, Role.EDITOR, Role.VIEWER]
TELLTALES = ("Secret", "Rival")
SENT = {"post": "yes", "name": "Mine", "version": "1", "rowVersion": "1", "why": "Because"}


def of_rows(model: Any) -> list[str]:
    """The names of every address of the kind's admin that is about one row."""
    own = [pattern for pattern in site.site._registry[model].get_urls() if getattr(pattern, "name", None)]
    return sorted({f"admin:{it.name}" for it in own if "<" in str(it.pattern)})


def searched() -> Iterator[dict[str, str]]:
    """Every field of every admin whose choices are found by typing."""
    for model, keeper in site.site._registry.items():
        for field in keeper.autocomplete_fields:
            yield {"app_label": model._meta.app_label, "model_name": model._meta.model_name or "", "field_name": field}


def furnish(door: Door, tenant: Tenant, word: str) -> dict[Any, int]:
    """A row of every registered kind in a tenant, all of them named by the word; their keys."""
    category = door.make("categories", name=f"{word} category")["id"]
    part = door.make("sub-categories", name=f"{word} part", categoryId=category)["id"]
    offer = door.make("offers", name=f"{word} offer", categoryId=category)["id"]
    channel = door.make("channels", name=f"{word} channel")["id"]
    placement = door.make("placements", name=f"{word} placement", channelId=channel)["id"]
    place = {"offerId": offer, "channelId": channel, "placementId": placement}
    cooldown = {"ruleType": "cooldown", "config": {"cooldownHours": 24}, "scope": "global"}
    made = {
        Category: category,
        SubCategory: part,
        Offer: offer,
        Channel: channel,
        Placement: placement,
        Creative: door.make("creatives", name=f"{word} creative", **place)["id"],
        ContactPolicy: door.make("contact-policies", name=f"{word} policy", **cooldown)["id"],
        Segment: door.make("segments", name=f"{word}_segment")["id"],
        OutcomeType: door.make("outcome-types", name=f"{word} outcome", key=word.lower())["id"],
        DecisionFlow: door.make("decision-flows", name=f"{word} flow", key=word.lower())["id"],
        CampaignRun: door.make("campaign-runs", name=f"{word} run")["id"],
    }
    door("PUT", f"customers/{word}", {"attributes": {"name": word}})
    user = User.objects.create_user(f"{word} person")
    with writing(operator(tenant, "test")) as unit:
        membership = unit.create(Membership(user=user, role=Role.VIEWER))
    at = {"at": clock.now(), "recorded_at": clock.now()}
    happened = Interaction.objects.create(tenant=tenant, customer_id=word, outcome="impression", **at)
    others = {
        ApiKey: ApiKey.objects.filter(tenant=tenant).latest("pk"),
        AuditEntry: AuditEntry.objects.of(tenant).filter(entity_name=f"{word} policy").get(),
        Customer: Customer.objects.get(tenant=tenant),
        Interaction: happened,
        Membership: membership,
        Tenant: tenant,
        User: user,
    }
    keys = {model: model.id_kind.decode(public_id) for model, public_id in made.items()}
    return keys | {model: row.pk for model, row in others.items()}


def entered(person: Callable[[str], User]) -> list[Client]:
    """A browser of each role, come in by the overview, which counts decisions as it is opened."""
    visitors = [visit(person(role)) for role in ROLES]
    for browser in visitors:
        browser.get(reverse("admin:index"))
    return visitors


@pytest.fixture
def theirs(stranger, foreign_tenant) -> dict[Any, int]:
    return furnish(stranger, foreign_tenant, "Secret")


@pytest.fixture
def ours(admin, tenant) -> dict[Any, int]:
    return furnish(admin, tenant, "Own")


def test_a_row_of_every_registered_kind_is_made_here(theirs):
    assert theirs.keys() == set(REGISTERED)


@pytest.mark.parametrize("model", REGISTERED, ids=lambda model: model._meta.model_name)
def test_a_guessed_address_of_another_tenants_row_shows_and_changes_nothing(model, theirs, person):
    visitors = entered(person)
    before, names = stored(), of_rows(model)
    assert len(names) >= 3
    for name in names:
        for browser in visitors:
            url = reverse(name, args=[theirs[model]])
            for answer in (browser.get(url), browser.post(url, SENT)):
                assert answer.status_code in {302, 403, 404, 405}, url
            shown = browser.get(url, follow=True).content.decode()
            assert not [word for word in TELLTALES if word in shown], url
    assert stored() == before


@pytest.mark.parametrize("model", REGISTERED, ids=lambda model: model._meta.model_name)
def test_lists_and_their_bulk_actions_know_the_tenants_own_rows_only(model, theirs, tenant, person):
    visitors = entered(person)
    before, url = stored(), address(model, "changelist")
    for browser in visitors:
        for asked in ({}, {"q": "Secret"}, {"deleted": "yes"}, {"q": str(theirs[model])}):
            answer = browser.get(url, asked)
            listed = answer.context["cl"].result_list if answer.status_code == 200 else []
            assert {row.pk if model is Tenant else row.tenant_id for row in listed} <= {tenant.pk}, asked
            echoed = asked.get("q") == "Secret"
            assert echoed or not [word for word in TELLTALES if word in answer.content.decode()], asked
        for action in ("activate_selected", "pause_selected", "delete_selected", "restore_selected"):
            browser.post(url, {"action": action, "_selected_action": theirs[model], "post": "yes"})
    assert stored() == before


@pytest.mark.parametrize("role", ROLES)
def test_nothing_of_another_tenant_is_found_by_typing(role, theirs, person):
    browser, fields = visit(person(role)), list(searched())
    for field in fields:
        for term in ("", "Secret"):
            answer = browser.get(reverse("admin:autocomplete"), {**field, "term": term})
            assert answer.status_code == 403 or answer.json()["results"] == [], field
    assert len(fields) >= 7
    found = browser.get(reverse("admin:search"), {"s": "Secret", "extended": "1"}).content.decode()
    assert not [word for word in TELLTALES if f"{word} " in found]


@pytest.mark.parametrize("model", FORMED, ids=lambda model: model._meta.model_name)
def test_whoever_may_not_write_a_kind_sees_at_most_its_pages(model, ours, person):
    """As the API says who reads and who writes; an editor writes creatives and no policies, a viewer nothing."""
    keeper: Any = site.site._registry[model]
    visitors = {role: visit(person(role)) for role in ROLES if role not in keeper.resource.writers}
    assert Role.VIEWER in visitors
    before = stored()
    for role, browser in visitors.items():
        sees = 200 if role in keeper.resource.readers else 403
        assert browser.get(address(model, "changelist")).status_code == sees
        page = browser.get(address(model, "change", ours[model]))
        assert page.status_code == sees and b'name="_save"' not in page.content
        assert browser.get(address(model, "add")).status_code == 403
        for name in ("add", "change", "delete", "revert", "restore"):
            args = [] if name == "add" else [ours[model]]
            assert browser.post(address(model, name, *args), SENT).status_code == 403, name
        for action in ("activate_selected", "pause_selected", "delete_selected", "restore_selected"):
            selected = {"action": action, "_selected_action": ours[model], "post": "yes"}
            browser.post(address(model, "changelist"), selected)
        edited = {"form-TOTAL_FORMS": "1", "form-INITIAL_FORMS": "1", "form-0-id": str(ours[model])}
        browser.post(address(model, "changelist"), {**edited, "form-0-priority": "99", "_save": "Save"})
    assert stored() == before


def test_an_editor_writes_creatives_and_no_policies():
    writers = {model: site.site._registry[model].resource.writers for model in (Creative, ContactPolicy)}
    assert Role.EDITOR in writers[Creative] and Role.EDITOR not in writers[ContactPolicy]
