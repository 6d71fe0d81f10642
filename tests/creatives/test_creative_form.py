"""The creative's form: fields of its template type, tokens in rows, typed limits; and nothing is lost or invented."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from creatives.models import Channel, Creative, Offer, Placement
from creatives.template_types import TEMPLATE_TYPES
from creatives.tokens import token_warnings
from kaireon.tenancy import Role
from tests.visitors import address, audited, faults, filled, left, said, visit
from tests.witness import stored

CONTENT = {
    "subject": "Hi {first_name}",
    "headline": "  kept as typed ",
    "body": "<p>one</p>\n<p>{limit}</p>",
    "ctaUrl": "https://example.com/?a=1",
    "blocks": [{"text": "{limit}"}, 1.5, None],
    "preheader": None,
}
MAPPINGS = [
    {"variable": "first_name", "source": "customer.first_name", "fallback": "you", "note": "the client's own"},
    {"variable": "limit", "source": "personalization.limit", "fallback": 5000},
]
CONSTRAINTS = {"frequencyCapPerDay": 3, "cooldownHours": 24.0, "priorityOverride": 0, "region": ["EU"]}


@pytest.fixture
def browser(person) -> Client:
    return visit(person(Role.EDITOR))


@pytest.fixture
def references(catalogue) -> dict[str, str]:
    """What a creative of the catalogue refers to, in the API's names."""
    return {"offerId": catalogue.offer, "channelId": catalogue.channel, "placementId": catalogue.placement}


@pytest.fixture
def chosen(catalogue) -> dict[str, int]:
    """The same as the form sends it."""
    return {
        "offer": Offer.objects.get().pk,
        "channel": Channel.objects.get().pk,
        "placement": Placement.objects.get().pk,
    }


def row_of(public_id: str) -> Creative:
    return Creative.objects.get(pk=Creative.id_kind.decode(public_id))


def shown(page: Any) -> dict[str, Any]:
    """What the fields of the content, the limits and the tokens show."""
    form = page.context["adminform"].form
    names = [name for name in form.fields if name.startswith(("content", "constraints"))]
    return {name: form[name].value() for name in names} | {"tokens": form["personalization"].value()}


def switched(browser: Client, url: str, sent: dict[str, Any], slug: str) -> Any:
    """The page as it answers when another template type is chosen."""
    page = browser.post(url, sent | {"template_type": slug, "_fields": "1"})
    assert page.status_code == 200
    assert page.context["adminform"].form.errors == {}
    return page


# -- one room --------------------------------------------------------------------------------------------------------


def test_form_and_api_leave_equal_rows_history_and_audit(browser, admin, references, chosen):
    body = {
        "content": {"subject": "Hi {first_name}", "body": "<p>{limit}</p>\n", "deepLink": "app://x"},
        "personalization": [{"variable": "first_name", "source": "customer.first_name", "fallback": "you"}],
        "constraints": {"cooldownHours": 24, "region": "EU"},
        "weight": 40,
        "status": "active",
    }
    made = admin.make("creatives", name="By API", **references, **body)
    edits = {"content": {"subject": "Hello", "deepLink": "app://x"}, "constraints": {"region": "EU"}, "weight": 0}
    _, edited = admin("PATCH", f"creatives/{made['id']}", edits)

    fields = {
        "content.subject": "Hi {first_name}",
        "content.body": "<p>{limit}</p>\r\n",
        "constraints.cooldownHours": 24,
    }
    tokens = dict(zip(("variable", "source", "fallback"), body["personalization"][0].values(), strict=True))
    sent = filled(browser.get(address(Creative, "add")), name="By hand", status="active", weight=40, **chosen)
    sent |= fields | {f"personalization-0-{part}": text for part, text in tokens.items()}
    sent |= {"content": '{"deepLink": "app://x"}', "constraints": '{"region": "EU"}'}
    response = browser.post(address(Creative, "add"), sent)
    assert response.status_code == 302, faults(response)
    assert said(response)[: len(made["warnings"])] == made["warnings"] != []
    by_hand = Creative.objects.get(name="By hand")
    url = address(Creative, "change", by_hand.pk)
    sent = filled(browser.get(url), content__subject="Hello", content__body="", constraints__cooldownHours="", weight=0)
    response = browser.post(url, sent)
    assert response.status_code == 302, faults(response)
    assert said(response)[-1 - len(edited["warnings"]) : -1] == edited["warnings"] != []

    by_api = row_of(made["id"])
    assert left(by_hand) == left(by_api)
    assert audited(by_hand) == audited(by_api)


