"""The admin's mechanism: roles, tenants, versions, deletion, history, keys, tenants."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from django.contrib.auth.models import User
from django.contrib.messages import get_messages
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from creatives.models import Category, Channel, Creative, Offer, Placement, SubCategory
from creatives.serializers import CategorySerializer, ChannelSerializer
from decisioning.models import Interaction, OutcomeType
from kaireon.access import ApiKey, Membership, find_key, issue_key, operator
from kaireon.admin.differences import Line
from kaireon.api.serializers import save_resource
from kaireon.audit import AuditEntry, verify
from kaireon.clock import now
from kaireon.tenancy import Role, Tenant
from kaireon.writing import writing
from policies.models import ContactPolicy
from tests.visitors import address, faults, filled, left, said, visit


@pytest.fixture
def cards(admin):
    return Category.objects.get(pk=Category.id_kind.decode(admin.make("categories", name="Cards")["id"]))


@pytest.fixture
def foreign(foreign_tenant) -> Category:
    with writing(operator(foreign_tenant, "test")) as unit:
        return save_resource(CategorySerializer, unit, data={"name": "Secret"})[0]


def entries(tenant: Tenant) -> list[tuple[str, str]]:
    return list(AuditEntry.objects.of(tenant).order_by("sequence").values_list("action", "entity_name"))


# -- who may enter ---------------------------------------------------------------------------------------------------


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


# -- one tenant at a time --------------------------------------------------------------------------------------------


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


# -- one room --------------------------------------------------------------------------------------------------------


def test_a_form_saves_what_the_api_saves(person, tenant, admin):
    """A creative through both doors: equal rows, equal history, equal audit."""
    offer, channel = admin.make("offers", name="Gold"), admin.make("channels", name="Email")
    place = admin.make("placements", name="Hero", channelId=channel["id"])
    references = {"offerId": offer["id"], "channelId": channel["id"], "placementId": place["id"]}
    content = {"subject": "Hello {first_name}"}
    made = admin.make("creatives", name="By API", content=content, weight=40, status="active", **references)
    admin("PATCH", f"creatives/{made['id']}", {"weight": 60, "abTestVariant": "B"})

    browser = visit(person(Role.EDITOR))
    keys = {
        "offer": Offer.objects.get().pk,
        "channel": Channel.objects.get().pk,
        "placement": Placement.objects.get().pk,
    }
    sent = filled(browser.get(address(Creative, "add")), name="By hand", status="active", weight=40, **keys)
    response = browser.post(address(Creative, "add"), sent | {"content": '{"subject": "Hello {first_name}"}'})
    assert response.status_code == 302, faults(response)
    assert said(response)[0] == "The token {first_name} has no mapping in personalization and will stay visible."
    by_hand = Creative.objects.get(name="By hand")
    page = browser.get(address(Creative, "change", by_hand.pk))
    browser.post(address(Creative, "change", by_hand.pk), filled(page, weight=60, ab_test_variant="B"))

    by_api = Creative.objects.get(name="By API")
    assert left(by_hand) == left(by_api)
    assert audited(by_hand) == audited(by_api)
    assert verify(tenant).intact


def audited(row):
    """A row's audit entries without what names the row, the actor and the instant."""
    found = []
    for entry in AuditEntry.objects.filter(entity_id=row.public_id).order_by("sequence"):
        content = entry.content
        for name in ("sequence", "entityId", "entityName", "actor", "userId", "apiKeyId", "requestId", "timestamp"):
            del content[name]
        for part in ("before", "after", "changes"):
            (content[part] or {}).pop("name", None)
        found.append(content)
    return found


def test_saving_an_unchanged_form_writes_nothing(person, tenant, cards):
    browser = visit(person(Role.EDITOR))
    before = entries(tenant)
    page = browser.get(address(Category, "change", cards.pk))
    assert browser.post(address(Category, "change", cards.pk), filled(page)).status_code == 302
    cards.refresh_from_db()
    assert (cards.version, entries(tenant)) == (1, before)


def test_a_stale_form_says_so_and_changes_nothing(person, tenant, admin, cards):
    browser = visit(person(Role.EDITOR))
    page = browser.get(address(Category, "change", cards.pk))
    admin("PATCH", f"categories/{cards.public_id}", {"ordinal": 7})
    before = entries(tenant)
    response = browser.post(address(Category, "change", cards.pk), filled(page, name="Mine"))
    assert "Somebody else saved version 2 meanwhile" in faults(response)["__all__"][0]
    said = response.content.decode()
    for where in (
        f"{address(Category, 'history', cards.pk)}?left=1&amp;right=2",
        address(Category, "change", cards.pk),
    ):
        assert f'href="{where}" target="_blank"' in said
    changed = browser.get(address(Category, "history", cards.pk), {"left": 1, "right": 2})
    assert "Version 1 beside version 2" in changed.content.decode()
    cards.refresh_from_db()
    assert (cards.name, cards.version, entries(tenant)) == ("Cards", 2, before)


