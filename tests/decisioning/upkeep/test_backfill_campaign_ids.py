"""`manage.py backfill_campaign_ids`: campaigns from a file, for contacts that have none."""

from __future__ import annotations

import json
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from decisioning.contacts.ledgers import faults, refill
from decisioning.models import Interaction, InteractionSummary
from kaireon.access import create_tenant
from kaireon.tenancy import Tenant
from tests.conftest import Catalogue, Door
from tests.decisioning.conftest import NOON, Happened, Write, asked, hours
from tests.decisioning.importing import rejects_of
from tests.witness import stored


def filled(path: Path, **options: Any) -> tuple[str, str]:
    """Summary and error."""
    out, error = StringIO(), ""
    try:
        call_command("backfill_campaign_ids", path, tenant="acme", stdout=out, verbosity=0, **options)
    except CommandError as refused:
        error = str(refused)
    return out.getvalue().strip(), error


@pytest.mark.parametrize("batch_size", [1, 1000])
def test_campaigns_are_found_by_id_and_by_what_happened(
    tenant: Tenant, catalogue: Catalogue, happened: Happened, write: Write, batch_size: int
) -> None:
    first, second = happened(), happened(outcome="click")
    third, named = happened(NOON + hours(1)), happened(NOON + hours(2), campaign_id="old")
    foreign = happened(tenant=create_tenant(key="other", name="Other"))
    refill(tenant, ["ada"])
    triple = f"ada,2026-03-10T13:00:00+01:00,{catalogue.creative}"
    path = write(
        "id,who,timestamp,creativeId,campaignId",
        f"{third.public_id},,,,autumn",
        f",{triple},spring",
        f"{named.public_id},,,,old",
        f"{third.public_id},,,,winter",
        f"{named.public_id},,,,new",
        f"{foreign.public_id},,,,spring",
        f",{triple},",
        ",ada,2026-03-10T12:00:00Z,,spring",
        f",ada,2026-03-10T12:00:00,{catalogue.creative},spring",
        ",ada,2026-03-10T12:00:00Z,off_1,spring",
        f",bob,2026-03-10T12:00:00Z,{catalogue.creative},spring",
    )
    options = {"columns": ["interactionId=id,customerId=who"], "batch_size": batch_size}
    summary = "acme: 3 interactions given a campaign, 1 already there, 8 failed"
    before = stored()
    assert filled(path, **options, dry_run=True)[0] == f"{summary} (dry run: rolled back)"
    assert stored() == before
    assert filled(path, **options)[0] == summary
    rows = Interaction.objects.in_bulk()
    assert [rows[row.pk].campaign_id for row in (first, second, third, named, foreign)] == [
        *("spring", "spring", "autumn", "old"),
        None,
    ]
    assert list(faults(tenant, ["ada"])) == []
    lines = (
        InteractionSummary.objects.of(tenant).filter(period_type="alltime").values_list("campaign_id", "interactions")
    )
    assert dict(lines) == {"spring": 2, "autumn": 1, "old": 1}
    assert [reason for _, reason, _ in rejects_of(Path(f"{path}.rejects.csv"))] == [
        'it has the campaign "autumn" already',
        'it has the campaign "old" already',
        "there is no such interaction",
        "campaignId is missing, longer than 255 characters, not UTF-8 or holds a NUL",
        "creativeId missing, and no interactionId",
        'timestamp "2026-03-10T12:00:00" is not ISO 8601 with a zone',
        'creativeId "off_1" is no id',
        "there is no such interaction",
    ]
    before = stored()
    assert filled(path, **options)[0] == "acme: 0 interactions given a campaign, 3 already there, 8 failed"
    assert stored() == before


def test_a_cap_within_a_campaign_counts_what_was_filled_in(
    admin: Door, tenant: Tenant, catalogue: Catalogue, happened: Happened, write: Write
) -> None:
    config = {"maxTotal": 1, "withinCampaignId": "spring"}
    admin.make("contact-policies", name="Cap", ruleType="frequency_cap", config=config, scope="global")
    row = happened()
    refill(tenant, ["ada"])
    assert [result["allowed"] for result in asked(admin)["results"]] == [True]
    path = write(json.dumps({"interactionId": row.public_id, "campaignId": "spring"}), name="a.ndjson")
    assert filled(path) == ("acme: 1 interactions given a campaign, 0 already there, 0 failed", "")
    assert [result["allowed"] for result in asked(admin)["results"]] == [False]