@pytest.mark.parametrize("template_type", [*(known.slug for known in TEMPLATE_TYPES), "smoke signal"])
def test_what_was_not_touched_stays_exactly_as_it_was(template_type, browser, admin, references):
    row = row_of(
        admin.make(
            "creatives",
            name="Rich",
            templateType=template_type,
            content=CONTENT,
            personalization=MAPPINGS,
            constraints=CONSTRAINTS,
            **references,
        )["id"]
    )
    url = address(Creative, "change", row.pk)
    before = stored()
    assert browser.post(url, filled(browser.get(url))).status_code == 302
    assert stored() == before
    assert browser.post(url, filled(browser.get(url), weight=7)).status_code == 302
    row.refresh_from_db()
    assert (row.content, row.personalization, row.constraints) == (CONTENT, MAPPINGS, CONSTRAINTS)
    assert json.dumps(row.constraints["cooldownHours"]) == "24.0"
    assert (row.template_type, row.weight, row.version) == (template_type, 7, 2)


def test_fields_show_what_they_can_and_the_rest_is_json(browser, admin, references):
    row = row_of(admin.make("creatives", name="R", content=CONTENT, constraints=CONSTRAINTS, **references)["id"])
    page = browser.get(address(Creative, "change", row.pk))
    values = shown(page)
    assert values["content.subject"] == "Hi {first_name}"
    assert values["content.preheader"] is None
    assert json.loads(values["content"]) == {"blocks": CONTENT["blocks"], "preheader": None}
    assert (values["constraints.priorityOverride"], values["constraints.cooldownHours"]) == (0, 24.0)
    assert json.loads(values["constraints"]) == {"region": ["EU"]}


def test_a_key_written_in_two_places_is_refused_and_one_pasted_as_json_is_taken(browser, chosen):
    page = browser.get(address(Creative, "add"))
    pasted = filled(page, name="Pasted", content='{"subject": "S", "body": "B"}', **chosen)
    before = stored()
    twice = browser.post(address(Creative, "add"), pasted | {"content.subject": "other"})
    message = "subject has a field of its own; write it there or here, not in both."
    assert faults(twice) == {"content": [message]}
    assert stored() == before
    assert browser.post(address(Creative, "add"), pasted).status_code == 302
    assert Creative.objects.get(name="Pasted").content == {"subject": "S", "body": "B"}


@pytest.mark.parametrize(
    ("field", "typed", "message"),
    [
        ("constraints.cooldownHours", "-1", "-1 is not a whole number of at least 0; send one."),
        ("constraints.priorityOverride", "101", "101 is not a whole number from 0 to 100; send one."),
        ("constraints.frequencyCapPerDay", "many", "Enter a whole number."),
        ("template_type", "", "This field is required."),
        ("content", "[1]", "[1] is not an object; send {...}."),
    ],
)
def test_faults_stand_at_their_fields(field, typed, message, browser, chosen):
    sent = filled(browser.get(address(Creative, "add")), name="Faulty", **chosen) | {field: typed}
    before = stored()
    assert faults(browser.post(address(Creative, "add"), sent)) == {field: [message]}
    assert stored() == before


# -- tokens ----------------------------------------------------------------------------------------------------------


def test_tokens_without_a_mapping_are_offered_as_rows_and_blank_ones_are_not_stored(browser, admin, references):
    row = row_of(admin.make("creatives", name="T", content=CONTENT, personalization=[MAPPINGS[0]], **references)["id"])
    url = address(Creative, "change", row.pk)
    page = browser.get(url)
    text = page.content.decode()
    assert 'value="limit" data-variable' in text
    assert "in Body, blocks" in text
    offered = {"personalization-1-variable": "limit", "personalization-1-source": "", "personalization-1-fallback": ""}
    assert browser.post(url, filled(page) | offered).status_code == 302
    row.refresh_from_db()
    assert (row.personalization, row.version) == ([MAPPINGS[0]], 1)
    mapped = offered | {"personalization-1-fallback": "$5,000"}
    assert browser.post(url, filled(page) | mapped).status_code == 302
    row.refresh_from_db()
    assert row.personalization == [MAPPINGS[0], {"variable": "limit", "fallback": "$5,000"}]


def test_rows_are_edited_removed_and_refused_one_by_one(browser, admin, references):
    row = row_of(admin.make("creatives", name="T", content=CONTENT, personalization=MAPPINGS, **references)["id"])
    url = address(Creative, "change", row.pk)
    sent = filled(browser.get(url)) | {"personalization-0-variable": "", "personalization-1-fallback": "much"}
    before = stored()
    response = browser.post(url, sent)
    assert faults(response) == {"personalization": ["Correct the marked tokens."]}
    assert response.content.decode().count("Name the token: variable is a non-empty text.") == 1
    assert stored() == before
    removed = {key: value for key, value in sent.items() if not key.startswith("personalization-0")}
    assert browser.post(url, removed).status_code == 302
    row.refresh_from_db()
    assert row.personalization == [MAPPINGS[1] | {"fallback": "much"}]
    assert browser.post(url, {k: v for k, v in removed.items() if "personalization" not in k} | {"rowVersion": 2})
    row.refresh_from_db()
    assert row.personalization == []


