"""What outlives history that is deleted for its age, and what keeps history from being deleted."""

from __future__ import annotations

from django.db import models

from kaireon.tenancy import TenantOwned, TenantQuerySet


class CarriedTotal(TenantOwned):
    """What interactions that are deleted had used of one budget: impressions, and money in micro-units.

    `dimension` and `key` as in `BudgetTotal`. A total over all customers is this and what history adds up to.
    """

    tenant = models.ForeignKey(
        "kaireon.Tenant", on_delete=models.DO_NOTHING, related_name="+", db_constraint=False, db_index=False
    )
    dimension = models.CharField(max_length=16)
    key = models.BigIntegerField()
    impressions = models.BigIntegerField(default=0)
    micros = models.BigIntegerField(default=0)

    objects = TenantQuerySet["CarriedTotal"].as_manager()

    class Meta:
        verbose_name = "carried total"
        constraints = [models.UniqueConstraint(fields=["tenant", "dimension", "key"], name="carried_total_once")]

    def __str__(self) -> str:
        return f"{self.dimension or 'tenant'} {self.key}"


class ErasedRow(TenantOwned):
    """An interaction that was erased with its customer, by the fingerprint of the row it came from or is exported as.

    It does not say whose it was. What it used of budgets is kept, so it must not come back and count twice.
    """

    tenant = models.ForeignKey(
        "kaireon.Tenant", on_delete=models.DO_NOTHING, related_name="+", db_constraint=False, db_index=False
    )
    import_key = models.BigIntegerField()

    objects = TenantQuerySet["ErasedRow"].as_manager()

    class Meta:
        verbose_name = "erased row"
        constraints = [models.UniqueConstraint(fields=["tenant", "import_key"], name="erased_row_once")]

    def __str__(self) -> str:
        return f"row {self.import_key}"


class LegalHold(TenantOwned):
    """A customer of whom nothing may be deleted as long as this row is there, whatever its age."""

    customer_id = models.CharField(max_length=255)
    reason = models.CharField(max_length=1000)
    created_at = models.DateTimeField()

    objects = TenantQuerySet["LegalHold"].as_manager()

    class Meta:
        verbose_name = "legal hold"
        constraints = [models.UniqueConstraint(fields=["tenant", "customer_id"], name="legal_hold_once")]

    def __str__(self) -> str:
        return f"hold on {self.customer_id}"


class HistoryCut(TenantOwned):
    """The instant before which a tenant's history was deleted. What it came to is kept, so it must not come back."""

    before = models.DateTimeField()

    objects = TenantQuerySet["HistoryCut"].as_manager()

    class Meta:
        verbose_name = "history cut"
        constraints = [models.UniqueConstraint(fields=["tenant"], name="history_cut_once")]

    def __str__(self) -> str:
        return f"nothing before {self.before}"
