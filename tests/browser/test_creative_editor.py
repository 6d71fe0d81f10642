"""The editor of creatives: typing, looking beside, saving."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.conf import settings
from playwright.sync_api import Page, expect

from creatives.models import Creative
from creatives.template_types import TEMPLATE_TYPES
from kaireon.tenancy import Role
from tests.visitors import address, visit

PICTURE = (
    "data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 400 180'%3E%3Crect width='400' "
    "height='180' fill='%23bfdbfe'/%3E%3Ccircle cx='320' cy='60' r='34' fill='%23fde68a'/%3E%3Cpath d='M0 180 120 70 "
    "220 150 290 100 400 180' fill='%2360a5fa'/%3E%3C/svg%3E"
)
MAPPINGS = [
    {"variable": "first_name", "source": "customer.first_name", "fallback": "valued customer"},
    {"variable": "limit", "source": "personalization.limit", "fallback": "$5,000"},
]
CONTENT: dict[str, dict[str, Any]] = {
    "email_html": {
        "subject": "{first_name}, you're pre-approved",
        "preheader": "Up to {limit} more, without paperwork",
        "headline": "Hey {first_name}, lift your limit",
        "body": "<p>Your Platinum status pre-qualifies you for up to <strong>{limit}</strong>.</p>",
        "imageUrl": PICTURE,
        "ctaText": "Accept upgrade",
        "ctaUrl": "https://example.com/accept",
    },
    "push_notification": {
        "headline": "Hey {first_name}",
        "body": "Lift your limit to {limit} today.",
        "imageUrl": PICTURE,
    },
    "sms_text": {"body": "Hi {first_name}, your limit can rise to {limit}. Reply YES and we’ll do the rest."},
    "in_app_modal": {
        "headline": "Lift your limit",
        "body": "<p>{first_name}, up to <b>{limit}</b> is waiting.</p>",
        "imageUrl": PICTURE,
        "ctaText": "Accept",
        "ctaUrl": "https://example.com/accept",
    },
    "banner": {
        "headline": "Up to {limit} more",
        "body": "For you, {first_name}.",
        "imageUrl": PICTURE,
        "ctaText": "See how",
    },
    "content_card": {
        "headline": "Your limit, lifted",
        "body": "<p>{first_name}, raise it to {limit} in a minute.</p>",
        "imageUrl": PICTURE,
        "ctaText": "Read more",
    },
    "webhook_json": {"event": "limit_raised", "customer": "{first_name}", "amount": "{limit}", "tags": ["gold", 1]},
    "whatsapp_template": {
        "headline": "Your limit",
        "body": "Hi {first_name}, your limit can rise to {limit}.",
        "footer": "Reply STOP to end",
        "imageUrl": PICTURE,
        "ctaText": "Accept",
        "ctaUrl": "https://example.com/accept",
    },
}


@pytest.fixture
def made(transactional_db, admin, catalogue):
    """Makes creatives of the catalogue's offer and channel, and answers their rows."""

    def make(name: str, **body: Any) -> Creative:
        references = {"offerId": catalogue.offer, "channelId": catalogue.channel, "placementId": catalogue.placement}
        public_id = admin.make("creatives", name=name, **(references | body))["id"]
        return Creative.objects.get(pk=Creative.id_kind.decode(public_id))

    return make


def open_(page: Page, row: Creative) -> Any:
    """Opens the editor; answers the frame of the preview."""
    page.goto(address(Creative, "change", row.pk))
    return page.frame_locator("#preview iframe")


@pytest.mark.parametrize("known", TEMPLATE_TYPES, ids=lambda known: known.slug)
def test_every_template_type_is_looked_at_in_its_frame(known, page, made, axe, shot):
    row = made(
        "Previewed",
        templateType=known.slug,
        content=CONTENT[known.slug],
        personalization=MAPPINGS,
        status="active",
        weight=60,
    )
    made("Other variant", weight=40, status="active")
    frame = open_(page, row)
    expect(frame.get_by_text("First name").first).to_be_visible()
    axe(page)
    shot(page, f"creative-{known.slug}")


