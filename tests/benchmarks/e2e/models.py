"""Where the rival keeps what it answered."""

from django.db import models

from kaireon.tenancy import TenantOwned, TenantQuerySet


class Shown(TenantOwned):
    """One answer of the rival, whole."""

    customer_id = models.CharField(max_length=255)
    decided_at = models.DateTimeField()
    answer = models.JSONField()

    objects = TenantQuerySet["Shown"].as_manager()

    class Meta:
        indexes = [models.Index(fields=["tenant", "customer_id", "-decided_at"], name="shown_to_customer")]