def test_a_taken_name_is_a_fault_of_the_field(person, tenant, cards):
    browser = visit(person(Role.EDITOR))
    before = entries(tenant)
    response = browser.post(address(Category, "add"), filled(browser.get(address(Category, "add")), name="Cards"))
    assert faults(response) == {"name": ["A category with that name already exists."]}
    assert (Category.objects.count(), entries(tenant)) == (1, before)


def test_all_faults_are_shown_together(person, admin):
    channel, other = admin.make("channels", name="Email"), admin.make("channels", name="Push")
    admin.make("placements", name="Hero", channelId=channel["id"])
    admin.make("offers", name="Gold")
    browser = visit(person(Role.EDITOR))
    sent = filled(
        browser.get(address(Creative, "add")),
        name="X",
        offer=Offer.objects.get().pk,
        channel=Channel.id_kind.decode(other["id"]),
        placement=Placement.objects.get().pk,
        weight=101,
        content='{"a": NaN}',
        constraints='{"cooldownHours": -1}',
    )
    found = faults(browser.post(address(Creative, "add"), sent))
    assert set(found) == {"placement", "weight", "content", "constraints.cooldownHours"}
    assert found["content"] == ["NaN is not JSON; send a number or null."]
    assert not Creative.everything.exists()


def test_only_an_admin_makes_an_offer_mandatory(person, admin):
    admin.make("offers", name="Gold")
    browser = visit(person(Role.EDITOR))
    row = Offer.objects.get()
    page = browser.get(address(Offer, "change", row.pk))
    response = browser.post(address(Offer, "change", row.pk), filled(page, mandatory="on", mandatory_reason="Law"))
    assert faults(response)["__all__"] == ["Only the role admin may make an offer mandatory."]
    row.refresh_from_db()
    assert not row.mandatory


# -- deleting and restoring ------------------------------------------------------------------------------------------


@pytest.fixture
def furnished(admin):
    """A channel with two placements."""
    channel = admin.make("channels", name="Email")
    for name in ("Hero", "Footer"):
        admin.make("placements", name=name, channelId=channel["id"])
    return Channel.objects.get()


def test_deleting_names_what_goes_along_and_is_soft(person, furnished):
    browser = visit(person(Role.EDITOR))
    page = browser.get(address(Channel, "delete", furnished.pk))
    assert dict(page.context["model_count"]) == {"channel": 1, "placements": 2}
    assert browser.post(address(Channel, "delete", furnished.pk), {"post": "yes"}).status_code == 302
    assert (Channel.objects.count(), Placement.objects.count()) == (0, 0)
    assert (Channel.everything.count(), Placement.everything.count()) == (1, 2)
    shown = browser.get(address(Channel, "changelist"), {"deleted": "yes"}).context["cl"].result_list
    assert [row.name for row in shown] == ["Email"]
    assert not browser.get(address(Channel, "change", furnished.pk)).context["has_change_permission"]
    assert browser.post(address(Channel, "change", furnished.pk), {"name": "X"}).status_code == 403


def test_restoring_brings_everything_back_and_needs_an_admin(person, admin, furnished):
    admin("DELETE", f"channels/{furnished.public_id}")
    assert visit(person(Role.EDITOR)).post(address(Channel, "restore", furnished.pk)).status_code == 403
    browser = visit(person(Role.ADMIN))
    page = browser.get(address(Channel, "restore", furnished.pk))
    assert page.context["companions"] == ["placement Hero", "placement Footer"]
    assert Channel.objects.count() == 0
    browser.post(address(Channel, "restore", furnished.pk))
    assert (Channel.objects.count(), Placement.objects.count()) == (1, 2)


def test_a_name_taken_meanwhile_prevents_restoring_and_is_said(person, tenant, admin, furnished):
    admin("DELETE", f"channels/{furnished.public_id}")
    admin.make("channels", name="Email")
    browser, before = visit(person(Role.ADMIN)), None
    before = entries(tenant)
    response = browser.post(address(Channel, "restore", furnished.pk))
    assert said(response) == ["Nothing was changed: A channel with that name already exists."]
    action = {"action": "restore_selected", "_selected_action": furnished.pk}
    response = browser.post(address(Channel, "changelist") + "?deleted=yes", action)
    assert "A channel with that name already exists." in said(response)[-1]
    assert (Channel.objects.count(), entries(tenant)) == (1, before)


