"""Summaries added up from history one interaction after the other, straight from SPEC section 5, and random history."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

from creatives.models import Category, Channel, Creative, Offer
from decisioning.models import Interaction, OutcomeType
from kaireon import clock
from kaireon.tenancy import Tenant
from tests.conftest import Door

OUTCOMES = ("impression", "impression", "impression", "click", "convert", "dismiss", "accept", "not_presented")
CUSTOMERS = ("ada", "bob", "cleo", "d/e f", "ü🎉")
CAMPAIGNS = (None, None, "spring", "Ä \n")
# Instants around which ISO years, months and days change, and one before 1970.
EDGES = [
    datetime(2026, 12, 31, 23, 59, 59, 999_000, tzinfo=UTC),
    datetime(2027, 1, 1, tzinfo=UTC),
    datetime(2027, 1, 3, 23, 59, 59, 999_000, tzinfo=UTC),
    datetime(2027, 1, 4, tzinfo=UTC),
    datetime(2024, 12, 30, tzinfo=UTC),
    datetime(2021, 1, 3, 12, tzinfo=UTC),
    datetime(2000, 2, 29, 1, tzinfo=UTC),
    datetime(2016, 1, 1, tzinfo=UTC),
    datetime(1969, 12, 28, 5, tzinfo=UTC),
    datetime(1, 1, 1, tzinfo=UTC),
]


def happen(tenant: Tenant, random: Random, number: int, *, customers: Iterable[str] = CUSTOMERS) -> list[Interaction]:
    """Stores random interactions: now, lately, long ago and at the edges; some of them void."""
    now, found = clock.now(), list(customers)
    rows = []
    for _ in range(number):
        at = now - timedelta(seconds=int(40 * 86_400 * random.random() ** 3))
        rows.append(
            Interaction(
                tenant=tenant,
                customer_id=random.choice(found),
                at=random.choice(EDGES) if random.random() < 0.15 else at,
                outcome=random.choice(OUTCOMES),
                offer_key=random.choice((None, 1, 2)),
                creative_key=random.choice((None, 3, 4)),
                channel_key=random.choice((None, 5)),
                category_key=random.choice((None, 6)),
                campaign_id=random.choice(CAMPAIGNS),
                cost_micros=random.choice((0, 120_000)),
                value_micros=random.choice((0, 0, -2_500_000, 99_000_001)),
                void=random.random() < 0.1,
                recorded_at=now,
            )
        )
    return Interaction.objects.bulk_create(rows)


def withdraw(tenant: Tenant, random: Random) -> None:
    """Makes one impression void, in the way respond does: with the interaction that says so."""
    shown = list(Interaction.objects.of(tenant).filter(outcome="impression", void=False))
    if shown:
        one = random.choice(shown)
        Interaction.objects.filter(pk=one.pk).update(void=True)
        said = {"customer_id": one.customer_id, "at": clock.now(), "recorded_at": clock.now()}
        Interaction.objects.create(tenant=tenant, outcome="not_presented", offer_key=one.offer_key, **said)


def expected_summaries(tenant: Tenant, customer_id: str) -> list[dict[str, Any]]:
    """What `/interaction-summaries` must say of a customer, in any order."""
    groups: dict[Any, list[Interaction]] = defaultdict(list)
    for row in Interaction.objects.of(tenant).filter(customer_id=customer_id, void=False):
        subject = (row.offer_key, row.creative_key, row.channel_key, row.category_key, row.campaign_id)
        for period in _periods(row.at):
            groups[period, subject].append(row)
    return [
        {
            "customerId": customer_id,
            "periodType": period[0],
            "periodKey": period[1],
            "offerId": offer and Offer.id_kind.encode(offer),
            "creativeId": creative and Creative.id_kind.encode(creative),
            "channelId": channel and Channel.id_kind.encode(channel),
            "categoryId": category and Category.id_kind.encode(category),
            "campaignId": campaign,
            **_counted(rows, _classes(tenant)),
        }
        for (period, (offer, creative, channel, category, campaign)), rows in groups.items()
    ]


def expected_summary(tenant: Tenant, group: str, *, first: str, last: str) -> list[dict[str, Any]]:
    """What `/interaction-summary` must say of the days from first to last, names aside, in its order."""
    groups: dict[Any, list[Interaction]] = defaultdict(list)
    for row in Interaction.objects.of(tenant).filter(void=False):
        if first <= row.at.date().isoformat() <= last:
            key = row.customer_id if group == "customer" else getattr(row, f"{group}_key") or 0
            groups[key].append(row)
    kinds: dict[str, Any] = {"offer": Offer, "creative": Creative, "channel": Channel}
    lines = []
    for key, rows in groups.items():
        numbers = _counted(rows, _classes(tenant))
        shown = numbers["impressions"]
        rates = {"ctr": numbers["clicks"] / shown, "cvr": numbers["conversions"] / shown} if shown else {}
        public_id = key if group == "customer" else kinds[group].id_kind.encode(key) if key else None
        lines.append((-shown, key, {"id": public_id, **numbers, "ctr": None, "cvr": None, **rates}))
    return [line for *_, line in sorted(lines, key=lambda each: each[:2])]


def walked(door: Door, address: str, **query: Any) -> tuple[list[dict[str, Any]], Any]:
    """Every row of all pages, and the last page."""
    rows, cursor = [], ""
    asked = "&".join(f"{name}={value}" for name, value in query.items())
    while cursor is not None:
        status, page = door("GET", f"{address}?{asked}&cursor={cursor}")
        assert status == 200, page
        rows += page["data"]
        cursor = page["pagination"]["nextCursor"]
    assert len(rows) == page["pagination"]["total"]
    return rows, page


def _periods(at: datetime) -> Iterator[tuple[str, str]]:
    year, week, _ = at.isocalendar()
    yield "daily", at.date().isoformat()
    yield "weekly", f"{year:04}-W{week:02}"
    yield "monthly", f"{at.year:04}-{at.month:02}"
    yield "alltime", "all"


def _counted(rows: list[Interaction], classes: dict[str, str]) -> dict[str, Any]:
    def number(*outcomes: str) -> int:
        return sum(row.outcome in outcomes for row in rows)

    def classified(classification: str) -> int:
        return sum(classes.get(row.outcome, "neutral") == classification for row in rows)

    contacts = [row.at for row in rows if row.outcome == "impression"]
    return {
        "impressions": number("impression"),
        "clicks": number("click"),
        "conversions": number("convert", "conversion"),
        "positive": classified("positive"),
        "negative": classified("negative"),
        "neutral": classified("neutral"),
        "totalValue": sum(row.value_micros for row in rows) / 1_000_000,
        "cost": sum(row.cost_micros for row in rows) / 1_000_000,
        "lastContactAt": clock.text(max(contacts)) if contacts else None,
    }


def _classes(tenant: Tenant) -> dict[str, str]:
    return dict(OutcomeType.objects.of(tenant).values_list("key", "classification"))
