"""Makes a tenant."""

from argparse import ArgumentParser
from typing import Any

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError

from kaireon.access import create_tenant


class Command(BaseCommand):
    """`manage.py create_tenant KEY --name NAME`; prints the tenant's id."""

    help = "Create a tenant and print its id."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("key", help="short name for commands: lower-case letters, digits and hyphens")
        parser.add_argument("--name", required=True, help="the name people see")
        parser.add_argument("--timezone", default="UTC", help="IANA time zone of its policies (default UTC)")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            tenant = create_tenant(key=options["key"], name=options["name"], timezone=options["timezone"])
        except ValidationError as error:
            raise CommandError("; ".join(error.messages)) from error
        self.stdout.write(tenant.public_id)
