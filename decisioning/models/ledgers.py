"""Contact ledgers: per customer, in one row, what decisions need of the history. A projection that can be rebuilt."""

from __future__ import annotations

from django.db import models

from decisioning.engine.ledger import Ledger
from kaireon.tenancy import TenantOwned, TenantQuerySet

EVERYTHING = -(2**62)  # a ledger that is complete from here on holds all there is
NOTHING = 2**62  # a ledger that is complete from here on holds nothing one may rely on


class ContactLedger(TenantOwned):
    """One customer's ledger; its two parts are read and written by `decisioning.engine.ledger`.

    `records` alone holds every interaction at or after `recent_from`, with `older` it does from `complete_from` on (UTC
    ms); a row complete from `NOTHING` on holds nothing one may rely on, whatever else it says. `revision` rises with
    every write, so that a decision can tell whether what it read still holds. `holds` are the customer's open
    reservations. Nothing refers to it and it refers to nothing, as interactions.
    """

    tenant = models.ForeignKey(
        "kaireon.Tenant", on_delete=models.DO_NOTHING, related_name="+", db_constraint=False, db_index=False
    )
    customer_id = models.CharField(max_length=255)
    records = models.BinaryField(default=b"")
    older = models.BinaryField(default=b"")
    holds = models.BinaryField(default=b"")
    recent_from = models.BigIntegerField(default=EVERYTHING)
    complete_from = models.BigIntegerField(default=EVERYTHING)
    revision = models.BigIntegerField(default=0)

    objects = TenantQuerySet["ContactLedger"].as_manager()

    class Meta:
        verbose_name = "contact ledger"
        constraints = [models.UniqueConstraint(fields=["tenant", "customer_id"], name="contact_ledger_once")]

    def __str__(self) -> str:
        return f"ledger of {self.customer_id}"

    @property
    def ledger(self) -> Ledger:
        """Both parts."""
        return Ledger(bytes(self.records), bytes(self.older), self.recent_from, self.complete_from)

    @ledger.setter
    def ledger(self, ledger: Ledger) -> None:
        self.records, self.older, self.recent_from, self.complete_from = ledger


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
