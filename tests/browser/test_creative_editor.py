"""The editor of creatives: typing, looking beside, saving."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.sync_api import Page, expect

from creatives.models import Creative
from creatives.template_types import TEMPLATE_TYPES
from tests.visitors import address

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
