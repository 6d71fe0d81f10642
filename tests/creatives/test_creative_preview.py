"""The preview beside the form: what a decision would render, of values nobody saved, for customers of the tenant."""

from __future__ import annotations

import html
import re
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from creatives.models import Channel, Creative, Offer, Placement
from kaireon.access import operator
from kaireon.tenancy import Role
from kaireon.writing import writing
from tests.conftest import catalogue_through
from tests.visitors import address, filled, visit
from tests.witness import executed, stored

NAME = {"variable": "first_name", "source": "customer.first_name", "fallback": "you"}
LIMIT = {"variable": "limit", "source": "personalization.limit", "fallback": "$5,000"}
CONTENT = {"subject": "Hi {first_name}", "body": "<p>Up to {limit}, {first_name} & co</p>"}
SAMPLES = reverse("admin:creatives_creative_samples")


@pytest.fixture
def browser(person) -> Client:
    return visit(person(Role.EDITOR))


@pytest.fixture
def row(admin, catalogue) -> Creative:
    admin("PATCH", f"creatives/{catalogue.creative}", {"content": CONTENT, "personalization": [NAME, LIMIT]})
    return Creative.objects.get()


def preview(browser: Client, key: Any, **sent: str) -> Any:
    """The preview of what is stored."""
    return browser.get(address(Creative, "preview", key), sent)


def document_in(page: Any) -> str:
    """What stands in the frame."""
    found = re.search(r'<iframe sandbox title="[^"]+" srcdoc="([^"]*)"></iframe>', page.content.decode())
    assert found, page.content
    return html.unescape(found[1])


# -- what is shown ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("sample", "subject", "body", "note"),
    [
        ({}, "Hi First name", "<p>Up to Limit, First name & co</p>", ""),
        ({"sample": "nonsense"}, "Hi First name", "<p>Up to Limit, First name & co</p>", ""),
        ({"sample": "fallbacks"}, "Hi you", "<p>Up to $5,000, you & co</p>", ""),
        (
            {"sample": "customer", "sample_customer": "c-1"},
            "Hi <Ada>",
            "<p>Up to $5,000, &lt;Ada&gt; & co</p>",
            "Only customer.* is known here; the other sources come with each request, so their fallbacks are shown.",
        ),
        (
            {"sample": "customer", "sample_customer": "c"},
            "Hi you",
            "<p>Up to $5,000, you & co</p>",
            "There is no customer “c”; the fallbacks are shown.",
        ),
        (
            {"sample": "customer"},
            "Hi First name",
            "<p>Up to Limit, First name & co</p>",
            "Choose a customer; until then example values are shown.",
        ),
    ],
)
def test_a_creative_is_looked_at_for_a_sample(sample, subject, body, note, browser, admin, row):
    admin("PUT", "customers/c-1", {"attributes": {"first_name": "<Ada>"}})
    page = preview(browser, row.pk, **sample)
    assert page.context["preview"].content == {"subject": subject, "body": body}
    assert page.context["sample"].note == note
    assert body in document_in(page)


def test_a_preview_is_what_a_recommendation_answers(browser, admin, catalogue, row):
    admin("PATCH", f"offers/{catalogue.offer}", {"status": "active"})
    admin("PUT", "customers/c-1", {"attributes": {"first_name": "<Ada>"}})
    _, answer = admin("POST", "recommend", {"customerId": "c-1"})
    page = preview(browser, row.pk, sample="customer", sample_customer="c-1")
    assert [it["content"] for it in answer["decisions"]] == [page.context["preview"].content]


def test_the_preview_follows_what_is_typed_and_stores_nothing(browser, row):
    page = browser.get(address(Creative, "change", row.pk))
    sent = filled(page, content__subject="Dear {first_name} {new}", name="Draft", weight=20)
    before = stored()
    with executed() as statements:
        shown = browser.post(address(Creative, "preview", row.pk), sent | {"sample": "fallbacks"})
    assert not [it for it in statements if it.startswith(("INSERT", "UPDATE", "DELETE"))]
    assert stored() == before
    assert shown.context["preview"].outside == [("Subject", "Dear you {new}"), ("Preheader", "")]
    assert shown.context["preview"].warnings == [
        "The token {new} has no mapping in personalization and will stay visible."
    ]
    assert shown.context["tokens"] == {"first_name": "in Subject, Body", "new": "in Subject", "limit": "in Body"}
    assert [(it.name, it.weight, it.own) for it in shown.context["variants"]] == [("Draft", 20, True)]


