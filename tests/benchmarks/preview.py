"""The impact preview over a million contacts: `python -m tests.benchmarks.preview [--contacts N]`.

It fills a database made for the run on the server that DATABASE_URL names (SQLite unless told) and drops it afterwards.
Every preview is made several times; printed are the medians of the time it took and of the processor time of this
process, which a busy machine changes less.
"""

import argparse
import platform
import statistics
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter, process_time
from typing import Any

from policies.scope import Assignment
from tests.decisioning.replay_touches import own_database

RUNS = 3
DAY = 86_400
CASES = [
    ("frequency_cap", {"maxFrequency": 5, "periodDays": 30, "outcomeType": "impression"}),
    ("cooldown", {"cooldownHours": 24, "periodDays": 30}),
    ("customer_total_cap", {"maxTotal": 3, "periodType": "weekly", "periodDays": 30}),
    ("cross_channel_cap", {"maxTotal": 1, "periodType": "monthly", "windowType": "calendar", "periodDays": 30}),
    ("offer_category_cap", {"targetCategory": "cards", "maxTotal": 2, "periodDays": 30}),
    ("outcome_based", {"afterOutcome": ["complaint", "click"], "suppressForDays": 14, "periodDays": 30}),
]
FILL = """WITH RECURSIVE numbers(n) AS (
        SELECT CAST(1 AS bigint) UNION ALL SELECT n + 1 FROM numbers WHERE n < {contacts}
    )
    INSERT INTO decisioning_interaction (tenant_id, customer_id, at, outcome, offer_key, channel_key, category_key,
        label, cost_micros, value_micros, recorded_at, void, direction)
    SELECT {tenant}, 'customer ' || (n * 7919 % {customers} * (n * 104729 % 1009) / 1009),
        {at}, CASE n % 20 WHEN 0 THEN 'click' WHEN 1 THEN 'complaint' ELSE 'impression' END,
        n * 31 % 50 + 1, n % 4 + 1, n * 31 % 10 + 1, CASE n * 31 % 5 WHEN 0 THEN 'cards' ELSE 'loans' END,
        0, 0, {at}, {false}, ''
    FROM numbers"""
MEMBERS = """INSERT INTO decisioning_segmentmember (tenant_id, customer_id, segment_id)
    SELECT {tenant}, id, {segment} FROM decisioning_customer WHERE id % 3 > 0"""


def main() -> None:
    """Prints the table."""
    parser = argparse.ArgumentParser(description="Times the impact preview.")
    parser.add_argument("--contacts", type=int, default=1_000_000)
    contacts = parser.parse_args().contacts
    with TemporaryDirectory() as name, own_database(Path(name)):
        for line in timed(contacts):
            print(line, flush=True)


def timed(contacts: int) -> Iterator[str]:
    """The lines of the table. Models can be imported only now that Django is set up."""
    from django.db import connection

    from decisioning.insight.impact import preview
    from decisioning.insight.trials import TRIALS
    from kaireon import clock
    from kaireon.access import create_tenant

    tenant, now = create_tenant(key="acme", name="Acme"), clock.now()
    fill(tenant, contacts, int(now.timestamp()))
    yield f"{contacts:,} contacts of 30 days, {connection.vendor}, Python {platform.python_version()}, {RUNS} runs each"
    yield "| policy | customers | affected | all: s | own CPU s | sample of 1,000: s | own CPU s |\n" + "|---" * 7 + "|"
    everywhere = [Assignment("global")]
    for slug, config in CASES:
        trial = TRIALS[slug].parse(config).rule
        try_out = partial(preview, tenant, trial, everywhere, now=now)
        whole, sample = ([measured(partial(try_out, most=most)) for _ in range(RUNS)] for most in (None, 1000))
        impact = whole[0][2].impact
        cells = [statistics.median(run[part] for run in runs) for runs in (whole, sample) for part in (0, 1)]
        numbers = " | ".join(f"{cell:.2f}" for cell in cells)
        yield f"| {slug} | {impact.analysed:,} | {impact.customers_affected:,} | {numbers} |"


def measured(run: Callable[[], Any]) -> tuple[float, float, Any]:
    """Seconds on the clock, seconds this process computed, and what it made."""
    start, cpu = perf_counter(), process_time()
    made = run()
    return perf_counter() - start, process_time() - cpu, made


def fill(tenant, contacts: int, now: int) -> None:
    """A tenth as many customers as contacts, two thirds of them in a segment."""
    from django.db import connection

    from decisioning.models import Segment
    from kaireon.access import operator
    from kaireon.writing import writing

    # Contacts are recorded in about the order in which they happened.
    second = f"{now - 30 * DAY + 1} + n * {30 * DAY - 3600} / {contacts} + n * 48271 % 3000"
    postgres = connection.vendor == "postgresql"
    at = f"to_timestamp({second})" if postgres else f"datetime({second}, 'unixepoch')"
    with writing(operator(tenant, "benchmark")) as unit:
        segment = Segment(name="subscribers")
        unit.create(segment)
    with connection.cursor() as cursor:
        words = {"contacts": contacts, "customers": max(contacts // 10, 1), "tenant": tenant.pk, "at": at}
        cursor.execute(FILL.format(**words, false="false" if postgres else "0"))
        json, now_sql = ("'{}'::jsonb", "now()") if postgres else ("'{}'", "datetime('now')")
        cursor.execute(
            f"""INSERT INTO decisioning_customer (tenant_id, customer_id, attributes, timezone, version, created_at,
                updated_at) SELECT {tenant.pk}, customer_id, {json}, '', 1, {now_sql}, {now_sql}
                FROM decisioning_interaction GROUP BY customer_id"""
        )
        cursor.execute(MEMBERS.format(tenant=tenant.pk, segment=segment.pk))
        cursor.execute("ANALYZE")


if __name__ == "__main__":
    main()