def test_a_row_does_not_come_back_before_its_owner(person, admin, furnished):
    admin("DELETE", f"channels/{furnished.public_id}")
    hero = Placement.everything.get(name="Hero")
    response = visit(person(Role.ADMIN)).post(address(Placement, "restore", hero.pk))
    assert said(response)[0].endswith("restore that first.")
    assert not Placement.objects.exists()


# -- several at once -------------------------------------------------------------------------------------------------


def test_bulk_actions_go_through_the_verbs_all_or_none(person, tenant, admin, furnished):
    admin.make("channels", name="Push", status="active")
    browser, keys = visit(person(Role.ADMIN)), list(Channel.objects.values_list("pk", flat=True))
    url = address(Channel, "changelist")
    browser.post(url, {"action": "activate_selected", "_selected_action": keys})
    assert dict(Channel.objects.values_list("name", "status")) == {"Email": "active", "Push": "active"}
    assert entries(tenant)[-1] == ("update", "Email")  # Push was active already
    browser.post(url, {"action": "pause_selected", "_selected_action": keys})
    assert set(Channel.objects.values_list("status", flat=True)) == {"paused"}
    asked = browser.post(url, {"action": "delete_selected", "_selected_action": keys})
    assert dict(asked.context["model_count"]) == {"channels": 2, "placements": 2}
    browser.post(url, {"action": "delete_selected", "_selected_action": keys, "post": "yes"})
    assert (Channel.objects.count(), Placement.objects.count()) == (0, 0)
    browser.post(url + "?deleted=yes", {"action": "restore_selected", "_selected_action": keys})
    assert (Channel.objects.count(), Placement.objects.count()) == (2, 2)
    assert {row.version for row in Channel.objects.all()} == {5, 4}


def test_a_row_that_cannot_be_activated_leaves_the_others_as_they_were(person, tenant, admin):
    for name, config in (("Good", {"cooldownHours": 3}), ("Unfinished", {})):
        body = {"ruleType": "cooldown", "config": config, "status": "draft", "scope": "global"}
        admin.make("contact-policies", name=name, **body)
    keys, before = list(ContactPolicy.objects.values_list("pk", flat=True)), entries(tenant)
    action = {"action": "activate_selected", "_selected_action": keys}
    response = visit(person(Role.ADMIN)).post(address(ContactPolicy, "changelist"), action)
    assert said(response)[0].startswith('Nothing was changed, because of "Unfinished": config.cooldownHours:')
    assert set(ContactPolicy.objects.values_list("status", flat=True)) == {"draft"}
    assert entries(tenant)[: len(before)] == before and len(entries(tenant)) == len(before) + 1  # the membership


def test_what_belongs_to_the_system_is_not_deleted_in_bulk(person, tenant):
    browser, before = visit(person(Role.ADMIN)), entries(tenant)
    keys = list(OutcomeType.objects.values_list("pk", flat=True))
    action = {"action": "delete_selected", "_selected_action": keys, "post": "yes"}
    response = browser.post(address(OutcomeType, "changelist"), action)
    assert "outcome of the system" in said(response)[-1]
    assert (OutcomeType.objects.count(), entries(tenant)) == (len(keys), before)


def test_deleting_a_key_does_not_promise_its_return(person, admin):
    browser, key = visit(person(Role.ADMIN)), ApiKey.objects.get()
    asked = browser.get(address(ApiKey, "delete", key.pk))
    action = {"action": "delete_selected", "_selected_action": key.pk}
    asked_in_bulk = browser.post(address(ApiKey, "changelist"), action)
    for page in (asked, asked_in_bulk):
        assert "It cannot be undone." in page.content.decode()


# -- history ---------------------------------------------------------------------------------------------------------


def test_history_shows_who_did_what_and_goes_back(person, tenant, admin, cards):
    admin("PATCH", f"categories/{cards.public_id}", {"name": "Plastic", "ordinal": 3})
    browser = visit(person(Role.EDITOR))
    versions = browser.get(address(Category, "history", cards.pk)).context["versions"]
    assert [(it["version"], it["action"], it["changedBy"]) for it in versions] == [
        (2, "update", "key admin key"),
        (1, "create", "key admin key"),
    ]
    assert versions[0]["differences"] == [Line("Name", "Cards", "Plastic"), Line("Ordinal", "0", "3")]
    response = browser.post(address(Category, "revert", cards.pk), {"version": "1", "rowVersion": "2"})
    assert said(response) == ['"Plastic" is as it was in version 1.']
    cards.refresh_from_db()
    assert (cards.name, cards.ordinal, cards.version) == ("Cards", 0, 3)
    assert entries(tenant)[-1] == ("revert", "Cards")
    assert browser.get(address(Category, "revert", cards.pk)).status_code == 405
    for body in ({"version": "9"}, {"version": "x"}, {"version": "1", "rowVersion": "2"}):
        assert said(browser.post(address(Category, "revert", cards.pk), body))[-1].startswith("Nothing was changed")
    cards.refresh_from_db()
    assert cards.version == 3


