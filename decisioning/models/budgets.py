"""Totals over all customers, kept for the budgets that some policy asks about."""

from __future__ import annotations

from django.db import models

from kaireon.tenancy import TenantOwned, TenantQuerySet

WHOLE_TENANT = ""  # the dimension of a budget that everything counts in
MARKER = 0  # the key no row of the catalogue has


class BudgetTotal(TenantOwned):
    """A part of what all customers used of one budget: impressions, and money in micro-units.

    `dimension` and `key` say whose: an offer's, a channel's, or the tenant's. The total is the sum of its slices;
    writers add to different ones, so that they do not wait for each other. Slice 0 of the key 0 says that a dimension's
    totals are kept: what has no row there is zero.
    """

    tenant = models.ForeignKey(
        "kaireon.Tenant", on_delete=models.DO_NOTHING, related_name="+", db_constraint=False, db_index=False
    )
    dimension = models.CharField(max_length=16)
    key = models.BigIntegerField()
    slice = models.SmallIntegerField()
    impressions = models.BigIntegerField(default=0)
    micros = models.BigIntegerField(default=0)
    reserved_impressions = models.BigIntegerField(default=0)
    reserved_micros = models.BigIntegerField(default=0)

    objects = TenantQuerySet["BudgetTotal"].as_manager()

    class Meta:
        verbose_name = "budget total"
        constraints = [
            models.UniqueConstraint(fields=["tenant", "dimension", "key", "slice"], name="budget_total_once")
        ]

    def __str__(self) -> str:
        return f"{self.dimension or 'tenant'} {self.key}, slice {self.slice}"
