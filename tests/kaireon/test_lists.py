"""What lists and pages say (how much was found, names in place of keys, why somebody is refused), and what it costs."""

from __future__ import annotations

import re
from datetime import UTC, datetime

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from creatives.models import Category, Channel, Creative, Offer, Placement, SubCategory
from creatives.serializers import ChannelSerializer
from decisioning.models import Interaction
from kaireon.access import ApiKey
from kaireon.api.serializers import save_resource
from kaireon.audit import AuditEntry
from kaireon.clock import now
from kaireon.tenancy import Role, Tenant
from kaireon.writing import writing
from tests.visitors import address, visit


@pytest.fixture
def browser(person) -> Client:
    return visit(person(Role.ADMIN))


def test_the_head_of_a_list_counts_only_where_it_is_narrowed(browser, admin):
    admin.make("offers", name="Gold")
    admin.make("offers", name="Silver", status="active")
    admin("DELETE", f"offers/{admin.make('offers', name='Gone')['id']}")

    def head(**asked: str) -> str:
        return browser.get(address(Offer, "changelist"), asked).content.decode().split("<h1")[1].split("</h1>")[0]

    for whole in ({}, {"deleted": "yes"}, {"o": "1"}):
        assert "Show all" not in head(**whole), whole
    for narrowed in ({"q": "gold"}, {"status__exact": "active"}):
        assert "1 result" in head(**narrowed) and "Show all" in head(**narrowed), narrowed


def test_an_empty_list_says_whether_there_is_nothing_or_only_nothing_that_matches(browser, person, admin):
    def says(visitor: Client, **asked: str) -> str:
        page = visitor.get(address(Offer, "changelist"), asked).content.decode()
        return " ".join(re.sub("<[^>]*>", " ", page.split('class="nothing-here">')[1].split("</div>")[0]).split())

    assert says(browser) == "No offers yet Add offer"
    assert says(visit(person(Role.VIEWER))) == "No offers yet They are listed here once there are some."
    admin.make("offers", name="Gold")
    nothing = "Nothing matches No offers fit the search and the filters. Show all of them"
    assert says(browser, q="silver") == says(browser, deleted="yes") == nothing


def test_whoever_may_not_write_reads_the_same_labels(browser, admin, person):
    admin.make("offers", name="Gold")
    url = address(Offer, "change", Offer.objects.get().pk)
    for page in (browser.get(url), visit(person(Role.VIEWER)).get(url)):
        shown = page.content.decode()
        assert "Short description" in shown and "Mandatory until" in shown and "Short desc<" not in shown


def test_what_is_true_of_few_rows_is_said_of_those_alone(browser, admin):
    admin.make("offers", name="Gold")
    terms = {"mandatoryReason": "Law", "mandatoryExpiresAt": "2999-01-01T00:00:00Z"}
    admin.make("offers", name="Terms", mandatory=True, **terms)
    page = browser.get(address(Offer, "changelist")).content.decode()
    cells = re.findall(r"field-goes_first.*?</td>", page, re.DOTALL)
    assert ["mandatory" in re.sub(r"<[^>]*>", "", cell).lower().split() for cell in cells] == [True, False]


def test_an_interaction_is_told_in_names(browser, admin, tenant, catalogue, stranger):
    creative = Creative.objects.get()
    foreign = stranger.make("channels", name="Secret channel")["id"]
    row = Interaction.objects.create(
        tenant=tenant,
        customer_id="ada",
        at=now(),
        recorded_at=now(),
        outcome="hard_bounce",
        offer_key=creative.offer_id,
        creative_key=creative.pk,
        channel_key=type(creative.channel).id_kind.decode(foreign),
        cost_micros=45_000,
        decision_key=7,
        rank=1,
        void=True,
    )
    page = browser.get(address(Interaction, "change", row.pk)).content.decode()
    for told in ("Hard bounce", str(creative.offer), creative.name, "0.045", "rank 1", "no: it was never presented"):
        assert told in page, told
    assert "Secret channel" not in page and "Offer key" not in page and "History" not in page


def test_a_refusal_is_a_page_that_says_why_and_leads_back(person, db):
    viewer = visit(person(Role.VIEWER))
    for url, status, said in (
        (address(ApiKey, "changelist"), 403, "This is not for your role"),
        ("/nowhere/", 404, "There is nothing here"),
    ):
        answer = viewer.get(url)
        assert answer.status_code == status
        assert said in answer.content.decode() and reverse("admin:index") in answer.content.decode()
    assert viewer.get("/api/v1/nowhere").json()["error"]["code"] == "NOT_FOUND"


def test_an_address_with_a_character_no_database_keeps_leads_nowhere(browser, admin):
    admin.make("offers", name="Gold")
    asked = [
        *((address(Offer, "changelist"), name) for name in ("q", "status__exact", "category__id__exact", "o")),
        *((address(AuditEntry, "changelist"), name) for name in ("entity_type", "action")),
        (reverse("admin:why_not"), "customer"),
        (reverse("admin:search"), "s"),
        (reverse("admin:autocomplete"), "term"),
    ]
    for url, name in asked:
        assert browser.get(url, {name: "a\0b"}).status_code == 404, (url, name)


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
