"""The template types are those of the contract, and each says all that is true of it."""

from pathlib import Path

import pytest

from creatives.template_types import TEMPLATE_TYPES, template_type_of

FRAMES = Path(__file__).parents[2] / "templates" / "admin" / "creatives" / "frames"


def test_the_types_are_the_contracts_in_its_order():
    assert [known.slug for known in TEMPLATE_TYPES] == [
        "email_html",
        "push_notification",
        "sms_text",
        "in_app_modal",
        "banner",
        "content_card",
        "webhook_json",
        "whatsapp_template",
    ]


@pytest.mark.parametrize("known", TEMPLATE_TYPES, ids=lambda known: known.slug)
def test_a_type_is_complete(known):
    keys = [field.key for field in known.fields]
    assert len(set(keys)) == len(keys)
    assert known.counted is None or known.counted in keys
    assert (FRAMES / f"{known.frame}.html").is_file()


def test_a_word_of_the_clients_own_is_a_type_without_fields():
    own = template_type_of("smoke signal")
    assert (own.label, own.html, own.frame, own.fields) == ("smoke signal", None, "data", ())