def test_somebody_writes_a_creative_and_sees_it_while_typing(page, made, admin, axe):
    row = made("Written", content={"subject": "Hi"}, weight=50)
    made("Twin", weight=50, status="active")
    admin("PUT", "customers/c-1", {"attributes": {"nick": "<Ada>", "city": "Ulm"}})
    frame = open_(page, row)
    page.get_by_label("Subject").fill("Dear {nick}")
    page.get_by_label("Body").fill("<h2>News for {nick}</h2>")
    expect(page.locator(".frame-lines")).to_contain_text("Dear {nick}")
    expect(frame.get_by_role("heading", name="News for {nick}")).to_be_visible()
    expect(page.locator(".preview-warnings")).to_contain_text("The token {nick} has no mapping")

    token = page.locator("[data-row]").first
    expect(token.get_by_label("Token", exact=True)).to_have_value("nick")
    expect(token).to_contain_text("in Subject, Body")
    token.get_by_label("Source").fill("customer.nick")
    token.get_by_label("Fallback").fill("friend")
    expect(frame.get_by_role("heading", name="News for Nick")).to_be_visible()
    expect(page.locator(".preview-warnings")).to_have_count(0)

    page.get_by_label("Preview for").select_option("A stored customer")
    page.get_by_label("Customer id").fill("c-1")
    expect(page.locator("#sample-customers option")).to_have_count(1)
    expect(frame.get_by_role("heading", name="News for <Ada>")).to_be_visible()
    expect(page.locator("#token-sources option[value='customer.city']")).to_have_count(1)
    page.get_by_label("Preview for").select_option("Nothing known: fallbacks")
    expect(page.locator(".frame-lines")).to_contain_text("Dear friend")

    shares = page.get_by_role("region", name="Share in the rotation")
    expect(shares.get_by_role("row", name="Written (this one)")).to_contain_text("25.0 %")  # of 50, 50 and 100
    page.get_by_label("Weight").fill("100")
    expect(shares.get_by_role("row", name="Written (this one)")).to_contain_text("40.0 %")
    page.get_by_label("Cooldown in hours").fill("24")
    axe(page)

    page.get_by_role("button", name="Save", exact=True).click()
    page.wait_for_url("**/creatives/creative/")
    row.refresh_from_db()
    assert row.content == {"subject": "Dear {nick}", "body": "<h2>News for {nick}</h2>"}
    assert row.personalization == [{"variable": "nick", "source": "customer.nick", "fallback": "friend"}]
    assert (row.weight, row.constraints, row.version) == (100, {"cooldownHours": 24}, 2)
    axe(page)


def test_rows_of_tokens_come_and_go(page, made):
    row = made("Tokens", content={"body": "{a} {b}"}, personalization=[{"variable": "a", "fallback": "1"}])
    open_(page, row)
    rows = page.locator("[data-row]")
    expect(rows).to_have_count(2)
    page.get_by_label("Body").fill("{a}")
    expect(rows).to_have_count(1)  # the suggestion for b was blank and is gone
    page.get_by_role("button", name="Add a token").press("Enter")
    page.keyboard.type("c")
    expect(rows.nth(1)).to_contain_text("not in the content")
    rows.nth(1).get_by_label("Fallback").fill("3")
    rows.first.get_by_role("button", name="Remove this token").click()
    expect(rows.last.get_by_label("Token", exact=True)).to_have_value("a")  # offered again, as the content still has it
    page.get_by_role("button", name="Save and continue editing").click()
    expect(page.get_by_text("was changed successfully")).to_be_visible()
    row.refresh_from_db()
    assert row.personalization == [{"variable": "c", "fallback": "3"}]


def test_another_template_type_keeps_what_was_typed_and_counts_messages(page, made):
    row = made("Switched", content={"subject": "S", "blocks": [1]})
    open_(page, row)
    page.get_by_label("Body").fill("x" * 160)
    page.get_by_label("Template type").select_option("SMS")
    expect(page.get_by_label("Subject")).to_have_count(0)
    expect(page.get_by_label("Text", exact=True)).to_have_value("x" * 160)
    counted = page.locator("[data-messages]")
    expect(counted).to_contain_text("1 SMS · 160 characters · GSM-7")
    page.get_by_label("Text", exact=True).fill("x" * 159 + "€")
    expect(counted).to_contain_text("2 SMS · 160 characters · GSM-7")
    page.get_by_label("Text", exact=True).fill("x" * 69 + "ж")
    expect(counted).to_contain_text("1 SMS · 70 characters · UCS-2")
    page.get_by_label("Template type").select_option("Another type…")
    page.get_by_label("Name of the other type").fill("letter")
    page.get_by_label("Name of the other type").press("Tab")
    expect(page.get_by_label("Content (JSON)")).to_have_value(re.compile('"subject": "S"'))
    page.get_by_label("Template type").select_option("E-mail")
    expect(page.get_by_label("Subject")).to_have_value("S")
    expect(page.get_by_label("Body")).to_have_value("x" * 69 + "ж")
    page.get_by_role("button", name="Save", exact=True).click()
    page.wait_for_url("**/creatives/creative/")
    row.refresh_from_db()
    assert row.content == {"subject": "S", "blocks": [1], "body": "x" * 69 + "ж"}


def test_fields_on_their_way_are_given_up_when_another_type_is_about_to_be_named(page, made):
    row = made("Switched", content={"subject": "S"})
    open_(page, row)
    kind = page.get_by_label("Template type")
    page.route("**/change/", lambda route: None)
    with page.expect_request("**/change/"):
        kind.select_option("SMS")
    with page.expect_event("requestfailed"):
        kind.select_option("Another type…")
    page.unroute("**/change/")
    page.get_by_label("Name of the other type").fill("letter")
    page.get_by_label("Name of the other type").press("Tab")
    expect(page.get_by_label("Content (JSON)")).to_have_value(re.compile('"subject": "S"'))
    expect(kind).to_have_value("letter")


