"""Auto-assembly: a flow's log says which creatives each change of the catalogue brought in or took away."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from creatives.models import Channel, Creative, Offer
from decisioning.models import AssemblyLine, FlowVersion
from kaireon.tenancy import Actor
from kaireon.writing import writing
from tests.conftest import Catalogue, Door, catalogue_through
from tests.witness import rows_added, stored

ALL: dict[str, Any] = {}


def flow_over(door: Door, inventory: Any, key: str = "home", **given: Any) -> str:
    config = {"stages": {"inventory": inventory}}
    given = {"status": "active", **given}
    return str(door.make("decision-flows", key=key, name=key, draftConfig=config, **given)["id"])


def log_of(door: Door, flow: str) -> list[tuple[str, list[str], list[str]]]:
    """(cause, names taken up, names dropped), newest first."""
    status, page = door("GET", f"decision-flows/{flow}/assembly-log")
    assert status == 200
    return [
        (line["cause"], [row["name"] for row in line["takenUp"]], [row["name"] for row in line["dropped"]])
        for line in page["data"]
    ]


PARTS = [("offers", "offer", "Platinum Card Upgrade"), ("channels", "channel", "Email")]
PARTS += [("creatives", "creative", "Email Hero"), ("placements", "placement", "Hero")]


@pytest.mark.parametrize(("path", "kind", "name"), PARTS)
def test_pausing_and_activating_a_part_drops_and_takes_up_its_creatives(
    admin: Door, catalogue: Catalogue, path: str, kind: str, name: str
) -> None:
    flow = flow_over(admin, ALL)
    part = f"{path}/{getattr(catalogue, kind)}"
    for status in ("paused", "archived", "active"):
        admin("PATCH", part, {"status": status})
    cause = f'The {kind} "{name}" was changed.'
    assert log_of(admin, flow) == [(cause, ["Email Hero"], []), (cause, [], ["Email Hero"])]


@pytest.mark.parametrize(("path", "kind", "name"), PARTS)
def test_deleting_and_restoring_a_part_drops_and_takes_up_its_creatives(
    admin: Door, catalogue: Catalogue, path: str, kind: str, name: str
) -> None:
    flow = flow_over(admin, ALL)
    public_id = getattr(catalogue, kind)
    admin("DELETE", f"{path}/{public_id}")
    assert admin("POST", f"restore?entityType={kind}&id={public_id}")[0] == 200
    tail = {"offer": ", and 1 more change with it.", "channel": ", and 2 more changes with it."}.get(kind, ".")
    said = f'The {kind} "{name}" was'
    taken_up, dropped = log_of(admin, flow)
    assert taken_up == (f"{said} restored{tail}", ["Email Hero"], [])
    assert dropped == (f"{said} deleted{tail}", [], ["Email Hero"])


def test_a_line_says_when_and_names_creatives_by_id(admin: Door, catalogue: Catalogue) -> None:
    flow = flow_over(admin, ALL)
    made = admin.make("creatives", name="Second", status="active", offerId=catalogue.offer, channelId=catalogue.channel)
    assert admin("GET", f"decision-flows/{flow}/assembly-log")[1] == {
        "data": [
            {
                "at": made["createdAt"],
                "cause": 'The creative "Second" was created.',
                "takenUp": [{"id": made["id"], "name": "Second"}],
                "dropped": [],
            }
        ],
        "pagination": {"total": 1, "limit": 25, "hasMore": False, "cursor": None, "nextCursor": None},
    }


def test_a_line_is_all_that_assembling_writes(admin: Door, catalogue: Catalogue) -> None:
    flow = flow_over(admin, ALL)
    admin("POST", f"decision-flows/{flow}/publish")
    before = stored()
    admin("PATCH", f"channels/{catalogue.channel}", {"status": "paused"})
    one_each = ("creatives.HistoricalChannel", "decisioning.AssemblyLine", "kaireon.AuditEntry")
    assert rows_added(before) == dict.fromkeys(one_each, 1)


def test_a_change_that_moves_nothing_writes_no_line(admin: Door, catalogue: Catalogue) -> None:
    flow = flow_over(admin, ALL)
    admin("PATCH", f"creatives/{catalogue.creative}", {"name": "Renamed", "weight": 5})
    admin("PATCH", f"offers/{catalogue.offer}", {"priority": 7, "categoryId": None, "subCategoryId": None})
    admin("PATCH", f"channels/{catalogue.channel}", {"costPerContact": 2})
    admin.make("creatives", name="Draft", offerId=catalogue.offer, channelId=catalogue.channel)
    empty = admin.make("channels", name="SMS", status="active")["id"]
    admin("DELETE", f"channels/{empty}")
    assert log_of(admin, flow) == []


def test_a_creative_of_a_paused_offer_is_taken_up_with_the_offer_only(admin: Door, catalogue: Catalogue) -> None:
    admin("PATCH", f"offers/{catalogue.offer}", {"status": "paused"})
    flow = flow_over(admin, ALL)
    admin("PATCH", f"creatives/{catalogue.creative}", {"status": "paused"})
    admin("PATCH", f"creatives/{catalogue.creative}", {"status": "active"})
    assert log_of(admin, flow) == []
    admin("PATCH", f"offers/{catalogue.offer}", {"status": "active"})
    assert log_of(admin, flow) == [('The offer "Platinum Card Upgrade" was changed.', ["Email Hero"], [])]


def test_a_flow_over_categories_follows_offers_in_and_out_of_them(admin: Door, catalogue: Catalogue) -> None:
    other = admin.make("categories", name="Loans")["id"]
    cards = flow_over(admin, {"scope": "categories", "categoryIds": [catalogue.category]}, "cards")
    loans = flow_over(admin, {"scope": "categories", "categoryIds": [other]}, "loans")
    everything = flow_over(admin, ALL, "all")
    admin("PATCH", f"offers/{catalogue.offer}", {"categoryId": other, "subCategoryId": None})
    cause = 'The offer "Platinum Card Upgrade" was changed.'
    assert log_of(admin, cards) == [(cause, [], ["Email Hero"])]
    assert log_of(admin, loans) == [(cause, ["Email Hero"], [])]
    admin("DELETE", f"categories/{other}")
    assert log_of(admin, loans)[0] == ('The category "Loans" was deleted.', [], ["Email Hero"])
    assert log_of(admin, everything) == []


def test_a_creative_that_moves_between_offers_moves_between_flows(admin: Door, catalogue: Catalogue) -> None:
    cards = flow_over(admin, {"scope": "categories", "categoryIds": [catalogue.category]})
    offer = admin.make("offers", name="Other", status="active")["id"]
    admin("PATCH", f"creatives/{catalogue.creative}", {"offerId": offer})
    admin("PATCH", f"creatives/{catalogue.creative}", {"offerId": catalogue.offer})
    cause = 'The creative "Email Hero" was changed.'
    assert log_of(admin, cards) == [(cause, ["Email Hero"], []), (cause, [], ["Email Hero"])]


def test_flows_that_do_not_assemble_themselves_have_no_lines(admin: Door, stranger: Door, catalogue: Catalogue) -> None:
    flows = [
        flow_over(admin, {"scope": "offers", "offerIds": [catalogue.offer]}, "listed"),
        flow_over(admin, ALL, "manual", autoAssembly=False),
        flow_over(admin, ALL, "draft", status="draft"),
        flow_over(admin, ALL, "gone"),
    ]
    admin("DELETE", f"decision-flows/{flows[-1]}")
    flow_over(stranger, ALL)
    admin("PATCH", f"channels/{catalogue.channel}", {"status": "paused"})
    assert AssemblyLine.objects.count() == 0


def test_the_published_inventory_counts_and_the_draft_only_before_it(admin: Door, catalogue: Catalogue) -> None:
    flow = flow_over(admin, {"scope": "offers", "offerIds": [catalogue.offer]})
    path = f"decision-flows/{flow}"
    admin("POST", f"{path}/publish")
    admin("PATCH", path, {"draftConfig": {}})
    admin("PATCH", f"channels/{catalogue.channel}", {"status": "paused"})
    assert log_of(admin, flow) == []
    admin("POST", f"{path}/publish")
    admin("PATCH", path, {"draftConfig": {"stages": {"inventory": {"scope": "offers", "offerIds": []}}}})
    admin("PATCH", f"channels/{catalogue.channel}", {"status": "active"})
    assert [(taken_up, dropped) for _, taken_up, dropped in log_of(admin, flow)] == [(["Email Hero"], [])]
    assert FlowVersion.objects.count() == 2


def test_several_changes_in_one_transaction_are_one_line(admin: Door, catalogue: Catalogue, actor: Actor) -> None:
    flow = flow_over(admin, ALL)
    with writing(actor) as unit:
        offer = unit.create(Offer(name="New", status="active"))
        channel = unit.create(Channel(name="SMS", status="active"))
        unit.create(Creative(name="First", status="active", offer=offer, channel=channel))
        passing = unit.create(Creative(name="Passing", status="active", offer=offer, channel=channel))
        unit.change(passing, values={"status": "paused"})
        old = Creative.objects.get(name="Email Hero")
        unit.change(old, values={"offer_id": offer.pk, "status": "paused"})
    assert log_of(admin, flow) == [
        ('The offer "New" was created, and 3 more changes with it.', ["First"], ["Email Hero"])
    ]


def test_a_refused_change_leaves_no_line(admin: Door, catalogue: Catalogue) -> None:
    flow_over(admin, ALL)
    before = stored()
    assert admin("PATCH", f"channels/{catalogue.channel}", {"status": "paused", "rowVersion": 9})[0] == 409
    assert stored() == before


def test_lines_come_in_pages_newest_first(admin: Door, catalogue: Catalogue) -> None:
    flow = flow_over(admin, ALL)
    for status in ("paused", "active", "paused"):
        admin("PATCH", f"channels/{catalogue.channel}", {"status": status})
    path = f"decision-flows/{flow}/assembly-log?limit=2"
    first = admin("GET", path)[1]
    rest = admin("GET", f"{path}&cursor={first['pagination']['cursor']}")[1]
    assert [bool(line["takenUp"]) for line in first["data"] + rest["data"]] == [False, True, False]
    assert rest["pagination"]["hasMore"] is False


def queries(door: Door, path: str, **body: Any) -> int:
    with CaptureQueriesContext(connection) as captured:
        assert door("PATCH", path, body)[0] == 200
    return len(captured)


def test_a_change_costs_the_same_queries_for_few_and_for_many_flows_and_creatives(
    admin: Door, catalogue: Catalogue
) -> None:
    flow_over(admin, ALL)
    channel = f"channels/{catalogue.channel}"
    few = queries(admin, channel, status="paused")
    for number in range(12):
        flow_over(admin, ALL, f"flow-{number}")
        offer = admin.make("offers", name=f"O{number}", status="active")["id"]
        own = {"offerId": offer, "channelId": catalogue.channel}
        admin.make("creatives", name=f"C{number}", status="active", **own)
    assert queries(admin, channel, status="active") == few
    assert AssemblyLine.objects.count() == 1 + 13


def test_a_change_without_a_flow_or_without_a_move_looks_at_no_creatives(admin: Door) -> None:
    own = catalogue_through(admin)
    channel = f"channels/{own.channel}"
    admin("PATCH", channel, {})
    plain = queries(admin, channel, description="x")
    assert queries(admin, channel, status="paused") == plain + 1  # whether there are flows
    flow_over(admin, ALL)
    assert queries(admin, channel, description="y") == plain
