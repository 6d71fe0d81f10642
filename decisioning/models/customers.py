"""Customers: what is known of a person besides what happened to them. Personal data, so there is no history of it."""

from __future__ import annotations

from typing import Any

from django.db import models

from decisioning.models.segments import Segment
from kaireon.tenancy import Tenant, TenantOwned, TenantQuerySet


class Customer(TenantOwned):
    """One customer, under the client's own id; decisions are made for customers nobody stored, too."""

    customer_id = models.CharField(max_length=255)
    attributes = models.JSONField(default=dict)
    timezone = models.CharField(max_length=64, default="", blank=True)
    version = models.PositiveIntegerField(default=1)
    created_at = models.DateTimeField()
    updated_at = models.DateTimeField()

    objects = TenantQuerySet["Customer"].as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["tenant", "customer_id"], name="customer_once"),
        ]

    def __str__(self) -> str:
        return self.customer_id


class SegmentMember(TenantOwned):
    """A customer's membership in a segment; there as long as the customer belongs to it."""

    segment = models.ForeignKey(Segment, on_delete=models.PROTECT, related_name="+")
    customer = models.ForeignKey(Customer, on_delete=models.CASCADE, related_name="memberships")

    objects = TenantQuerySet["SegmentMember"].as_manager()

    class Meta:
        verbose_name = "segment member"
        constraints = [models.UniqueConstraint(fields=["customer", "segment"], name="segment_member_once")]
        indexes = [models.Index(fields=["segment", "customer"], name="segment_member_page")]

    def __str__(self) -> str:
        return f"{self.customer} in {self.segment}"


def samples_from(tenant: Tenant, customer_id: str, most: int) -> list[tuple[str, dict[str, Any]]]:
    """At most so many customers from this id on, each with the stored attributes; straight from the unique index."""
    found = Customer.objects.of(tenant).filter(customer_id__gte=customer_id).order_by("customer_id")
    return list(found.values_list("customer_id", "attributes")[:most])
