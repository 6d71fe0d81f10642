"""Forms write what the API writes, and say what is wrong beside the field."""

from __future__ import annotations

from creatives.models import Category, Channel, Creative, Offer, Placement
from kaireon.audit import verify
from kaireon.tenancy import Role
from tests.visitors import address, audited, faults, filled, left, said, visit
from tests.witness import deeds


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


def test_saving_an_unchanged_form_writes_nothing(person, tenant, cards):
    browser = visit(person(Role.EDITOR))
    before = deeds(tenant)
    page = browser.get(address(Category, "change", cards.pk))
    assert browser.post(address(Category, "change", cards.pk), filled(page)).status_code == 302
    cards.refresh_from_db()
    assert (cards.version, deeds(tenant)) == (1, before)


def test_a_stale_form_says_so_and_changes_nothing(person, tenant, admin, cards):
    browser = visit(person(Role.EDITOR))
    page = browser.get(address(Category, "change", cards.pk))
    admin("PATCH", f"categories/{cards.public_id}", {"ordinal": 7})
    before = deeds(tenant)
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
    assert (cards.name, cards.version, deeds(tenant)) == ("Cards", 2, before)


def test_a_taken_name_is_a_fault_of_the_field(person, tenant, cards):
    browser = visit(person(Role.EDITOR))
    before = deeds(tenant)
    response = browser.post(address(Category, "add"), filled(browser.get(address(Category, "add")), name="Cards"))
    assert faults(response) == {"name": ["A category with that name already exists."]}
    assert (Category.objects.count(), deeds(tenant)) == (1, before)


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
