"""What the management commands share."""

from django.core.management.base import CommandError

from kaireon.tenancy import Tenant


def tenant_named(key: str) -> Tenant:
    """The tenant with this key; CommandError names those there are."""
    tenant = Tenant.objects.filter(key=key).first()
    if tenant is None:
        known = ", ".join(Tenant.objects.order_by("key").values_list("key", flat=True)[:20]) or "none yet"
        raise CommandError(f'There is no tenant "{key}"; there are: {known}.')
    return tenant