def test_placements_follow_the_channel(page, made, admin):
    push = admin.make("channels", name="Push")["id"]
    admin.make("placements", name="Lock screen", channelId=push)
    row = made("Placed")
    open_(page, row)
    placement = page.locator("#id_placement")
    assert placement.input_value() == str(row.placement_id)
    choose(page, "channel", "Push", ["Email", "Push"])
    expect(placement).to_have_value("")
    choose(page, "placement", "Lock screen", ["Lock screen"])
    page.get_by_role("button", name="Save", exact=True).click()
    page.wait_for_url("**/creatives/creative/")
    row.refresh_from_db()
    assert (row.channel.name, row.placement.name) == ("Push", "Lock screen")


def choose(page: Page, field: str, name: str, offered: list[str]) -> None:
    """Chooses by search, as people do, and looks at what is offered."""
    page.locator(f"#select2-id_{field}-container").click()
    options = page.locator(".select2-results__option")
    expect(options).to_have_text(sorted(offered, reverse=True))
    page.get_by_role("option", name=name, exact=True).click()


def test_without_scripts_the_buttons_do_the_same(enter, made):
    row = made("Plain", content={"subject": "Hi {nick}", "body": "Text"})
    page = enter(Role.EDITOR, scripts=False)
    frame = open_(page, row)
    expect(frame.get_by_text("Text")).to_have_count(1)
    page.locator("[name='content.subject']").fill("Bye {nick}")
    page.locator("[name=template_type]").select_option("push_notification")
    page.locator("[name=_fields]").first.click()
    expect(page.locator("[name='content.body']")).to_have_value("Text")
    expect(page.locator("[name='content']")).to_have_value(re.compile("Bye {nick}"))
    expect(page.frame_locator("#preview iframe").locator(".bubble")).to_contain_text("Text")
    row.refresh_from_db()
    assert row.version == 1


def test_a_viewer_looks_at_a_creative_for_a_customer(enter, made, admin, axe, shot):
    row = made("Seen", content={"subject": "Hi {nick}"}, personalization=[{"variable": "nick", "fallback": "you"}])
    page = enter(Role.VIEWER)
    open_(page, row)
    expect(page.get_by_role("button", name="Save")).to_have_count(0)
    page.get_by_label("Preview for").select_option("Nothing known: fallbacks")
    expect(page.locator(".frame-lines")).to_contain_text("Hi you")
    axe(page)
    shot(page, "creative-viewer")


ATTACK = """
<p>Look</p>
<script>document.body.dataset.ran = "script"; parent.document.body.dataset.hacked = "script"</script>
<img src="data:image/png;base64,AAAA" onerror="document.body.dataset.ran = 'onerror'; top.document.title = 'hacked'">
<svg onload="document.body.dataset.ran = 'onload'"></svg>
<a id="script" href="javascript:document.body.dataset.ran = 'link'">script</a>
<a id="top" target="_top" href="/admin/logout/">top</a>
<form action="/admin/" target="_top"><button id="send">send</button></form>
<iframe srcdoc="<script>top.document.body.dataset.hacked = 'nested'</script>"></iframe>
<meta http-equiv="refresh" content="0;url=/admin/">
"""


def test_nothing_that_was_uploaded_runs_or_reaches_the_admin(chromium, live_server, people, made):
    """In a browser of its own: what Chromium refuses, it also says on the console."""
    rows = [
        made("Hostile", content={"subject": ATTACK, "body": ATTACK, "ctaText": ATTACK, "ctaUrl": "javascript:top.x=1"})
    ]
    rows += [made("Rude", templateType="push_notification", content={"headline": ATTACK, "body": ATTACK})]
    rows += [made("Odd", templateType="smoke signal", content={"any": ATTACK})]
    context = chromium.new_context(base_url=live_server.url, reduced_motion="reduce")
    context.add_cookies([session_of(people(Role.ADMIN), live_server.url)])
    page = context.new_page()
    opened: list[Any] = []
    context.on("page", lambda another: opened.append(another.url))
    page.on("dialog", lambda dialog: opened.append(dialog.message))
    for row in rows:
        frame = open_(page, row)
        expect(frame.get_by_text("Look").first).to_be_visible()
        here = page.url
        for dangerous in ("a", "button"):
            for link in frame.locator(dangerous).all():
                link.dispatch_event("click")
                link.evaluate("link => link.click()")
        page.wait_for_timeout(300)
        assert page.url == here
        assert frame.locator("body").evaluate("body => body.dataset.ran ?? null") is None
        assert page.evaluate("[document.body.dataset.hacked ?? null, window.x ?? null]") == [None, None]
        assert page.title().startswith(row.name)
        assert page.evaluate("() => document.querySelector('#preview iframe').contentDocument") is None
        assert page.locator("#preview iframe").get_attribute("sandbox") == ""
    assert opened == []
    context.close()


def session_of(user: Any, url: str) -> dict[str, str]:
    """The cookie of somebody who is logged in."""
    name = settings.SESSION_COOKIE_NAME
    return {"name": name, "value": visit(user).cookies[name].value, "url": url}
