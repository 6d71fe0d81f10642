"""Interactions: everything that happened between customers and offers. Append-only, and the truth."""

from __future__ import annotations

from django.db import models

from kaireon.publicid import Kind
from kaireon.tenancy import TenantOwned, TenantQuerySet


class Interaction(TenantOwned):
    """One thing that happened to a customer, with what was true at that moment frozen beside it.

    Nothing refers to an interaction, and it refers to everything by plain keys: no row it names is ever locked or
    loaded for it, renaming or deleting one changes nothing here, and the table can be partitioned by time.
    `label` is the offer's free-form category label: NULL = never recorded, "" = it had none.
    `decision_key` and `rank` say which line of which recommendation it is about. An impression that is `void` was never
    presented: it stays where it is and counts nowhere. `import_key` is the fingerprint of an imported row, so that
    importing a file twice adds nothing.
    """

    id_kind = Kind("ih", 13)

    tenant = models.ForeignKey(
        "kaireon.Tenant", on_delete=models.DO_NOTHING, related_name="+", db_constraint=False, db_index=False
    )
    customer_id = models.CharField(max_length=255)
    at = models.DateTimeField()
    outcome = models.CharField(max_length=63)
    offer_key = models.BigIntegerField(null=True)
    creative_key = models.BigIntegerField(null=True)
    channel_key = models.BigIntegerField(null=True)
    placement_key = models.BigIntegerField(null=True)
    category_key = models.BigIntegerField(null=True)
    sub_category_key = models.BigIntegerField(null=True)
    label = models.CharField(max_length=255, null=True)  # noqa: DJ001  NULL and "" differ, see above
    campaign_id = models.CharField(max_length=255, null=True)  # noqa: DJ001  absent is not a campaign called ""
    cost_micros = models.BigIntegerField(default=0)
    value_micros = models.BigIntegerField(default=0)
    recorded_at = models.DateTimeField()
    decision_key = models.BigIntegerField(null=True)
    rank = models.SmallIntegerField(null=True)
    void = models.BooleanField(default=False)
    direction = models.CharField(max_length=16, default="", blank=True)
    context = models.JSONField(null=True)
    import_key = models.BigIntegerField(null=True)

    objects = TenantQuerySet["Interaction"].as_manager()

    class Meta:
        indexes = [
            models.Index(fields=["tenant", "customer_id", "-at", "-id"], name="interaction_of_customer"),
            models.Index(fields=["tenant", "-at", "-id"], name="interaction_page"),
            models.Index(
                fields=["tenant", "import_key"],
                condition=models.Q(import_key__isnull=False),
                name="interaction_import_key",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.outcome} of {self.customer_id}"

    @property
    def public_id(self) -> str:
        """`ih_...`"""
        return self.id_kind.encode(self.pk)


class Presentation(TenantOwned):
    """One line of a recommendation as a contact, of which there is at most one; `void` once it was never presented.

    A table of its own, because interactions have no unique key but their own.
    """

    tenant = models.ForeignKey(
        "kaireon.Tenant", on_delete=models.DO_NOTHING, related_name="+", db_constraint=False, db_index=False
    )
    customer_id = models.CharField(max_length=255)
    decision_key = models.BigIntegerField()
    rank = models.SmallIntegerField()
    interaction_key = models.BigIntegerField(null=True)
    void = models.BooleanField(default=False)

    objects = TenantQuerySet["Presentation"].as_manager()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["decision_key", "rank"], name="presentation_once")]
        indexes = [models.Index(fields=["tenant", "customer_id"], name="presentation_of_customer")]

    def __str__(self) -> str:
        return f"line {self.rank} of {self.decision_key}"