def test_a_half_written_creative_is_shown_as_far_as_it_goes(browser, catalogue):
    page = browser.get(address(Creative, "add"))
    sent = filled(page, name="", content__body="B {x}", content="{oops", weight="many", offer="x", channel="999")
    sent |= {"personalization-0-variable": "", "personalization-0-source": "customer.x"}
    shown = browser.post(address(Creative, "preview", "add"), sent)
    assert shown.status_code == 200
    assert shown.context["preview"].values["body"] == "B {x}"
    assert shown.context["preview"].warnings[0].startswith("The JSON of the content cannot be read")
    assert shown.context["variants"] == []
    assert browser.get(address(Creative, "preview", "add")).status_code == 200


def test_an_sms_is_counted_with_its_values_filled_in(browser, catalogue):
    page = browser.get(address(Creative, "add"), {"template_type": "sms_text"})
    sent = filled(page, content__body="{x}" + "y" * 150) | {"personalization-0-variable": "x"}
    short, long = (
        browser.post(
            address(Creative, "preview", "add"), sent | {"personalization-0-fallback": text, "sample": "fallbacks"}
        )
        for text in ("ten chars.", "twelve chars")
    )
    assert (short.context["preview"].messages.segments, long.context["preview"].messages.segments) == (1, 2)
    assert "<strong>2 SMS</strong> · 162 characters · GSM-7" in long.content.decode()


# -- the rotation ----------------------------------------------------------------------------------------------------


def test_shares_are_those_of_the_active_variants_on_the_same_place(browser, admin, catalogue, row):
    place = {"offerId": catalogue.offer, "channelId": catalogue.channel, "placementId": catalogue.placement}
    admin.make("creatives", name="Twin", status="active", weight=60, **place)
    admin.make("creatives", name="Never", status="active", weight=0, **place)
    admin.make("creatives", name="Draft", weight=60, **place)
    admin.make("creatives", name="Anywhere", status="active", weight=60, **(place | {"placementId": None}))
    sent = filled(browser.get(address(Creative, "change", row.pk)), weight=20)
    shown = browser.post(address(Creative, "preview", row.pk), sent).context["variants"]
    assert [(it.name, it.weight, it.share, it.own) for it in shown] == [
        ("Email Hero", 20, 25.0, True),
        ("Twin", 60, 75.0, False),
        ("Never", 0, 0.0, False),
    ]


def test_many_variants_are_added_up(browser, admin, catalogue, row):
    place = {"offerId": catalogue.offer, "channelId": catalogue.channel, "placementId": catalogue.placement}
    for number in range(10):
        admin.make("creatives", name=f"V{number}", status="active", weight=10 + number, **place)
    shown = preview(browser, row.pk).context["variants"]
    assert [it.name for it in shown] == ["Email Hero", *(f"V{number}" for number in range(9, 1, -1)), "2 others"]
    assert (shown[-1].key, shown[-1].weight, sum(it.weight for it in shown)) == (None, 21, 245)


# -- nothing runs ----------------------------------------------------------------------------------------------------

ATTACK = """"></iframe><script>parent.hacked=1</script><img src=x onerror="parent.hacked=1">"""


@pytest.mark.parametrize(
    "template_type", ["email_html", "push_notification", "sms_text", "banner", "webhook_json", "smoke signal"]
)
def test_content_reaches_the_page_in_the_sandbox_or_escaped_only(template_type, browser, catalogue):
    page = browser.get(address(Creative, "add"), {"template_type": template_type})
    names = [name for name in page.context["adminform"].form.fields if name.startswith("content.")]
    sent = filled(page, name=ATTACK) | dict.fromkeys(names, ATTACK) | {"sample_customer": ATTACK, "sample": "customer"}
    sent |= {"personalization-0-variable": ATTACK, "personalization-0-source": ATTACK}
    shown = browser.post(address(Creative, "preview", "add"), sent)
    document = document_in(shown)
    around = shown.content.decode().replace(html.escape(document), "")
    assert "<script>" not in around and "<img" not in around
    policy = "default-src &#x27;none&#x27;; img-src data: https:; style-src &#x27;unsafe-inline&#x27;"
    assert f'http-equiv="Content-Security-Policy" content="{html.unescape(policy)}"' in document
    assert document.index("Content-Security-Policy") < document.index("<body>")


# -- whose it is -----------------------------------------------------------------------------------------------------


def test_a_viewer_looks_at_what_is_stored_only(person, row):
    viewer = visit(person(Role.VIEWER))
    assert preview(viewer, row.pk).context["preview"].values["subject"] == "Hi First name"
    assert viewer.post(address(Creative, "preview", row.pk), {"content.subject": "Mine"}).status_code == 403
    assert viewer.post(address(Creative, "preview", "add"), {"content.subject": "Mine"}).status_code == 403
    assert viewer.get(address(Creative, "preview", "add")).status_code == 403


