"""Makes an API key."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from kaireon import clock
from kaireon.access import issue_key, operator
from kaireon.commands import tenant_named
from kaireon.tenancy import Role
from kaireon.writing import DuplicateName, writing


class Command(BaseCommand):
    """`manage.py create_api_key --tenant KEY --role ROLE [--name N]`; prints the key alone on stdout."""

    help = "Create an API key and print it; it is shown this once."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--tenant", required=True, help="the tenant's key")
        parser.add_argument("--role", required=True, choices=Role.values)
        parser.add_argument("--name", help="what to call it (default: its role and the current time)")

    def handle(self, *args: Any, **options: Any) -> None:
        tenant = tenant_named(options["tenant"])
        name = options["name"] or f"{options['role']} {clock.text(clock.now())}"
        if len(name) > 255:
            raise CommandError("The name is longer than 255 characters; shorten it.")
        try:
            with writing(operator(tenant, "create_api_key")) as unit:
                _, secret = issue_key(unit, name=name, role=options["role"])
        except DuplicateName as error:
            raise CommandError(str(error)) from error
        self.stdout.write(secret)
