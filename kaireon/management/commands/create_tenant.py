"""Makes a tenant."""

from argparse import ArgumentParser
from typing import Any

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError

from kaireon.access import create_tenant
from kaireon.commands import database


class Command(BaseCommand):
    """`manage.py create_tenant KEY --name NAME`; prints the tenant's id."""

    help = "Create a tenant and print its id."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("key", help="short name for commands: lower-case letters, digits and hyphens")
        parser.add_argument("--name", required=True, help="the name people see")
        parser.add_argument("--timezone", default="UTC", help="IANA time zone of its policies (default UTC)")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            with database():
                tenant = create_tenant(key=options["key"], name=options["name"], timezone=options["timezone"])
        except ValidationError as error:
            faults = [
                f'{name} "{options.get(name)}": {text}' for name, said in error.message_dict.items() for text in said
            ]
            raise CommandError("; ".join(faults)) from error
        self.stdout.write(tenant.public_id)