def test_outsiders_see_nothing(row, catalogue):
    for url in (address(Creative, "preview", row.pk), address(Creative, "preview", "add"), SAMPLES):
        response = Client().get(url)
        assert (response.status_code, "/admin/login/" in response.url) == (302, True)


def test_another_tenants_creatives_customers_and_variants_do_not_exist(browser, row, stranger, catalogue):
    theirs = catalogue_through(stranger)
    stranger("PUT", "customers/c-secret", {"attributes": {"first_name": "Secret"}})
    keys = {name: kind.id_kind.decode(getattr(theirs, name)) for name, kind in KINDS.items()}
    for method in (browser.get, browser.post):
        for key in (keys["creative"], 10**12, "x", "9" * 40):
            assert method(address(Creative, "preview", key)).status_code == 404, key
    page = preview(browser, row.pk, sample="customer", sample_customer="c-secret")
    assert page.context["sample"].note == "There is no customer “c-secret”; the fallbacks are shown."
    assert "Secret" not in page.content.decode()
    assert browser.get(SAMPLES, {"q": "c-"}).json() == {"customers": []}
    places = {name: keys[name] for name in ("offer", "channel", "placement")}
    sent = filled(browser.get(address(Creative, "add"))) | places
    assert browser.post(address(Creative, "preview", "add"), sent).context["variants"] == []


KINDS = {"creative": Creative, "offer": Offer, "channel": Channel, "placement": Placement}


def test_customers_are_suggested_by_the_beginning_of_their_ids(browser, admin, tenant):
    for number in range(25):
        admin("PUT", f"customers/ab{number:02}", {})
    admin("PUT", "customers/b", {})
    assert browser.get(SAMPLES, {"q": "ab2"}).json() == {"customers": [f"ab2{number}" for number in range(5)]}
    assert len(browser.get(SAMPLES).json()["customers"]) == 20
    assert browser.get(SAMPLES, {"q": "a\0"}).status_code == 404
    with executed() as statements:
        browser.get(SAMPLES, {"q": "ab"})
    assert [it for it in statements if "decisioning_customer" in it and "LIMIT 20" in it] != []


# -- choosing --------------------------------------------------------------------------------------------------------


def test_placements_are_offered_for_the_channel_that_was_chosen(browser, admin, catalogue):
    push = admin.make("channels", name="Push")["id"]
    admin.make("placements", name="Lock screen", channelId=push)
    query = {"app_label": "creatives", "model_name": "creative", "field_name": "placement"}

    def offered(**more: Any) -> list[str]:
        found = browser.get(reverse("admin:autocomplete"), query | more).json()["results"]
        return sorted(it["text"] for it in found)

    assert offered() == ["Hero", "Lock screen"]
    assert offered(of_channel=Channel.id_kind.decode(push)) == ["Lock screen"]
    assert offered(of_channel=Channel.id_kind.decode(push), term="Hero") == []
    assert offered(of_channel="nonsense") == ["Hero", "Lock screen"]


FILTERS = ["offer__id__exact", "channel__id__exact", "placement__id__exact"]


def test_the_list_is_filtered_by_what_a_creative_refers_to(browser, admin, catalogue, row):
    other = admin.make("offers", name="Gold")["id"]
    own = {"offerId": other, "channelId": catalogue.channel, "templateType": "smoke signal"}
    made = admin.make("creatives", name="Own type", **own)
    url = address(Creative, "changelist")

    def listed(**query: Any) -> list[str]:
        return [it.name for it in browser.get(url, query).context["cl"].result_list]

    assert listed(offer__id__exact=Offer.id_kind.decode(other)) == ["Own type"]
    assert listed(placement__id__exact=row.placement_id) == ["Email Hero"]
    assert listed(channel__id__exact=row.channel_id) == ["Own type", "Email Hero"]
    assert listed(template_type="email_html") == ["Email Hero"]
    assert listed(template_type="smoke signal") == ["Own type"]
    assert listed(q="own") == ["Own type"]
    for wrong in ("x", "9" * 40):
        assert listed(offer__id__exact=wrong) == []
    admin("DELETE", f"creatives/{made['id']}")
    assert listed(template_type="smoke signal") == []


@pytest.mark.parametrize("parameter", FILTERS)
def test_a_filter_does_not_tell_another_tenants_names(parameter, browser, row, stranger):
    theirs = catalogue_through(stranger)
    name = parameter.partition("__")[0]
    model = KINDS[name]
    secret = model.everything.get(pk=model.id_kind.decode(getattr(theirs, name)))
    with writing(operator(secret.tenant, "test")) as unit:
        unit.change(secret, values={"name": "Secret"})
    page = browser.get(address(Creative, "changelist"), {parameter: secret.pk})
    assert list(page.context["cl"].result_list) == []
    assert "Secret" not in page.content.decode()
