"""Every address of the admin that answers for a row or finds some: the foreign tenant's stay unseen."""

from __future__ import annotations

import pytest
from django.urls import reverse

from creatives.models import Creative, Offer
from decisioning.models import DecisionFlow
from kaireon.tenancy import Role
from policies.models import ContactPolicy
from tests.visitors import address, visit

OF_ROWS = {
    ContactPolicy: ("change", "history", "delete", "restore", "revert", "fields", "read"),
    Creative: ("change", "history", "delete", "restore", "revert", "preview"),
    DecisionFlow: ("change", "history", "delete", "restore", "revert", "publish_draft", "roll_back"),
}


@pytest.fixture
def theirs(stranger):
    """The foreign tenant's rows of each kind, and a customer, all of them called Secret."""
    offer = stranger.make("offers", name="Secret offer")["id"]
    channel = stranger.make("channels", name="Secret channel", channelType="email")["id"]
    made = {
        Creative: stranger.make(
            "creatives", name="Secret creative", offerId=offer, channelId=channel, templateType="email_html"
        ),
        ContactPolicy: stranger.make(
            "contact-policies", name="Secret policy", ruleType="cooldown", config={"cooldownHours": 1}, scope="global"
        ),
        DecisionFlow: stranger.make("decision-flows", name="Secret flow", key="secret"),
        Offer: {"id": offer},
    }
    stranger("PUT", "customers/Secret", {"attributes": {}})
    return {model: model.id_kind.decode(body["id"]) for model, body in made.items()} | {"offer": offer}


@pytest.mark.parametrize("role", [Role.ADMIN, Role.EDITOR, Role.VIEWER])
@pytest.mark.parametrize(("model", "view"), [(model, view) for model, views in OF_ROWS.items() for view in views])
def test_an_address_with_a_foreign_key_says_nothing_and_changes_nothing(person, theirs, model, view, role):
    browser = visit(person(role))
    for ask in (browser.get, browser.post):
        answer = ask(address(model, view, theirs[model]), follow=True)
        assert "Secret" not in answer.content.decode()
    row = model.everything.get(pk=theirs[model])
    assert (row.version, row.deleted_at) == (1, None)


@pytest.mark.parametrize("role", [Role.ADMIN, Role.EDITOR, Role.VIEWER])
def test_nothing_foreign_is_found_or_explained(person, theirs, role):
    browser = visit(person(role))
    lookup, why_not = address(ContactPolicy, "lookup"), reverse("admin:why_not")
    asked = [
        *((lookup, {"kind": kind, "q": "Secret"}) for kind in ("offer", "creative", "channel")),
        (reverse("admin:why_not_customers"), {"q": "Sec"}),
        (address(Creative, "samples"), {"q": "Sec"}),
        (reverse("admin:search"), {"s": "Secret"}),
        (
            reverse("admin:autocomplete"),
            {"term": "Secret", "app_label": "creatives", "model_name": "creative", "field_name": "offer"},
        ),
    ]
    for url, question in asked:
        answer = browser.get(url, question)
        assert not {"Secret offer", "Secret creative", "Secret channel"} & set(answer.content.decode().split('"'))
        assert '"Secret"' not in answer.content.decode()
    page = browser.get(why_not, {"customer": "Secret", "offer": theirs["offer"]}).content.decode()
    assert "There is no live offer" in page and "Secret offer" not in page
    page = browser.get(why_not, {"customer": "Secret"})
    assert page.context["customer_link"] is None and page.context["lines"] == []
