"""Verifies the audit chain."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from kaireon import audit
from kaireon.commands import tenant_named
from kaireon.tenancy import Tenant


class Command(BaseCommand):
    """`manage.py verify_audit_log [--tenant KEY]`; exit 1 when a chain is broken."""

    help = "Walk the audit chain of one tenant, or of all, and say whether it is intact."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--tenant", help="the tenant's key (default: all tenants)")

    def handle(self, *args: Any, **options: Any) -> None:
        tenants = [tenant_named(options["tenant"])] if options["tenant"] else list(Tenant.objects.order_by("key"))
        broken = 0
        for tenant in tenants:
            found = audit.verify(tenant)
            broken += not found.intact
            fault = "" if found.intact else f": {found.broken_reason} ({found.broken_at or 'the end'})"
            state = "intact" if found.intact else "BROKEN"
            self.stdout.write(f"{tenant.key}: {state}, {found.verified} of {found.total} entries verified{fault}")
        if broken:
            raise CommandError(f"{broken} of {len(tenants)} chains are broken.")
