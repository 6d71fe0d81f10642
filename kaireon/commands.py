"""What the management commands share."""

from collections.abc import Iterator
from contextlib import contextmanager

from django.core.management.base import CommandError
from django.db import OperationalError, ProgrammingError

from kaireon.tenancy import Tenant


@contextmanager
def database() -> Iterator[None]:
    """Where a command first asks the database: one that is away or empty is a CommandError."""
    try:
        yield
    except (OperationalError, ProgrammingError) as error:
        said = str(error).partition("\n")[0]
        raise CommandError(f"{said}: see that DATABASE_URL is right and manage.py migrate was run.") from error


def tenant_named(key: str) -> Tenant:
    """The tenant with this key; CommandError names those there are."""
    with database():
        tenant = Tenant.objects.filter(key=key).first()
    if tenant is None:
        known = ", ".join(Tenant.objects.order_by("key").values_list("key", flat=True)[:20]) or "none yet"
        raise CommandError(f'There is no tenant "{key}"; there are: {known}.')
    return tenant
