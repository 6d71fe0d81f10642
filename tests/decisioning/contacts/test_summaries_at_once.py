"""Summaries while others write: nothing is missed, nothing counted twice, and a killed backfill leaves no trace."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from io import StringIO
from random import Random
from typing import Any

import pytest
from django.conf import settings
from django.core.management import call_command
from django.db import connection, connections, transaction

from decisioning.contacts import summaries
from decisioning.models import Interaction, InteractionSummary, SummaryProgress
from kaireon import clock
from kaireon.access import create_tenant
from kaireon.tenancy import Tenant
from tests.conftest import Door, door_for
from tests.decisioning.servers import database_url
from tests.decisioning.summing import expected_summaries, expected_summary, happen, walked

pytestmark = pytest.mark.django_db(transaction=True)

WRITERS, EACH = 4, 60
COMMAND = [sys.executable, "manage.py", "backfill_interaction_summaries", "--tenant=acme", "--batch-size=2"]


@pytest.fixture
def company(transactional_db: None) -> Tenant:
    return create_tenant(key="acme", name="Acme")


@pytest.fixture
def boss(company: Tenant) -> Door:
    return door_for(company, "admin")


def contact(tenant: Tenant, customer_id: str) -> Interaction:
    now = clock.now()
    return Interaction.objects.create(
        tenant=tenant, customer_id=customer_id, at=now, recorded_at=now, outcome="impression"
    )


def by_customer(door: Door) -> dict[str, int]:
    rows, _ = walked(door, "interaction-summary", groupBy="customer", limit=100)
    return {row["id"]: row["impressions"] for row in rows}


def everything_is_right(door: Door, tenant: Tenant) -> None:
    for customer_id in summaries.customers(tenant):
        rows, _ = walked(door, "interaction-summaries", customerId=customer_id, limit=100)
        assert sorted(map(plain, rows)) == sorted(map(plain, expected_summaries(tenant, customer_id)))
    rows, page = walked(door, "interaction-summary", groupBy="customer", limit=100)
    expected = expected_summary(tenant, "customer", first=page["from"], last=page["to"])
    assert [row | {"name": None} for row in expected] == rows


def plain(row: dict[str, Any]) -> str:
    return repr(sorted(row.items()))


if connection.vendor == "postgresql":  # on SQLite nobody else writes meanwhile

    def test_a_row_that_is_committed_after_one_with_a_larger_key_is_counted(company: Tenant, boss: Door) -> None:
        stored, released = threading.Event(), threading.Event()

        def slow_writer() -> None:
            with transaction.atomic():
                contact(company, "ada")
                stored.set()
                released.wait(30)
            connections.close_all()

        thread = threading.Thread(target=slow_writer)
        thread.start()
        assert stored.wait(30)
        last = contact(company, "bob")
        for _ in range(3):
            assert by_customer(boss) == {"bob": 1}
        assert boss("GET", "interaction-summaries?customerId=bob")[1]["data"][0]["impressions"] == 1
        assert SummaryProgress.objects.get().position < last.pk - 1
        released.set()
        thread.join()
        for _ in range(3):
            assert by_customer(boss) == {"ada": 1, "bob": 1}
        assert SummaryProgress.objects.get().position == last.pk
        assert summaries.customers_due(company) == []


def test_answers_given_while_others_write_hold_everything_acknowledged_before_and_nothing_twice(
    company: Tenant, boss: Door
) -> None:
    acknowledged = [0] * WRITERS
    customers = ("ada", "bob", "cleo")

    def write(number: int) -> None:
        random = Random(number)
        for _ in range(EACH):
            with transaction.atomic():
                contact(company, random.choice(customers))
                time.sleep(random.random() / 500)
            acknowledged[number] += 1
        connections.close_all()

    threads = [threading.Thread(target=write, args=(number,)) for number in range(WRITERS)]
    for thread in threads:
        thread.start()
    while any(thread.is_alive() for thread in threads):
        before = sum(acknowledged)
        counted = sum(by_customer(boss).values())
        assert before <= counted <= sum(acknowledged) + WRITERS
        [line] = boss("GET", "interaction-summary")[1]["data"] or [{"impressions": 0}]
        assert line["impressions"] >= counted
        call_command("backfill_interaction_summaries", tenant="acme", due=True, verbosity=0, stdout=StringIO())
    for thread in threads:
        thread.join()
    assert sum(by_customer(boss).values()) == WRITERS * EACH
    everything_is_right(boss, company)
    summaries.keep_up(company)
    assert summaries.customers_due(company) == []


@pytest.mark.parametrize("options", [[], ["--due"]])
def test_a_backfill_killed_half_way_and_run_again_ends_as_one_that_was_not(
    company: Tenant, boss: Door, options: list[str]
) -> None:
    happen(company, Random(1), 3000, customers=[f"c{number:04}" for number in range(1500)])
    environment = {**os.environ, "DATABASE_URL": database_url()}
    silent: dict[str, Any] = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    process = subprocess.Popen([*COMMAND, *options], cwd=settings.BASE_DIR, env=environment, **silent)
    try:
        deadline = time.monotonic() + 60
        while InteractionSummary.objects.count() < 50:
            assert process.poll() is None, "the backfill ended by itself"
            assert time.monotonic() < deadline, "no summaries came"
            time.sleep(0.005)
    finally:
        process.send_signal(signal.SIGKILL)
        assert process.wait() == -signal.SIGKILL
    half = set(InteractionSummary.objects.values_list("customer_id", flat=True))
    assert len(half) < 1400
    assert SummaryProgress.objects.get().position == 0
    rows, page = walked(boss, "interaction-summary", groupBy="offer")
    expected = expected_summary(company, "offer", first=page["from"], last=page["to"])
    assert [row | {"name": None} for row in rows] == [row | {"name": None} for row in expected]
    finished = subprocess.run(
        [*COMMAND[:-1], *options], cwd=settings.BASE_DIR, env=environment, capture_output=True, check=True, text=True
    )
    assert finished.stdout.startswith("acme: ")
    assert summaries.customers_due(company) == []
    sample = Random(2).sample(summaries.customers(company), 40)
    for customer_id in sample:
        rows, _ = walked(boss, "interaction-summaries", customerId=customer_id, limit=100)
        assert sorted(map(plain, rows)) == sorted(map(plain, expected_summaries(company, customer_id)))
    assert sum(InteractionSummary.objects.filter(period_type="alltime").values_list("interactions", flat=True)) == (
        Interaction.objects.filter(void=False).count()
    )
