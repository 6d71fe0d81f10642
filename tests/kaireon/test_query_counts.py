"""What a list costs: the same queries for one row as for thirty, each named by the table it reads."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from tests.conftest import Catalogue, Door

KEY = "kaireon_apikey"

# The API key, the count, the page; for policies their assignments, for flows their published versions.
COSTS = {
    "categories": [KEY, "creatives_category", "creatives_category"],
    "sub-categories": [KEY, "creatives_subcategory", "creatives_subcategory"],
    "offers": [KEY, "creatives_offer", "creatives_offer"],
    "channels": [KEY, "creatives_channel", "creatives_channel"],
    "placements": [KEY, "creatives_placement", "creatives_placement"],
    "creatives": [KEY, "creatives_creative", "creatives_creative"],
    "contact-policies": [KEY, "policies_contactpolicy", "policies_contactpolicy", "policies_policyscope"],
    "outcome-types": [KEY, "decisioning_outcometype", "decisioning_outcometype"],
    "segments": [KEY, "decisioning_segment", "decisioning_segment"],
    "decision-flows": [KEY, "decisioning_decisionflow", "decisioning_decisionflow", "decisioning_flowversion"],
    "campaign-runs": [KEY, "decisioning_campaignrun", "decisioning_campaignrun"],
    "audit-logs": [KEY, "kaireon_auditentry", "kaireon_auditentry"],
}


def tables(act: Callable[[], Any]) -> list[str]:
    """The first table of every query that `act` makes."""
    with CaptureQueriesContext(
        connection,
    ) as captured:
        act()
    found = [re.search(r'(?:FROM|INTO|UPDATE) "(\w+)"', query["sql"]) for query in captured.captured_queries]
    return [match[1] for match in found if match]


def payload(path: str, number: int, catalogue: Catalogue) -> dict[str, Any]:
    own: dict[str, dict[str, Any]] = {
        "sub-categories": {"categoryId": catalogue.category},
        "placements": {"channelId": catalogue.channel},
        "creatives": {
            "offerId": catalogue.offer,
            "channelId": catalogue.channel,
            "placementId": catalogue.placement if number % 2 else None,
        },
        "contact-policies": {
            "ruleType": "allow_override",
            "scopes": [{"scope": "offer", "scopeId": "*"}, {"scope": "channel", "scopeId": catalogue.channel}],
        },
        "outcome-types": {"key": f"key_{number}"},
        "decision-flows": {"key": f"key_{number}"},
    }
    return {"name": f"Row{number}", **own.get(path, {})}


@pytest.mark.parametrize("path", COSTS)
def test_a_list_costs_the_same_for_one_row_and_for_thirty(admin: Door, catalogue: Catalogue, path: str) -> None:
    admin("GET", path)  # so that the key's last use is written already
    made = "offers" if path == "audit-logs" else path
    admin.make(made, **payload(made, 0, catalogue))
    address = f"{path}?limit=50"
    few = tables(lambda: admin("GET", address))
    assert few == COSTS[path]
    for number in range(1, 30):
        admin.make(made, **payload(made, number, catalogue))
    assert len(admin("GET", address)[1]["data"]) >= 30
    assert tables(lambda: admin("GET", address)) == few


def test_a_history_costs_the_same_for_one_version_and_for_thirty(admin: Door, catalogue: Catalogue) -> None:
    policy = admin.make("contact-policies", **payload("contact-policies", 0, catalogue))
    path = f"contact-policies/{policy['id']}"
    few = tables(lambda: admin("GET", f"{path}/history?limit=50"))
    for number in range(30):
        admin("PATCH", path, {"priority": number})
    many = tables(lambda: admin("GET", f"{path}/history?limit=50"))
    assert many == few
    assert few.count("policies_historicalcontactpolicy") == len(few) - 3


def test_a_policy_with_many_scopes_and_references_is_judged_in_as_many_queries_as_one_with_few(
    admin: Door, catalogue: Catalogue
) -> None:
    offers = [admin.make("offers", name=f"O{number}")["id"] for number in range(20)]

    def cost(name: str, number: int) -> list[str]:
        body = {
            "name": name,
            "ruleType": "mutual_exclusion",
            "config": {"excludeOfferIds": offers[:number]},
            "scopes": [{"scope": "offer", "scopeId": offer} for offer in offers[:number]],
        }
        found = tables(lambda: admin.make("contact-policies", **body))
        return [table for table in found if table == "creatives_offer"]

    assert cost("Few", 2) == cost("Many", 20) == ["creatives_offer", "creatives_offer"]
