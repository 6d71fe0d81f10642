"""Keeps everything about a customer from being deleted."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from decisioning.models import LegalHold
from decisioning.upkeep import legal_holds
from kaireon import clock
from kaireon.access import operator
from kaireon.commands import tenant_named
from kaireon.writing import writing

LONGEST_REASON = 1000


class Command(BaseCommand):
    """`manage.py legal_hold --tenant KEY [CUSTOMER (--reason TEXT | --release)]`; without a customer it lists them."""

    help = "Put a customer under a legal hold, or release them; without one, list who is under a hold."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("customer", nargs="?", metavar="CUSTOMER")
        parser.add_argument("--tenant", required=True, help="the tenant's key")
        parser.add_argument("--reason", help="why nothing may be deleted")
        parser.add_argument("--release", action="store_true", help="the customer's history may be deleted again")

    def handle(self, *args: Any, **options: Any) -> None:
        tenant, customer, reason = tenant_named(options["tenant"]), options["customer"], options["reason"]
        if customer is None:
            for hold in LegalHold.objects.of(tenant).order_by("customer_id"):
                self.stdout.write(f"{hold.customer_id}: {hold.reason} (since {clock.text(hold.created_at)})")
            return
        if bool(reason) == options["release"]:
            raise CommandError("Say --reason TEXT or --release.")
        if reason and len(reason) > LONGEST_REASON:
            raise CommandError(f"--reason: write at most {LONGEST_REASON} characters.")
        with writing(operator(tenant, "legal_hold")) as unit:
            if options["release"]:
                said = "released" if legal_holds.release(unit, customer) else "is under no hold"
            else:
                said = "held" if legal_holds.place(unit, customer, reason=reason) else "is under a hold already"
        self.stdout.write(f"{customer} {said}")
