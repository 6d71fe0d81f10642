"""The template types: one entry each says everything that is true of it. A ninth is one more entry.

Content belongs to the client, so a type never refuses a key; it says which keys have a field in the editor, what their
strings are, and in which frame they are looked at. A word of the client's own is a type whose content is JSON.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class ContentField:
    """A key of the content that has a field of its own.

    `rows` is the height of its box, one being a single line. `outside` says that it is shown beside the content itself,
    as a subject is beside an e-mail.
    """

    key: str
    label: str
    help: str = ""
    rows: int = 1
    outside: bool = False


@dataclass(frozen=True)
class TemplateType:
    """One template type.

    `html` says what its strings are: HTML, plain text, or (None) each as it looks. `frame` names the picture of the
    channel it is looked at in; `counted` is the key whose text messages are counted.
    """

    slug: str
    label: str
    html: bool | None = None
    frame: str = "data"
    fields: tuple[ContentField, ...] = ()
    counted: str | None = None


_IMAGE = ContentField("imageUrl", "Image address", "Begins with https://")
_CTA_TEXT = ContentField("ctaText", "Button text")
_CTA_URL = ContentField("ctaUrl", "Button address", "Values of tokens in an address are percent-encoded.")
_HEADLINE = ContentField("headline", "Headline")
_HTML_BODY = ContentField("body", "Body", "HTML; values of tokens are escaped.", rows=8)
_TEXT_BODY = ContentField("body", "Text", rows=4)
_DEEP_LINK = ContentField("deepLink", "Deep link", "What opens when it is tapped.")

TEMPLATE_TYPES = (
    TemplateType(
        "email_html",
        "E-mail",
        html=True,
        frame="email",
        fields=(
            ContentField("subject", "Subject", outside=True),
            ContentField("preheader", "Preheader", "What mailboxes show after the subject.", outside=True),
            _HEADLINE,
            _HTML_BODY,
            _IMAGE,
            _CTA_TEXT,
            _CTA_URL,
        ),
    ),
    TemplateType(
        "push_notification",
        "Push notification",
        html=False,
        frame="push",
        fields=(ContentField("headline", "Title"), _TEXT_BODY, _IMAGE, _DEEP_LINK),
    ),
    TemplateType("sms_text", "SMS", html=False, frame="sms", fields=(_TEXT_BODY,), counted="body"),
    TemplateType(
        "in_app_modal",
        "In-app modal",
        html=True,
        frame="modal",
        fields=(_HEADLINE, _HTML_BODY, _IMAGE, _CTA_TEXT, _CTA_URL, _DEEP_LINK),
    ),
    TemplateType(
        "banner",
        "Banner",
        html=True,
        frame="banner",
        fields=(
            _HEADLINE,
            ContentField("body", "Body", "HTML; values of tokens are escaped.", rows=3),
            _IMAGE,
            _CTA_TEXT,
            _CTA_URL,
        ),
    ),
    TemplateType(
        "content_card",
        "Content card",
        html=True,
        frame="card",
        fields=(_HEADLINE, _HTML_BODY, _IMAGE, _CTA_TEXT, _CTA_URL),
    ),
    TemplateType("webhook_json", "Webhook", html=False),
    TemplateType(
        "whatsapp_template",
        "WhatsApp template",
        html=False,
        frame="whatsapp",
        fields=(
            ContentField("headline", "Header"),
            _TEXT_BODY,
            ContentField("footer", "Footer"),
            _IMAGE,
            _CTA_TEXT,
            _CTA_URL,
        ),
    ),
)
DEFAULT_TYPE = TEMPLATE_TYPES[0]

_BY_SLUG = {known.slug: known for known in TEMPLATE_TYPES}


def template_type_of(slug: str) -> TemplateType:
    """The type with this word; for a client's own word one without fields."""
    return _BY_SLUG.get(slug) or TemplateType(slug, slug)
