"""How interactions are counted, written once for both databases: into summaries, and into totals over all customers."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, NamedTuple

from django.db import connection

from decisioning.models import CarriedSummary, Interaction, InteractionSummary
from decisioning.models.outcomes import Classification
from kaireon.database.statements import dialect, fetch, listed, moment, write
from kaireon.tenancy import Tenant

Classes = Mapping[str, str]  # an outcome's key to its classification; what is not named is neutral

HISTORY, SUMMARIES = Interaction._meta.db_table, InteractionSummary._meta.db_table
CARRIED = CarriedSummary._meta.db_table
# The names of an instant's periods in UTC. SQLite knows no ISO week: it is the week of its Thursday.
PERIODS: Mapping[str, Mapping[str, str]] = {
    "postgresql": {
        "daily": "to_char(timezone('UTC', at), 'YYYY-MM-DD')",
        "weekly": "to_char(timezone('UTC', at), 'IYYY-\"W\"IW')",
        "monthly": "to_char(timezone('UTC', at), 'YYYY-MM')",
    },
    "sqlite": {
        "daily": "strftime('%%Y-%%m-%%d', at)",
        "weekly": "strftime('%%Y-W', at, '-3 days', 'weekday 4') || "
        "substr('0' || ((strftime('%%j', at, '-3 days', 'weekday 4') + 6) / 7), -2)",
        "monthly": "strftime('%%Y-%%m', at)",
    },
}
SUBJECT = {
    "offer_key": "COALESCE(offer_key, 0)",
    "creative_key": "COALESCE(creative_key, 0)",
    "channel_key": "COALESCE(channel_key, 0)",
    "category_key": "COALESCE(category_key, 0)",
    "campaign_id": "COALESCE(campaign_id, '')",
}
# What one interaction adds to each number; `{words}` is one of a list of outcomes.
NUMBERS = {
    "interactions": "1",
    "impressions": "CASE WHEN outcome = 'impression' THEN 1 ELSE 0 END",
    "clicks": "CASE WHEN outcome = 'click' THEN 1 ELSE 0 END",
    "conversions": "CASE WHEN outcome IN ('convert', 'conversion') THEN 1 ELSE 0 END",
    "positive": "CASE WHEN outcome {words} THEN 1 ELSE 0 END",
    "negative": "CASE WHEN outcome {words} THEN 1 ELSE 0 END",
    "value_micros": "value_micros",
    "cost_micros": "cost_micros",
}
CONTACT_AT = "CASE WHEN outcome = 'impression' THEN at END"


class Line(NamedTuple):
    """What all customers did about one offer, creative or channel, or one customer about everything."""

    key: Any
    interactions: int
    impressions: int
    clicks: int
    conversions: int
    positive: int
    negative: int
    value_micros: int
    cost_micros: int
    last_contact_at: datetime | None

    @property
    def neutral(self) -> int:
        """The interactions that are neither positive nor negative."""
        return self.interactions - self.positive - self.negative


@dataclass(frozen=True, kw_only=True)
class Sums:
    """A question for lines: over which column, from which day to which (both counted), beyond which line, how many."""

    column: str
    first: date
    last: date
    beyond: tuple[int, Any] | None = None
    most: int


def recount(tenant: Tenant, customer_ids: Collection[str], classes: Classes) -> int:
    """Makes the customers' summaries say what history says, and what is left of it; the number of rows that changed.

    A row that is right stays as it is, under its own id. What was about void impressions only is taken away.
    """
    if not customer_ids:
        return 0
    whose = [tenant.pk, listed(customer_ids)]
    changed = write(_recounting(), [*_by_class(classes), *whose, *whose, *whose])
    if any(not interactions for (interactions,) in changed):
        InteractionSummary.objects.of(tenant).filter(customer_id__in=customer_ids, interactions=0).delete()
    return len(changed)


def carry(keys: Sequence[int], classes: Classes) -> None:
    """Notes what these interactions add to every summary; called in the transaction that deletes them."""
    write(_carrying(), [*_by_class(classes), listed(keys)])


ONCE = ("tenant_id", "customer_id", "period_type", "period_key", *SUBJECT)
COUNTED = (*NUMBERS, "last_contact_at")


def _recounting() -> str:
    once, columns = ", ".join(ONCE), ", ".join(COUNTED)
    return f"""INSERT INTO {SUMMARIES} ({once}, {columns})
        SELECT {once}, {_added_up()}
        FROM (
            SELECT {_of_each_period(void=True)} WHERE tenant_id = %s AND customer_id {_words()}
            UNION ALL
            SELECT {once}, {columns} FROM {CARRIED} WHERE tenant_id = %s AND customer_id {_words()}
        ) counted
        GROUP BY {once}
        EXCEPT SELECT {once}, {columns} FROM {SUMMARIES} WHERE tenant_id = %s AND customer_id {_words()}
        ON CONFLICT ({once}) DO UPDATE SET {", ".join(f"{name} = excluded.{name}" for name in COUNTED)}
        RETURNING interactions"""


def _carrying() -> str:
    once, columns = ", ".join(ONCE), ", ".join(COUNTED)
    added = ", ".join(f"{name} = {CARRIED}.{name} + excluded.{name}" for name in NUMBERS)
    later = f"{CARRIED}.last_contact_at IS NULL OR {CARRIED}.last_contact_at < excluded.last_contact_at"
    return f"""INSERT INTO {CARRIED} ({once}, {columns})
        SELECT {once}, {_added_up()}
        FROM (SELECT {_of_each_period(void=False)} WHERE id {dialect()["keys"]} AND NOT void) counted
        WHERE true GROUP BY {once}
        ON CONFLICT ({once}) DO UPDATE SET {added}, last_contact_at =
            CASE WHEN {later} THEN excluded.last_contact_at ELSE {CARRIED}.last_contact_at END
        RETURNING id"""


def _added_up() -> str:
    return ", ".join([*(f"CAST(SUM({name}) AS bigint)" for name in NUMBERS), "MAX(last_contact_at)"])


def _of_each_period(*, void: bool) -> str:
    """Interactions, once for each of their periods; of void ones, which may be among them, nothing is counted."""
    names = PERIODS[connection.vendor]
    periods = " UNION ALL ".join(f"SELECT '{period}' AS period_type" for period in (*names, "alltime"))
    period = " ".join(f"WHEN '{period}' THEN {name}" for period, name in names.items())
    key = f"CASE period_type {period} ELSE 'all' END AS period_key"
    subject = ["tenant_id", "customer_id", "period_type", key, *(f"{said} AS {name}" for name, said in SUBJECT.items())]
    numbers = {**_numbers(), "last_contact_at": CONTACT_AT}
    unless_void = "CASE WHEN void THEN {0} ELSE {1} END" if void else "{1}"
    counted = [
        f"{unless_void.format('NULL' if name == 'last_contact_at' else 0, number)} AS {name}"
        for name, number in numbers.items()
    ]
    return f"{', '.join([*subject, *counted])} FROM {HISTORY} CROSS JOIN ({periods}) periods"


def lines(tenant: Tenant, asked: Sums, *, position: int, classes: Classes) -> tuple[list[Line], int]:
    """The lines with the most impressions first, and how many there are; one statement.

    Customers with an interaction beyond `position` are counted from history and what is left of it, all others from
    their summaries. Both read every day that is asked for, so it takes the longer the more happened in these days.
    After an import a million may be due, whom PostgreSQL would go through anew for every summary if told NOT IN.
    """
    midnights = [asked.first, asked.last + timedelta(days=1)]
    instants = [connection.ops.adapt_datetimefield_value(datetime.combine(day, time(), UTC)) for day in midnights]
    summarised = [tenant.pk, asked.first.isoformat(), asked.last.isoformat()]
    due = [*_by_class(classes), tenant.pk, *instants, *summarised]
    beyond = [] if asked.beyond is None else [asked.beyond[0], *asked.beyond]
    found = fetch(_adding_up(asked), [tenant.pk, position, *summarised, *due, *beyond, asked.most])
    total = found[0][0] if found else 0
    return [Line._make((*row[1:-1], None if row[-1] is None else moment(row[-1]))) for row in found], total


def _adding_up(asked: Sums) -> str:
    whose = asked.column
    sums = ", ".join(f"CAST(SUM({name}) AS bigint) AS {name}" for name in NUMBERS)
    latest = dialect()["ms"].format("MAX(contact_at)")
    further = "" if asked.beyond is None else "WHERE impressions < %s OR (impressions = %s AND whose > %s)"
    return f"""WITH due AS (SELECT DISTINCT customer_id FROM {HISTORY} WHERE tenant_id = %s AND id > %s),
        counted AS (
            SELECT {whose} AS whose, {", ".join(NUMBERS)}, last_contact_at AS contact_at FROM {SUMMARIES} s
            WHERE tenant_id = %s AND period_type = 'daily' AND period_key BETWEEN %s AND %s
                AND NOT EXISTS (SELECT 1 FROM due WHERE due.customer_id = s.customer_id)
            UNION ALL
            SELECT {SUBJECT.get(whose, whose)}, {", ".join(_numbers().values())}, {CONTACT_AT} FROM {HISTORY}
            WHERE tenant_id = %s AND at >= %s AND at < %s AND NOT void
                AND customer_id IN (SELECT customer_id FROM due)
            UNION ALL
            SELECT {whose}, {", ".join(NUMBERS)}, last_contact_at FROM {CARRIED}
            WHERE tenant_id = %s AND period_type = 'daily' AND period_key BETWEEN %s AND %s
                AND customer_id IN (SELECT customer_id FROM due)
        ),
        lines AS (SELECT whose, {sums}, {latest} AS contact FROM counted GROUP BY whose)
        SELECT (SELECT COUNT(*) FROM lines), lines.* FROM lines {further} ORDER BY impressions DESC, whose LIMIT %s"""


def _numbers() -> Mapping[str, str]:
    return {name: number.format(words=_words()) for name, number in NUMBERS.items()}


def _words() -> str:
    return dialect()["words"]


def _by_class(classes: Classes) -> Sequence[Any]:
    """The positive and the negative outcomes, as `NUMBERS` asks for them."""
    wanted = (Classification.POSITIVE, Classification.NEGATIVE)
    return [listed([key for key, found in classes.items() if found == one]) for one in wanted]
