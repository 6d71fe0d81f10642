"""`manage.py backfill_offer_categories`: labels that were never recorded become what the offers say."""

from __future__ import annotations

from io import StringIO
from typing import Any

import pytest
from django.core.management import call_command
from django.db import transaction

from creatives.models import Offer
from decisioning.contacts.ledgers import faults, refill
from decisioning.models import Interaction
from kaireon.access import create_tenant
from kaireon.tenancy import Tenant
from tests.conftest import Catalogue, Door
from tests.decisioning.conftest import NOON, Happened, asked, hours
from tests.decisioning.running import killed_when, started
from tests.witness import stored


def filled(**options: Any) -> str:
    out = StringIO()
    call_command("backfill_offer_categories", **{"tenant": "acme", "stdout": out, "verbosity": 0, **options})
    return out.getvalue().strip()


@pytest.mark.parametrize("batch_size", [1, 500])
def test_labels_that_were_never_recorded_become_what_the_offers_say(
    admin: Door, tenant: Tenant, catalogue: Catalogue, happened: Happened, batch_size: int
) -> None:
    plain, gone = (
        Offer.id_kind.decode(admin.make("offers", name=n, category=c)["id"]) for n, c in (("P", ""), ("G", "x"))
    )
    admin("PATCH", f"offers/{catalogue.offer}", {"category": "cards"})
    admin("DELETE", f"offers?id={Offer.id_kind.encode(gone or 0)}")
    for number, own in enumerate(
        ({}, {"offer_key": plain}, {"offer_key": gone}, {"offer_key": None}, {"label": "old"})
    ):
        happened(NOON + hours(number), **({"label": None} | own))
    happened(customer="bob", label=None)
    happened(customer="eve", label="old")
    other = happened(tenant=create_tenant(key="other", name="Other"), label=None)
    refill(tenant, ["ada", "bob", "eve"])
    before = stored()
    assert filled(dry_run=True, batch_size=batch_size) == "acme: 5 interactions labelled (dry run: rolled back)"
    assert stored() == before
    assert filled(batch_size=batch_size) == "acme: 5 interactions labelled"
    rows = Interaction.objects.of(tenant).order_by("customer_id", "at").values_list("customer_id", "label")
    labels = ["cards", "", "x", "", "old"]
    assert list(rows) == [*(("ada", label) for label in labels), ("bob", "cards"), ("eve", "old")]
    assert list(faults(tenant, ["ada", "bob", "eve"])) == []
    other.refresh_from_db()
    assert other.label is None
    before = stored()
    assert filled() == "acme: nothing to do"
    assert stored() == before


def test_a_cap_on_a_label_stops_counting_what_never_bore_it(
    admin: Door, tenant: Tenant, catalogue: Catalogue, happened: Happened
) -> None:
    config = {"targetCategory": "cards", "maxTotal": 1, "periodType": "alltime"}
    admin.make("contact-policies", name="Cap", ruleType="offer_category_cap", config=config, scope="global")
    admin("PATCH", f"offers/{catalogue.offer}", {"category": "cards"})
    plain = admin.make("offers", name="Plain")["id"]
    happened(offer_key=Offer.id_kind.decode(plain), label=None)
    refill(tenant, ["ada"])
    assert [result["allowed"] for result in asked(admin)["results"]] == [False]
    filled()
    assert [result["allowed"] for result in asked(admin)["results"]] == [True]


@pytest.mark.django_db(transaction=True)
def test_a_run_killed_half_way_goes_on_where_it_stopped_and_ends_as_a_clean_one() -> None:
    tenants = [create_tenant(key=key, name=key) for key in ("acme", "clean")]
    customers = [f"c{number:04}" for number in range(600)]
    for tenant in tenants:
        Interaction.objects.bulk_create(
            Interaction(tenant=tenant, customer_id=customer, at=NOON, outcome="click", recorded_at=NOON)
            for customer in customers
        )
        with transaction.atomic():
            refill(tenant, customers)
    unlabelled = Interaction.objects.of(tenants[0]).filter(label__isnull=True)
    process = started("backfill_offer_categories", "--batch-size=2")
    killed_when(lambda: unlabelled.count() < 560, process)
    assert 0 < unlabelled.count() < 600
    assert list(faults(tenants[0], customers)) == []
    first = unlabelled.order_by("customer_id").first()
    assert first is not None
    filled(after=customers[customers.index(first.customer_id) - 1])
    filled(tenant="clean")
    for tenant in tenants:
        assert set(Interaction.objects.of(tenant).values_list("label", flat=True)) == {""}
        assert list(faults(tenant, customers)) == []
