"""An import that is killed half-way and run again ends with the rows of one that was not."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest

from creatives.models import Channel, Offer
from decisioning.models import Interaction
from kaireon.access import create_tenant
from kaireon.audit import verify
from kaireon.tenancy import Tenant
from tests.decisioning.conftest import Write
from tests.decisioning.importing import HEADER, imported
from tests.decisioning.running import killed_when, started

ROWS = 3000


@pytest.mark.django_db(transaction=True)
def test_an_import_killed_half_way_and_run_again_ends_with_the_rows_of_a_clean_one(write: Write) -> None:
    interrupted, clean = create_tenant(key="acme", name="Acme"), create_tenant(key="rival", name="Rival")
    path = write(f"{HEADER},offer", *(_row(number) for number in range(ROWS)))
    process = started("import_interactions", "--batch-size=20", "--create-missing", path)
    killed_when(lambda: Interaction.objects.of(interrupted).count() >= 100, process)
    there = Interaction.objects.of(interrupted).count()
    assert 0 < there < ROWS
    assert there % 20 == 0  # whole batches only
    assert imported(path, create_missing=True).startswith(
        f"acme: {ROWS - there:,} imported, {there:,} already there, 0"
    )
    imported(path, into=clean.key, create_missing=True)
    assert content(interrupted) == content(clean)
    assert sum(content(clean).values()) == ROWS
    assert verify(interrupted).intact


def _row(number: int) -> str:
    # Every third row equals the one before it; new names keep appearing.
    said = number - (number % 3 == 2)
    return f"c{said % 50},2026-03-10T12:{said // 60:02}:{said % 60:02}Z,impression,Fax {said // 700},Gold"


def content(tenant: Tenant) -> Counter[Any]:
    """The tenant's interactions by what they say, names instead of keys."""
    channels = dict(Channel.objects.of(tenant).values_list("pk", "name"))
    offers = dict(Offer.objects.of(tenant).values_list("pk", "name"))
    rows = Interaction.objects.of(tenant).values_list(
        "customer_id", "at", "outcome", "channel_key", "offer_key", "import_key"
    )
    return Counter((*row, channels[channel], offers[offer], key) for *row, channel, offer, key in rows)
