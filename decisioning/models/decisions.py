"""Decisions as they were made, kept for a while so that they can be read back and answered for."""

from __future__ import annotations

from typing import ClassVar

from django.db import models

from kaireon.publicid import Kind
from kaireon.tenancy import TenantOwned, TenantQuerySet


class Decision(TenantOwned):
    """One recommendation: the answer as it was given, and what it takes to give all its reasons again.

    `record` holds both in a few hundred bytes (`decisioning.deciding.decided`). Deciding is pure, so the same inputs
    and the same manifest of the configuration (`Manifest`) give the same reasons, whatever was changed since.
    """

    id_kind: ClassVar = Kind("rec", 12)

    tenant = models.ForeignKey(
        "kaireon.Tenant", on_delete=models.DO_NOTHING, related_name="+", db_constraint=False, db_index=False
    )
    customer_id = models.CharField(max_length=255)
    decided_at = models.DateTimeField()
    version = models.BigIntegerField()
    flow_version = models.BigIntegerField(null=True)
    record = models.BinaryField()

    objects = TenantQuerySet["Decision"].as_manager()

    class Meta:
        indexes = [
            models.Index(fields=["tenant", "customer_id", "-decided_at"], name="decision_of_customer"),
        ]

    def __str__(self) -> str:
        return f"decision for {self.customer_id}"

    @property
    def public_id(self) -> str:
        """`rec_...`"""
        return self.id_kind.encode(self.pk)


class Manifest(TenantOwned):
    """What a configuration version consisted of, stored by the first decision that used it."""

    version = models.BigIntegerField()
    content = models.BinaryField()

    objects = TenantQuerySet["Manifest"].as_manager()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["tenant", "version"], name="manifest_once")]

    def __str__(self) -> str:
        return f"configuration {self.version}"


class IdempotencyKey(TenantOwned):
    """A request that must not be carried out twice: its key, what it asked, and what it was answered.

    Where an interaction came of it, `interaction_key` is the interaction's, whose id the answer lacks: one statement
    may store both, so the answer is written before the interaction has a key. Such an answer does not say either whose
    interaction it is, which whoever asks again says once more; so it may stay when a customer is erased. An answer that
    tells more than was asked has a `customer_id` and goes with the customer.
    """

    tenant = models.ForeignKey(
        "kaireon.Tenant", on_delete=models.DO_NOTHING, related_name="+", db_constraint=False, db_index=False
    )
    endpoint = models.CharField(max_length=32)
    key = models.CharField(max_length=255)
    request_hash = models.CharField(max_length=64)
    answer = models.BinaryField(default=b"")
    interaction_key = models.BigIntegerField(null=True)
    created_at = models.DateTimeField()
    customer_id = models.CharField(max_length=255, null=True)  # noqa: DJ001  most are nobody's, and in no index then

    objects = TenantQuerySet["IdempotencyKey"].as_manager()

    class Meta:
        verbose_name = "idempotency key"
        constraints = [models.UniqueConstraint(fields=["tenant", "endpoint", "key"], name="idempotency_key_once")]
        indexes = [
            models.Index(fields=["created_at"], name="idempotency_key_age"),
            models.Index(
                fields=["tenant", "customer_id"],
                condition=models.Q(customer_id__isnull=False),
                name="idempotency_key_of_customer",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.endpoint} {self.key}"
