"""Interaction summaries say what history says, whenever they are asked and however far the roll-up has come."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from io import StringIO
from random import Random
from typing import Any
from urllib.parse import quote

import pytest
from django.core.management import call_command
from django.db.models import F

from decisioning.contacts import summaries
from decisioning.models import Interaction, InteractionSummary, SummaryProgress
from kaireon import clock
from kaireon.tenancy import Tenant
from tests.conftest import Catalogue, Door
from tests.decisioning.conftest import NOON, Happened
from tests.decisioning.summing import CUSTOMERS, expected_summaries, expected_summary, happen, walked, withdraw
from tests.witness import executed, stored

LIST, TOTALS = "interaction-summaries", "interaction-summary"


def customer_is_right(door: Door, tenant: Tenant, customer_id: str) -> None:
    found, _ = walked(door, LIST, customerId=quote(customer_id, safe=""), limit=100)
    assert in_order(found) == in_order(expected_summaries(tenant, customer_id))


def totals_are_right(door: Door, tenant: Tenant, group: str, days: int) -> None:
    found, page = walked(door, TOTALS, groupBy=group, days=days, limit=2)
    for line in found:
        line.pop("name")
    assert found == expected_summary(tenant, group, first=page["from"], last=page["to"])


def in_order(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return sorted(rows, key=lambda row: repr(sorted(row.items())))


def backfilled(tenant: Tenant, **options: Any) -> str:
    out = StringIO()
    call_command("backfill_interaction_summaries", tenant=tenant.key, stdout=out, verbosity=0, **options)
    return out.getvalue().strip()


STEPS: list[Callable[[Tenant, Random, Door], Any]] = [
    lambda tenant, random, door: happen(tenant, random, random.choice((1, 40))),
    lambda tenant, random, door: happen(tenant, random, 1, customers=[random.choice(CUSTOMERS)]),
    lambda tenant, random, door: withdraw(tenant, random),
    lambda tenant, random, door: summaries.keep_up(tenant),
    lambda tenant, random, door: summaries.roll_up(tenant, most=random.choice((1, 3, 7))),
    lambda tenant, random, door: backfilled(tenant, due=random.random() < 0.5, batch_size=random.choice((1, 2, 100))),
    lambda tenant, random, door: customer_is_right(door, tenant, random.choice(CUSTOMERS)),
    lambda tenant, random, door: totals_are_right(
        door, tenant, random.choice(("offer", "creative", "channel", "customer")), random.choice((1, 7, 30, 365))
    ),
]


@pytest.mark.parametrize("seed", range(6))
def test_whatever_happens_in_whatever_order_answers_equal_history_added_up_one_by_one(
    viewer: Door, tenant: Tenant, foreign_tenant: Tenant, seed: int
) -> None:
    random = Random(seed)
    happen(foreign_tenant, random, 30)
    for _ in range(40):
        random.choice(STEPS)(tenant, random, viewer)
    for customer_id in CUSTOMERS:
        customer_is_right(viewer, tenant, customer_id)
    for group in ("offer", "creative", "channel", "customer"):
        totals_are_right(viewer, tenant, group, 365)


def test_a_customers_days_weeks_months_and_whole_time_are_those_of_utc(
    viewer: Door, happened: Happened, catalogue: Catalogue
) -> None:
    for at in ("2026-12-31T23:59:59.999", "2027-01-01T00:00:00", "2027-01-03T23:59:59.999", "2027-01-04T00:00:00"):
        happened(datetime.fromisoformat(f"{at}+00:00"))
    _, page = viewer("GET", f"{LIST}?customerId=ada")
    assert [(row["periodType"], row["periodKey"], row["impressions"]) for row in page["data"]] == [
        ("alltime", "all", 4),
        ("daily", "2027-01-04", 1),
        ("daily", "2027-01-03", 1),
        ("daily", "2027-01-01", 1),
        ("daily", "2026-12-31", 1),
        ("monthly", "2027-01", 3),
        ("monthly", "2026-12", 1),
        ("weekly", "2027-W01", 1),
        ("weekly", "2026-W53", 3),
    ]
    assert page["data"][0] == {
        "customerId": "ada",
        "periodType": "alltime",
        "periodKey": "all",
        "offerId": catalogue.offer,
        "creativeId": catalogue.creative,
        "channelId": catalogue.channel,
        "categoryId": catalogue.category,
        "campaignId": None,
        "impressions": 4,
        "clicks": 0,
        "positive": 0,
        "negative": 0,
        "neutral": 4,
        "conversions": 0,
        "totalValue": 0,
        "cost": 0,
        "lastContactAt": "2027-01-04T00:00:00.000Z",
    }


def test_an_answer_says_that_it_is_complete_up_to_the_instant_it_was_read(viewer: Door, happened: Happened) -> None:
    happened()
    for address in (f"{LIST}?customerId=ada", f"{LIST}?customerId=nobody", TOTALS):
        before = clock.now() - timedelta(milliseconds=1)
        up_to = clock.parse(viewer("GET", address)[1]["completeUpTo"])
        assert before <= up_to <= clock.now()


def test_the_totals_name_what_they_are_about_and_give_rates(
    viewer: Door, happened: Happened, catalogue: Catalogue
) -> None:
    now = clock.now()
    for outcome in ("impression",) * 4 + ("click", "convert"):
        happened(now, outcome=outcome, cost_micros=1_500_000, value_micros=250_000)
    happened(now, outcome="complaint", offer_key=None)
    status, body = viewer("GET", TOTALS)
    assert status == 200
    body.pop("completeUpTo")
    about = {"positive": 2, "negative": 0, "neutral": 4, "lastContactAt": clock.text(now)}
    nothing = {"positive": 0, "negative": 1, "neutral": 0, "lastContactAt": None}
    assert body == {
        "data": [
            {
                "id": catalogue.offer,
                "name": "Platinum Card Upgrade",
                "impressions": 4,
                "clicks": 1,
                "conversions": 1,
                "totalValue": 1.5,
                "cost": 9.0,
                "ctr": 0.25,
                "cvr": 0.25,
                **about,
            },
            {
                "id": None,
                "name": None,
                "impressions": 0,
                "clicks": 0,
                "conversions": 0,
                "totalValue": 0,
                "cost": 0,
                "ctr": None,
                "cvr": None,
                **nothing,
            },
        ],
        "pagination": {"total": 2, "limit": 25, "hasMore": False, "cursor": None, "nextCursor": None},
        "groupBy": "offer",
        "from": (now.date() - timedelta(days=29)).isoformat(),
        "to": now.date().isoformat(),
    }
    [line] = viewer("GET", f"{TOTALS}?groupBy=customer")[1]["data"]
    assert (line["id"], line["name"], line["impressions"]) == ("ada", None, 4)


def test_the_days_asked_for_begin_and_end_at_midnight_in_utc(viewer: Door, happened: Happened) -> None:
    midnight = datetime.combine(clock.now().date(), datetime.min.time(), UTC)
    happened(midnight)
    happened(midnight - timedelta(milliseconds=1))
    happened(midnight - timedelta(days=6))
    happened(midnight - timedelta(days=6, milliseconds=1))
    for turn in ("counted from history", "rolled up"):
        numbers = [viewer("GET", f"{TOTALS}?days={days}")[1]["data"][0]["impressions"] for days in (1, 2, 7, 8, 365)]
        assert (turn, numbers) == (turn, [1, 2, 3, 4, 4])
        backfilled(Tenant.objects.get(key="acme"))


def test_a_void_impression_takes_its_row_along_and_leaves_the_others_as_they_are(
    viewer: Door, tenant: Tenant, happened: Happened
) -> None:
    withdrawn, kept = happened(campaign_id="spring"), happened(campaign_id="summer")
    viewer("GET", f"{LIST}?customerId=ada")
    ids = set(InteractionSummary.objects.filter(campaign_id="summer").values_list("pk", flat=True))
    Interaction.objects.filter(pk=withdrawn.pk).update(void=True)
    happened(outcome="not_presented", campaign_id="autumn")
    customer_is_right(viewer, tenant, "ada")
    assert not InteractionSummary.objects.filter(campaign_id="spring").exists()
    assert set(InteractionSummary.objects.filter(campaign_id="summer").values_list("pk", flat=True)) == ids
    assert kept.customer_id == "ada"


def test_an_outcome_that_is_classified_anew_counts_anew_everywhere(
    viewer: Door, editor: Door, tenant: Tenant, happened: Happened
) -> None:
    made = editor.make("outcome-types", key="call", name="Call", classification="positive")["id"]
    happened(clock.now(), outcome="call")
    for classification in ("positive", "negative", "neutral", "positive"):
        editor("PATCH", f"outcome-types/{made}", {"classification": classification})
        totals_are_right(viewer, tenant, "offer", 30)
        customer_is_right(viewer, tenant, "ada")
    editor("DELETE", f"outcome-types/{made}")
    assert viewer("GET", TOTALS)[1]["data"][0]["positive"] == 1
    again = editor.make("outcome-types", key="call", name="Call", classification="negative")["id"]
    assert again != made
    assert viewer("GET", TOTALS)[1]["data"][0]["negative"] == 1
    assert SummaryProgress.objects.get().resets == 4


def test_summaries_of_another_tenant_are_nobodys_business(
    viewer: Door, stranger: Door, tenant: Tenant, foreign_tenant: Tenant, happened: Happened
) -> None:
    happened(clock.now())
    for address in (f"{LIST}?customerId=ada", TOTALS, f"{TOTALS}?groupBy=customer"):
        assert len(viewer("GET", address)[1]["data"]) >= 1
        assert stranger("GET", address)[1]["data"] == []
    backfilled(foreign_tenant)
    customer_is_right(viewer, tenant, "ada")


def test_a_customers_summaries_are_filtered_by_period_and_by_what_they_are_about(
    viewer: Door, happened: Happened, catalogue: Catalogue
) -> None:
    happened(campaign_id="spring")
    happened(offer_key=None, creative_key=None, channel_key=None, category_key=None)

    def number(query: str) -> int:
        total: int = viewer("GET", f"{LIST}?customerId=ada&{query}")[1]["pagination"]["total"]
        return total

    assert number("") == 8
    assert number("periodType=daily") == 2
    for query in (f"offerId={catalogue.offer}", f"creativeId={catalogue.creative}", f"channelId={catalogue.channel}"):
        assert number(query) == 4
    assert number(f"categoryId={catalogue.category}&periodType=weekly&campaignId=spring") == 1
    assert [number(query) for query in ("offerId=off_none", "offerId=", "campaignId=x")] == [0, 8, 0]
    assert number(f"channelId={catalogue.offer}") == 0


@pytest.mark.parametrize(
    ("address", "field"),
    [
        (LIST, "customerId"),
        (f"{LIST}?customerId=", "customerId"),
        (f"{LIST}?customerId=a%00b", "customerId"),
        (f"{LIST}?customerId=ada&periodType=hourly", "periodType"),
        (f"{LIST}?customerId=ada&limit=0", "limit"),
        (f"{LIST}?customerId=ada&cursor=x", "cursor"),
        (f"{LIST}?customerId=ada&colour=red", "colour"),
        (f"{TOTALS}?groupBy=category", "groupBy"),
        (f"{TOTALS}?days=0", "days"),
        (f"{TOTALS}?days=366", "days"),
        (f"{TOTALS}?days=1.5", "days"),
        (f"{TOTALS}?days={'9' * 5000}", "days"),
        (f"{TOTALS}?limit=-1", "limit"),
        (f"{TOTALS}?cursor=x", "cursor"),
        (f"{TOTALS}?cursor=WzEsImEiXQ", "cursor"),  # [1,"a"]
        (f"{TOTALS}?cursor=WzEsLTFd", "cursor"),  # [1,-1]
        (f"{TOTALS}?groupBy=customer&cursor=WzEsIlx1ZDgwMCJd", "cursor"),  # [1,"\ud800"]
        (f"{TOTALS}?groupBy=customer&cursor=WzEsIlx1MDAwMCJd", "cursor"),  # [1,"\u0000"]
        (f"{TOTALS}?customerId=ada", "customerId"),
    ],
)
def test_a_question_that_makes_no_sense_is_refused_by_the_parameters_name(
    viewer: Door, address: str, field: str
) -> None:
    before = stored()
    status, body = viewer("GET", address)
    assert (status, [detail["field"] for detail in body["error"]["details"]]) == (400, [field])
    assert stored() == before


STANDING = ["summaryprogress", "outcometype"]
HELD = ["summaryprogress", *STANDING]
ROLLED_UP = ["interaction", "interaction", "interactionsummary", "summaryprogress"]
# Who is due, what is recounted, what is shown.
COSTS = {
    f"{LIST}?customerId=ada": [*STANDING, "interaction", *HELD, *["interactionsummary"] * 3],
    TOTALS: [*STANDING, "interaction", *HELD, *ROLLED_UP, *STANDING, "interaction"],
}


@pytest.mark.parametrize("address", COSTS)
def test_an_answer_takes_as_many_statements_for_thirty_interactions_as_for_one(
    viewer: Door, tenant: Tenant, address: str
) -> None:
    def cost() -> list[str]:
        """The tables of the statements, in order."""
        with executed() as statements:
            assert viewer("GET", address)[0] == 200
        tables = [re.search(r'(?:FROM|INTO|UPDATE) "?decisioning_(\w+)', sql) for sql in statements]
        return [table[1] for table in tables if table is not None]

    random = Random(1)
    happen(tenant, random, 2, customers=["ada"])
    Interaction.objects.update(void=False, offer_key=None)
    viewer("GET", address)  # so that the key's last use and the progress are written already
    happen(tenant, random, 1, customers=["ada"])
    Interaction.objects.update(void=False, offer_key=None)
    assert cost() == COSTS[address]
    happen(tenant, random, 30, customers=["ada"])
    happen(tenant, random, 30)
    Interaction.objects.update(void=False, offer_key=None)
    assert cost() == COSTS[address]


def test_the_backfill_says_what_it_did_twice_the_same_and_keeps_nothing_of_a_dry_run(tenant: Tenant) -> None:
    happen(tenant, Random(3), 60)
    before = stored()
    dry = backfilled(tenant, dry_run=True)
    assert stored() == before
    real = backfilled(tenant)
    assert dry == f"{real} (dry run: rolled back)"
    assert real.startswith("acme: 5 customers counted, ")
    assert backfilled(tenant) == real
    assert backfilled(tenant, due=True) == "acme: nothing to do"
    assert SummaryProgress.objects.get().position == Interaction.objects.latest("pk").pk


def test_the_backfill_puts_right_what_is_wrong_and_takes_away_what_nobody_did(viewer: Door, tenant: Tenant) -> None:
    happen(tenant, Random(4), 60)
    backfilled(tenant)
    InteractionSummary.objects.filter(customer_id="bob").delete()
    InteractionSummary.objects.filter(customer_id="cleo").update(clicks=99, offer_key=F("offer_key") + 7)
    Interaction.objects.filter(customer_id="ada").delete()
    backfilled(tenant, batch_size=2)
    for customer_id in CUSTOMERS:
        customer_is_right(viewer, tenant, customer_id)
    assert not InteractionSummary.objects.filter(customer_id="ada").exists()


def test_a_corrected_or_erased_history_is_counted_anew_by_whoever_changed_it(viewer: Door, tenant: Tenant) -> None:
    happen(tenant, Random(5), 60)
    backfilled(tenant)
    Interaction.objects.filter(campaign_id=None).update(campaign_id="winter")
    summaries.redo(tenant, CUSTOMERS)
    for customer_id in CUSTOMERS:
        customer_is_right(viewer, tenant, customer_id)
    Interaction.objects.filter(customer_id="ada").delete()
    summaries.redo(tenant, ["ada"])
    assert not InteractionSummary.objects.filter(customer_id="ada").exists()
    totals_are_right(viewer, tenant, "channel", 365)


def test_reading_brings_the_summaries_up_to_date_a_piece_at_a_time(
    viewer: Door, tenant: Tenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(summaries, "MOST_AT_ONCE", 20)
    rows = happen(tenant, Random(6), 50)
    positions = []
    for _ in range(3):
        totals_are_right(viewer, tenant, "offer", 365)
        positions.append(SummaryProgress.objects.get().position)
    assert positions[-1] == rows[-1].pk
    assert summaries.customers_due(tenant) == []


def test_a_number_far_beyond_32_bits_is_added_up_exactly(viewer: Door, happened: Happened) -> None:
    for _ in range(3):
        happened(NOON, outcome="convert", value_micros=999_999_999_999_000_000)
    assert viewer("GET", f"{LIST}?customerId=ada")[1]["data"][0]["totalValue"] == 2_999_999_999_997.0