# -- keys, people, tenants -------------------------------------------------------------------------------------------


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


def test_a_superuser_makes_a_tenant_and_works_in_it(tenant):
    browser = visit(User.objects.create_superuser("root", password="x"))
    sent = {"key": "third", "name": "Third", "timezone": "Europe/Vienna"}
    response = browser.post(address(Tenant, "add"), sent)
    assert response.status_code == 302
    made = Tenant.objects.get(key="third")
    assert verify(made).intact and entries(made)[0] == ("create", "Third")
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


def test_every_page_says_instants_in_the_tenants_zone(person, tenant, admin, cards):
    """23:30 in UTC is half past midnight of the next day in Berlin."""
    at = datetime(2026, 1, 31, 23, 30, tzinfo=UTC)
    Category.objects.filter(pk=cards.pk).update(deleted_at=at)
    Interaction.objects.create(tenant=tenant, customer_id="ada", at=at, outcome="impression", recorded_at=at)
    pages = (address(Interaction, "changelist"), address(Category, "change", cards.pk))
    browser = visit(person(Role.ADMIN))
    assert all("31 Jan 2026, 23:30" in browser.get(page).content.decode() for page in pages)
    Tenant.objects.filter(pk=tenant.pk).update(timezone="Europe/Berlin")
    assert all("1 Feb 2026, 00:30" in browser.get(page).content.decode() for page in pages)
    assert "1 Feb 2026, 00:30 CET" in browser.get(pages[1]).content.decode()


# -- cost ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("model", [Category, SubCategory, Offer, Channel, Placement, Creative])
def test_a_list_of_thirty_asks_as_often_as_a_list_of_one(model, person, actor, admin, furnished):
    offer = admin.make("offers", name="Gold")
    with writing(actor) as unit:
        save_resource(ChannelSerializer, unit, data={"name": "Other"})

    def add(number: int) -> None:
        channel = admin.make("channels", name=f"Channel {number}")
        category = admin.make("categories", name=f"Category {number}")
        admin.make("sub-categories", name="Part", categoryId=category["id"])
        admin.make("offers", name=f"Offer {number}", categoryId=category["id"])
        admin.make("placements", name=f"Place {number}", channelId=channel["id"])
        admin.make("creatives", name=f"Creative {number}", offerId=offer["id"], channelId=channel["id"])

    browser = visit(person(Role.ADMIN))
    add(0)
    counts = []
    for more in (1, 30):
        for number in range(more):
            add(100 * more + number)
        with CaptureQueriesContext(connection) as asked:
            browser.get(address(model, "changelist"))
        counts.append(len(asked))
    assert counts[0] == counts[1] <= 8


def test_a_key_cannot_be_guessed_at_by_filtering(person, tenant):
    with writing(operator(tenant, "test")) as unit:
        issue_key(unit, name="Till", role=Role.VIEWER)
    browser = visit(person(Role.ADMIN))
    url = address(ApiKey, "changelist")
    assert browser.get(url, {"role__exact": "viewer"}).status_code == 200
    for lookup in ("digest__startswith", "digest", "last_used_at__gt", "digest__regex"):
        assert browser.get(url, {lookup: "0"}).status_code == 400, lookup


@pytest.mark.parametrize("action", ["activate_selected", "pause_selected", "delete_selected", "restore_selected"])
def test_a_selection_that_is_no_key_selects_nothing(action, person, cards, tenant):
    browser, url = visit(person(Role.ADMIN)), address(Category, "changelist")
    before = entries(tenant)
    for key in ("x", "", "1.5", "-1", "9" * 30, "\u0663"):
        response = browser.post(url, {"action": action, "_selected_action": key, "post": "yes"})
        assert response.status_code == 302, key
    assert entries(tenant) == before


def test_the_names_of_interactions_are_the_tenants_own(person, tenant, foreign_tenant, stranger):
    secret = stranger.make("offers", name="Secret")["id"]
    what = {"customer_id": "A000100", "at": now(), "recorded_at": now(), "outcome": "impression"}
    Interaction.objects.create(tenant=tenant, offer_key=Offer.id_kind.decode(secret), **what)
    page = visit(person(Role.VIEWER)).get(address(Interaction, "changelist")).content.decode()
    assert "A000100" in page and "Secret" not in page
