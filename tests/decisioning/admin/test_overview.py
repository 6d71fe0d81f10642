"""The overview: what it shows to whom, and what it costs."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from creatives.models import Creative
from decisioning.insight.overview import unreachable
from decisioning.models import Decision
from kaireon import clock
from kaireon.tenancy import Role
from tests.decisioning.deciding.test_recommend import Shop, recommended
from tests.visitors import visit

pytestmark = pytest.mark.django_db


@pytest.fixture
def shop(admin) -> Shop:
    return Shop(admin)


def overview(browser):
    response = browser.get(reverse("admin:index"))
    assert response.status_code == 200
    return response


def test_a_new_tenant_is_told_what_to_do_next(tenant, person):
    page = overview(visit(person(Role.ADMIN)))
    assert [step["title"] for step in page.context["steps"]] == [
        *("Add a channel", "Add an offer", "Add a creative", "Add a contact policy")
    ]
    assert "Nothing was decided in the last 14 days" in page.content.decode()


def test_decisions_and_suppressions_are_shown_per_day(shop, delivery, tenant, person):
    shop.offer("Card", 50)
    shop.policy("frequency_cap", {"maxPerDay": 0}, name="Never")
    for customer in ("a", "b"):
        recommended(delivery, customerId=customer)
    Decision.objects.update(decided_at=clock.now() - timedelta(minutes=5))
    page = overview(visit(person(Role.VIEWER)))
    assert page.context["decisions"].days[-1].values == (0, 2)
    assert page.context["suppressions"].days[-1].values == (0, 2)
    assert [(row.label, row.value) for row in page.context["top"].rows] == [("Never", 100)]
    assert [number for number, _ in page.context["figures"]] == ["2", "100 %", "100 %", "1"]
    assert page.context["conflicts"][0][0] == '"Never" blocks whatever it concerns, always'
    assert page.context["steps"] == [] and page.context["counted"].endswith("5 minutes ago")


def test_policies_in_conflict_are_counted_and_not_the_conflicts(shop, person):
    shop.offer("Card", 50)
    browser = visit(person(Role.ADMIN))
    assert overview(browser).context["figures"][-1] == ("0", "policies in conflict")
    shop.policy("frequency_cap", {"maxPerDay": 0}, name="Never")
    assert overview(browser).context["figures"][-1] == ("1", "policy in conflict")
    for name, most in (("Strict", 1), ("Lax", 2), ("Laxer", 3)):
        shop.policy("customer_total_cap", {"maxTotal": most, "periodType": "daily"}, name=name)
    page = overview(browser)
    assert len(page.context["conflicts"]) == 3
    links = [[name for name, _ in links] for _, links in page.context["conflicts"]]
    assert links == [["Never"], ["Lax", "Strict"], ["Laxer", "Strict"]]
    assert page.context["figures"][-1] == ("4", "policies in conflict")


def test_offers_nobody_can_get_say_why(shop, admin, tenant):
    shop.offer("Fine", 50)
    admin.make("offers", name="Bare", status="active")
    shop.creative("Draft", shop.offer("Weightless", 50, weight=0), weight=0)
    over = shop.offer("Over", 50)
    admin("PATCH", f"offers/{over['id']}", {"schedule": {"endsAt": "2020-01-01T00:00:00Z"}})
    paused = shop.offer("Paused inside", 50)
    creative = Creative.objects.get(name="Paused inside")
    admin("PATCH", f"creatives/{creative.public_id}", {"status": "paused"})
    silent = admin.make("channels", name="Silent", status="paused")
    shop.offer("Silenced", 50, on=silent)
    found = {offer.name: why for offer, why in unreachable(tenant, clock.now())}
    assert found == {
        "Over": "its schedule is over",
        "Bare": "it has no creative",
        "Weightless": "all its creatives have weight 0",
        "Paused inside": "none of its creatives is active",
        "Silenced": "the channels of its creatives are not active",
    }
    assert paused["name"] not in {"Fine"}


def test_changes_are_shown_to_whom_the_audit_log_is(shop, person):
    shop.offer("Card", 50)
    page = overview(visit(person(Role.ADMIN)))
    newest = next(it for it in page.context["changes"] if it["name"] == "Card")
    assert newest["what"] in {"create creative", "create offer"} and newest["link"].startswith("/admin/creatives/")
    for role in (Role.VIEWER, Role.EDITOR):
        assert overview(visit(person(role))).context["changes"] is None


def test_another_tenants_numbers_and_names_are_not_shown(stranger, foreign_tenant, person, tenant):
    shop = Shop(stranger)
    shop.offer("Secret", 50)
    shop.policy("frequency_cap", {"maxPerDay": 0}, name="Secret policy")
    recommended(stranger)
    Decision.objects.update(decided_at=clock.now() - timedelta(minutes=5))
    page = overview(visit(person(Role.ADMIN)))
    assert "Secret" not in page.content.decode() and page.context["decisions"].empty


def test_the_overview_costs_the_same_for_one_and_thirty(shop, person, admin):
    browser = visit(person(Role.ADMIN))

    def queries() -> int:
        overview(browser)
        with CaptureQueriesContext(connection) as seen:
            overview(browser)
        return len(seen)

    shop.offer("Card", 50)
    admin.make("offers", name="Bare", status="active")
    shop.policy("frequency_cap", {"maxPerDay": 0}, name="Never")
    one = queries()
    for number in range(30):
        admin.make("offers", name=f"Bare {number}", status="active")
        shop.policy("frequency_cap", {"maxPerDay": 0}, name=f"Never {number}")
    assert queries() == one
