"""Starts a PostgreSQL and two servers of its own, lets callers loose on them, kills the database in the middle, counts.

It ends with 1 when anything is lost, counted twice, beyond a cap, or answered otherwise than by a clear 503.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Thread
from time import monotonic, sleep
from typing import Any

import django

from tests.soak.cluster import Cluster, cluster

CAP = 3
CLIENTS, SERVERS = 8, 2
DOWN = 2.0  # seconds the database stays away
BACKGROUND = [["backfill_interaction_summaries", "--due"], ["expire_reservations"], ["rebuild_ledgers"]]


def main(minutes: float) -> int:
    """The exit code."""
    with cluster() as own, TemporaryDirectory() as logs:
        os.environ |= {"DATABASE_URL": own.url, "DJANGO_SETTINGS_MODULE": "kaireon.settings"}
        django.setup()
        return soaked(own, Path(logs), minutes)


def soaked(own: Cluster, logs: Path, minutes: float) -> int:
    """Models can be imported only now that Django is set up."""
    from django.conf import settings
    from django.core.management import call_command
    from django.db import connection

    from kaireon.access import create_tenant
    from tests.conftest import door_for
    from tests.decisioning.servers import servers
    from tests.soak.clients import Client, Told
    from tests.soak.verdict import findings

    settings.ALLOWED_HOSTS = ["testserver"]
    call_command("migrate", verbosity=0)
    tenant = create_tenant(key="acme", name="Acme")
    door, told = door_for(tenant, "admin"), Told()
    ids = world(door)
    connection.close()
    with servers(SERVERS, logs=logs) as running:
        begun = monotonic()
        until = begun + 60 * minutes
        about: dict[str, Any] = {"ports": [server.port for server in running], "headers": door.headers, "ids": ids}
        people = max(100, round(minutes * 400))
        clients = [Client(number, people=people, told=told, until=until, **about) for number in range(CLIENTS)]
        threads = [Thread(target=client.work) for client in clients]
        for thread in threads:
            thread.start()
        with commands(until) as outcomes:
            sleep(30 * minutes)
            crashed = monotonic()
            own.kill()
            sleep(DOWN)
            own.start()
            back = monotonic()
            for thread in threads:
                thread.join()
        assert all(server.process.poll() is None for server in running)
        rows = [
            (what, numbers, right) for what, numbers, right in findings(tenant, door, told, cap=CAP, crashed=crashed)
        ]
    answered = max((end for start, end in told.repeated if start < back), default=back)
    away = sum(crashed <= at <= answered for at in told.refused)
    told.answers |= {"503 while the database was away": away, "503 otherwise": len(told.refused) - away}
    print_table(told.answers, outcomes, rows, seconds=monotonic() - begun, repaired=answered - back)
    for fault in told.faults[:10]:
        print(f"fault: {fault[:500]}")
    return int(bool(told.faults) or not all(right for *_, right in rows))


def world(door: Any) -> dict[str, str]:
    """Two offers on an explicit and an implicit channel, a cap that stays, a budget far away, a pause to be edited."""
    ids: dict[str, str] = {}
    for name, mode in (("Email", "explicit"), ("Web", "implicit")):
        ids[name] = door.make("channels", name=name, status="active", impressionMode=mode, costPerContact=0.01)["id"]
        for offer in ("Sale", "Club"):
            made = door.make("offers", name=f"{offer} by {name}", status="active")["id"]
            about = {"offerId": made, "channelId": ids[name], "status": "active"}
            ids[f"by {name}"] = door.make("creatives", name=f"{offer} by {name}", **about)["id"]
    cap = {"ruleType": "frequency_cap", "config": {"maxPerDay": CAP}, "scope": "global"}
    door.make("contact-policies", name="Three", status="active", **cap)
    budget = {"ruleType": "budget_exhausted", "config": {"budgetField": "impressions", "threshold": 10**9}}
    door.make("contact-policies", name="Budget", status="active", scope="channel", scopeId="*", **budget)
    pause = {"ruleType": "cooldown", "config": {"cooldownHours": 0}, "scope": "global"}
    ids["pause"] = door.make("contact-policies", name="Pause", status="active", **pause)["id"]
    return ids


@contextmanager
def commands(until: float) -> Iterator[Counter[str]]:
    """The commands that run beside everything, one after the other, and how often each ended how."""
    outcomes: Counter[str] = Counter()

    def keep_running() -> None:
        number = 0
        while monotonic() < until:
            name, *options = BACKGROUND[number % len(BACKGROUND)]
            command = [sys.executable, "manage.py", name, "--tenant=acme", "--verbosity=0", *options]
            quiet = subprocess.DEVNULL
            ended = subprocess.run(command, check=False, stdout=quiet, stderr=quiet).returncode
            outcomes[f"{name} {'done' if ended == 0 else 'broken off'}"] += 1
            number += 1
            sleep(1)

    thread = Thread(target=keep_running)
    thread.start()
    try:
        yield outcomes
    finally:
        thread.join()


def print_table(
    answers: Counter[str],
    outcomes: Counter[str],
    rows: list[tuple[str, str, bool]],
    *,
    seconds: float,
    repaired: float,
) -> None:
    """What was done, what was found."""
    print(f"| what | in {seconds:,.0f} seconds | |\n| --- | ---: | --- |")
    for what, number in sorted((answers + outcomes).items()):
        print(f"| {what} | {number:,} | |")
    print(f"| everybody was answered again after the database was back | {repaired:.1f} s | |")
    for what, numbers, right in rows:
        print(f"| {what} | {numbers} | {'right' if right else 'WRONG'} |")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="Everything at once, with the database killed in the middle.")
    parser.add_argument("--minutes", type=float, default=10, help="how long (10)")
    sys.exit(main(parser.parse_args().minutes))
