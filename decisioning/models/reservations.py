"""Reservations: places in the limits that decisions took and nobody has used yet."""

from __future__ import annotations

from typing import Self

from django.db import models

from kaireon.tenancy import TenantOwned, TenantQuerySet


class ReservationState(models.TextChoices):
    """What became of a place. Only an open one counts, until it is settled or its time has run out."""

    OPEN = "open"
    COMMITTED = "committed"
    RELEASED = "released"
    LAPSED = "lapsed"


class ReservationQuerySet(TenantQuerySet["Reservation"]):
    """The read words of reservations."""

    def open(self) -> Self:
        """Those that nobody has settled; their time may have run out."""
        return self.filter(state=ReservationState.OPEN)


class Reservation(TenantOwned):
    """The place one line of a recommendation has in every limit, with what a contact of it would be.

    It is the truth; the customer's ledger and the totals of budgets repeat what is open.
    """

    tenant = models.ForeignKey(
        "kaireon.Tenant", on_delete=models.DO_NOTHING, related_name="+", db_constraint=False, db_index=False
    )
    customer_id = models.CharField(max_length=255)
    decision_key = models.BigIntegerField()
    rank = models.SmallIntegerField()
    state = models.CharField(max_length=16, choices=ReservationState.choices, default=ReservationState.OPEN)
    reserved_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    offer_key = models.BigIntegerField(null=True)
    creative_key = models.BigIntegerField(null=True)
    channel_key = models.BigIntegerField(null=True)
    placement_key = models.BigIntegerField(null=True)
    category_key = models.BigIntegerField(null=True)
    sub_category_key = models.BigIntegerField(null=True)
    label = models.CharField(max_length=255, default="", blank=True)
    campaign_id = models.CharField(max_length=255, null=True)  # noqa: DJ001  absent is not a campaign called ""
    cost_micros = models.BigIntegerField(default=0)

    objects = ReservationQuerySet.as_manager()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["decision_key", "rank"], name="reservation_once")]
        indexes = [
            models.Index(fields=["tenant", "customer_id"], name="reservation_of_customer"),
            models.Index(fields=["expires_at"], condition=models.Q(state="open"), name="reservation_lapse"),
        ]

    def __str__(self) -> str:
        return f"{self.state} place of {self.customer_id}"
