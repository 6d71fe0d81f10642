"""From nothing to a system one can try: migrates, and makes the demo tenant once."""

from __future__ import annotations

import json
from argparse import ArgumentParser
from itertools import count
from pathlib import Path
from typing import Any

from django.conf import settings
from django.contrib.auth.models import User
from django.core.management import call_command
from django.core.management.base import BaseCommand
from django.db import transaction
from django.utils.crypto import get_random_string

from creatives.models import Creative
from decisioning.demo.asking import ask
from decisioning.demo.build import build_configuration
from decisioning.demo.people import introduce
from decisioning.demo.simulation import EXAMPLE_CUSTOMER, simulate
from decisioning.models import Interaction
from kaireon import clock
from kaireon.access import ApiKey, Membership, create_tenant, digest_of, issue_key, operator
from kaireon.tenancy import Role, Tenant
from kaireon.writing import writing

DEMO = "demo"
USER = "demo"


class Command(BaseCommand):
    """`manage.py quickstart`; a second run keeps everything and prints the same again."""

    help = "Migrate, create the demo tenant with catalogue, policies and simulated history, and say how to try it."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--customers", type=int, default=3000, help="simulated customers (default 3000)")
        parser.add_argument("--seed", type=int, default=7, help="seed of the simulation (default 7)")
        parser.add_argument("--host", default="127.0.0.1", help="where the server will answer, for the printed lines")
        parser.add_argument("--port", type=int, default=8000)
        parser.add_argument(
            "--credentials",
            type=Path,
            default=settings.BASE_DIR / "var" / "quickstart.json",
            help="file that keeps what was printed (default var/quickstart.json)",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        call_command("migrate", verbosity=0)
        tenant = Tenant.objects.filter(key=DEMO).first()
        if tenant is None:
            size, now = {"customers": options["customers"], "seed": options["seed"]}, clock.now()
            with transaction.atomic():
                tenant = create_tenant(key=DEMO, name="Demo Bank", timezone="Europe/Berlin")
                build_configuration(tenant)
                introduce(tenant, **size)
                interactions = simulate(tenant, **size, until=now)
            decisions = ask(tenant, **size, until=now)
            self.stdout.write(
                f"Made the tenant {DEMO} with {interactions:,} simulated interactions and {decisions:,} decisions."
            )
        self._say(tenant, credentials(tenant, options["credentials"]), f"http://{options['host']}:{options['port']}")

    def _say(self, tenant: Tenant, known: dict[str, str], address: str) -> None:
        request = json.dumps(_example(tenant))
        self.stdout.write(
            f"\nAdmin    {address}/admin/   user {known['user']}   password {known['password']}\n"
            f"API      {address}/api/v1/docs\n"
            f"API key  {known['key']}\n\n"
            "Why may this customer not be sent another e-mail?\n\n"
            f"curl -s {address}/api/v1/decisions/filter -H 'X-API-Key: {known['key']}' \\\n"
            f"  -H 'Content-Type: application/json' -d '{request}' | python3 -m json.tool\n"
        )


def credentials(tenant: Tenant, path: Path) -> dict[str, str]:
    """The demo's user, password and key; kept in a file, because the system itself stores only their digests."""
    known = _read(path)
    if _still_valid(tenant, known):
        return known
    with transaction.atomic():
        known = {"user": _free_name(), "password": get_random_string(16), "key": _new_key(tenant)}
        # A superuser, so that the demo shows tenants and users, too.
        user = User.objects.create_superuser(known["user"], password=known["password"])
        with writing(operator(tenant, "quickstart")) as unit:
            unit.create(Membership(user=user, role=Role.ADMIN))
    _keep(path, known)
    return known


def _read(path: Path) -> dict[str, str]:
    """What an earlier run kept; nothing when the file is not there or cannot be read any more."""
    try:
        known = json.loads(path.read_text())
    except (OSError, ValueError):
        return {}
    return known if isinstance(known, dict) else {}


def _keep(path: Path, known: dict[str, str]) -> None:
    """Writes the file whole or not at all, readable for nobody else."""
    path.parent.mkdir(exist_ok=True, parents=True)
    fresh = path.with_suffix(".new")
    fresh.unlink(missing_ok=True)
    fresh.touch(mode=0o600)
    fresh.write_text(json.dumps(known))
    fresh.replace(path)


def _free_name() -> str:
    """A user name that nobody has: an account somebody made is never taken over."""
    names = (USER if number == 1 else f"{USER}{number}" for number in count(1))
    return next(name for name in names if not User.objects.filter(username=name).exists())


def _still_valid(tenant: Tenant, known: dict[str, str]) -> bool:
    user = User.objects.filter(username=str(known.get("user"))).first()
    key = ApiKey.objects.filter(tenant=tenant, digest=digest_of(str(known.get("key")))).first()
    return key is not None and user is not None and user.check_password(str(known.get("password")))


def _new_key(tenant: Tenant) -> str:
    with writing(operator(tenant, "quickstart")) as unit:
        names = ("quickstart" if number == 1 else f"quickstart {number}" for number in count(1))
        taken = set(ApiKey.objects.of(tenant).values_list("name", flat=True))
        _, secret = issue_key(unit, name=next(name for name in names if name not in taken), role=Role.ADMIN)
    return secret


def _example(tenant: Tenant) -> dict[str, Any]:
    """A question whose answer is a suppression: the example customer, as of the end of the simulated history."""
    last = Interaction.objects.of(tenant).filter(customer_id=EXAMPLE_CUSTOMER).order_by("-at").first()
    emails = Creative.objects.filter(tenant=tenant, channel__channel_type="email").order_by("pk")[:2]
    return {
        "customerId": EXAMPLE_CUSTOMER,
        "candidates": [{"creativeId": creative.public_id} for creative in emails],
        "asOf": clock.text(last.at if last is not None else clock.now()),
    }
