"""The table of the pages: how long each takes over a large tenant, the first time in a process and after that.

It fills a database made for the run on the server that DATABASE_URL names (PostgreSQL unless `--sqlite`), which takes
some minutes, and drops it afterwards.
"""

import argparse
import platform
import statistics
from collections.abc import Iterator
from datetime import timedelta
from time import perf_counter
from typing import Any

from tests.benchmarks.fresh import database

RUNS = 5
SLOWEST = 1.0  # seconds a page may take


def main() -> None:
    """Prints the table."""
    parser = argparse.ArgumentParser(description="Times every page of the admin over a large tenant.")
    for name, number in (("policies", 100_000), ("creatives", 1_000_000), ("interactions", 10_000_000)):
        parser.add_argument(f"--{name}", type=int, default=number)
    parser.add_argument("--sqlite", action="store_true")
    asked = parser.parse_args()
    with database(settings="tests.benchmarks.settings", sqlite=asked.sqlite):
        from tests.benchmarks.pages.world import Size, fill

        tenant = fill(Size(policies=asked.policies, creatives=asked.creatives, interactions=asked.interactions))
        for line in timed(tenant):
            print(line, flush=True)


def timed(tenant: Any) -> Iterator[str]:
    """The lines of the table."""
    from django.db import connection

    yield f"{connection.vendor}, Python {platform.python_version()}; seconds, the median of {RUNS} after the first"
    yield "| page | first | then | queries |\n|---|---|---|---|"
    browser = logged_in(tenant)
    slow = []
    for name, address in addresses(tenant):
        first, queries = visit(browser, address)
        then = statistics.median(visit(browser, address)[0] for _ in range(RUNS))
        if max(first, then) > SLOWEST:
            slow.append(name)
        yield f"| {name} | {first:.2f} | {then:.2f} | {queries} |"
    yield f"Slower than {SLOWEST:g} s: {', '.join(slow) or 'none'}."


def logged_in(tenant: Any) -> Any:
    """The browser of somebody who may do everything in the tenant."""
    from django.contrib.auth.models import User
    from django.test import Client

    from kaireon.access import Membership, operator
    from kaireon.tenancy import Role
    from kaireon.writing import writing

    user = User.objects.filter(username="reader").first()
    if user is None:
        user = User.objects.create_user("reader", is_staff=True)
        with writing(operator(tenant, "benchmark")) as unit:
            unit.create(Membership(user=user, role=Role.ADMIN))
    browser = Client()
    browser.force_login(user)
    return browser


def visit(browser: Any, address: str) -> tuple[float, int]:
    """Seconds until the page is there, and what it asked of the database."""
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    with CaptureQueriesContext(connection) as queries:
        start = perf_counter()
        page = browser.get(address, follow=True)
        took = perf_counter() - start
    assert page.status_code == 200, (address, page.status_code)
    understood = "why-not/?" not in address or b"What each stage leaves" in page.content
    assert understood, address
    return took, len(queries)


def seen_by_admins(model: Any) -> bool:
    """Whether a tenant's administrator, who is not the installation's, has a list of these."""
    return model._meta.app_label != "auth"


def addresses(tenant: Any) -> Iterator[tuple[str, str]]:
    """Every page: a name and where it is. The questions come first, so that nothing is known beforehand."""
    from django.contrib import admin
    from django.urls import reverse

    from creatives.models import Creative, Offer
    from kaireon import clock
    from policies.models import ContactPolicy

    offer = Offer.objects.of(tenant).order_by("pk")[1000 % Offer.objects.of(tenant).count()]
    asking = f"{reverse('admin:why_not')}?customer=customer+17"
    yield "why not, an offer", f"{asking}&offer={offer.public_id}"
    yield (
        "why not, an offer a month ago",
        f"{asking}&offer={offer.public_id}&at={clock.now() - timedelta(days=30):%Y-%m-%dT%H:%M}",
    )
    yield "why not, everything", asking
    yield "why not, what is allowed", f"{asking}&show=allowed"
    yield "overview", reverse("admin:index")
    yield "customers while typing", f"{reverse('admin:why_not_customers')}?q=customer+17"
    for model in filter(seen_by_admins, admin.site._registry):
        name = model._meta.verbose_name_plural
        base = f"admin:{model._meta.app_label}_{model._meta.model_name}"
        yield f"{name}", reverse(f"{base}_changelist")
        yield f"{name}, searched", f"{reverse(f'{base}_changelist')}?q=17"
        row = model._default_manager.order_by("pk").last()
        if row is not None:
            yield f"{name}, one", reverse(f"{base}_change", args=[row.pk])
    for model in (ContactPolicy, Offer, Creative):
        name, row = model._meta.verbose_name_plural, model.objects.of(tenant).order_by("pk").last()
        base = f"admin:{model._meta.app_label}_{model._meta.model_name}"
        yield f"{name}, last page", f"{reverse(f'{base}_changelist')}?p=99999"
        yield f"{name}, new", reverse(f"{base}_add")
        yield f"{name}, one's history", reverse(f"{base}_history", args=[row.pk])
        yield f"{name}, deleting one", reverse(f"{base}_delete", args=[row.pk])


if __name__ == "__main__":
    main()