def test_the_page_warns_as_the_api_does(browser, admin, references):
    mappings = [{"variable": "first_name", "source": "nowhere"}, {"variable": "age", "fallback": "?"}]
    made = admin.make("creatives", name="W", content=CONTENT, personalization=mappings, **references)
    page = browser.get(address(Creative, "change", row_of(made["id"]).pk))
    assert page.context["preview"].warnings == made["warnings"] == token_warnings(CONTENT, mappings)
    assert len(made["warnings"]) == 4


# -- template types --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("known", TEMPLATE_TYPES, ids=lambda known: known.slug)
def test_every_type_has_its_fields(known, browser, catalogue):
    values = shown(browser.get(address(Creative, "add"), {"template_type": known.slug}))
    own = [f"content.{field.key}" for field in known.fields]
    assert [name for name in values if name.startswith("content.")] == own


def test_choosing_another_type_loses_nothing_and_stores_nothing(browser, admin, references):
    row = row_of(admin.make("creatives", name="S", content=CONTENT, personalization=MAPPINGS, **references)["id"])
    url = address(Creative, "change", row.pk)
    before = stored()
    typed = filled(browser.get(url), content__subject="Typed", content__body="Also typed", weight=3)
    as_sms = switched(browser, url, typed, "sms_text")
    values = shown(as_sms)
    assert values["content.body"] == "Also typed"
    beside = {key: CONTENT[key] for key in ("headline", "ctaUrl", "blocks", "preheader")} | {"subject": "Typed"}
    assert json.loads(values["content"]) == beside
    assert as_sms.context["preview"].template.slug == "sms_text"
    as_own = switched(browser, url, filled(as_sms), "smoke signal")
    assert json.loads(shown(as_own)["content"]) == beside | {"body": "Also typed"}
    back = shown(switched(browser, url, filled(as_own), "email_html"))
    assert (back["content.subject"], back["content.body"], back["content.headline"]) == (
        "Typed",
        "Also typed",
        CONTENT["headline"],
    )
    assert stored() == before
    assert browser.post(url, filled(as_own)).status_code == 302
    row.refresh_from_db()
    assert (row.template_type, row.weight) == ("smoke signal", 3)
    assert row.content == beside | {"body": "Also typed"}


def test_json_that_cannot_be_read_keeps_the_fields_until_it_is_corrected(browser, catalogue):
    url = address(Creative, "add")
    sent = filled(browser.get(url), content__subject="Typed", content="{oops")
    values = shown(switched(browser, url, sent, "sms_text"))
    assert (values["content.subject"], values["content"]) == ("Typed", "{oops")


def test_a_word_of_ones_own_is_a_type_too(browser, chosen):
    url = address(Creative, "add")
    sent = filled(browser.get(url), name="Own", content__body="B", **chosen)
    assert browser.post(url, sent | {"template_type": "", "template_type_own": " smoke signal "}).status_code == 302
    made = Creative.objects.get(name="Own")
    assert (made.template_type, made.content) == ("smoke signal", {"body": "B"})


# -- who may, and what it costs --------------------------------------------------------------------------------------


def test_a_viewer_sees_content_and_preview_and_no_form(person, admin, references):
    body = {"content": CONTENT, "personalization": MAPPINGS, "constraints": CONSTRAINTS}
    row = row_of(admin.make("creatives", name="V", **body, **references)["id"])
    viewer = visit(person(Role.VIEWER))
    url = address(Creative, "change", row.pk)
    page = viewer.get(url, {"sample": "fallbacks"})
    text = page.content.decode()
    assert 'name="_save"' not in text and 'name="content.subject"' not in text
    assert page.context["preview"].values["subject"] == "Hi you"
    for words in ("customer.first_name, else “you”", "Cooldown in hours", "kept as typed"):
        assert words in text
    before = stored()
    for sent in ({"name": "Mine"}, {"name": "Mine", "_fields": "1"}):
        assert viewer.post(url, sent).status_code == 403
    assert stored() == before


def test_a_page_of_many_variants_asks_as_often_as_one_of_few(browser, admin, references):
    row = row_of(admin.make("creatives", name="V", content=CONTENT, **references)["id"])
    url, counts = address(Creative, "change", row.pk), []
    for more in (12, 30):
        for number in range(more):
            admin.make("creatives", name=f"{more} {number}", status="active", **references)
        with CaptureQueriesContext(connection) as asked:
            assert browser.get(url).status_code == 200
        counts.append(len(asked))
    assert counts[0] == counts[1] <= 14
