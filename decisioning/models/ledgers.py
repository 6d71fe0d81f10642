"""Contact ledgers: per customer, in one row, what decisions need of the history. A projection that can be rebuilt."""

from __future__ import annotations

from django.db import models

from kaireon.tenancy import TenantOwned, TenantQuerySet

EVERYTHING = -(2**62)  # a ledger that is complete from here on holds all there is
NOTHING = 2**62  # a ledger that is complete from here on holds nothing one may rely on


class ContactLedger(TenantOwned):
    """One customer's ledger; `records` is read and written by `decisioning.engine.ledger`.

    It holds every interaction at or after `complete_from` (UTC ms). `revision` rises with every write, so that a
    decision can tell whether what it read still holds. `holds` are the customer's open reservations. Nothing refers to
    it and it refers to nothing, as interactions.
    """

    tenant = models.ForeignKey(
        "kaireon.Tenant", on_delete=models.DO_NOTHING, related_name="+", db_constraint=False, db_index=False
    )
    customer_id = models.CharField(max_length=255)
    records = models.BinaryField(default=b"")
    holds = models.BinaryField(default=b"")
    complete_from = models.BigIntegerField(default=EVERYTHING)
    revision = models.BigIntegerField(default=0)

    objects = TenantQuerySet["ContactLedger"].as_manager()

    class Meta:
        verbose_name = "contact ledger"
        constraints = [models.UniqueConstraint(fields=["tenant", "customer_id"], name="contact_ledger_once")]

    def __str__(self) -> str:
        return f"ledger of {self.customer_id}"


class Word(TenantOwned):
    """A word ledgers use (an outcome, a label, a campaign) under a small number of the tenant's; never changed."""

    number = models.PositiveIntegerField()
    text = models.CharField(max_length=255)

    objects = TenantQuerySet["Word"].as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["tenant", "text"], name="word_text_once"),
            models.UniqueConstraint(fields=["tenant", "number"], name="word_number_once"),
        ]

    def __str__(self) -> str:
        return self.text
