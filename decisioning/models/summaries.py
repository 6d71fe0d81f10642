"""Interaction summaries: per customer, what happened in days, weeks, months and altogether. A projection of history."""

from __future__ import annotations

from django.db import models

from kaireon.tenancy import TenantOwned, TenantQuerySet

NONE = 0  # the key no row of the catalogue has


class Period(models.TextChoices):
    """How long a summary's period is. Periods are those of UTC; a week is that of ISO 8601, so it begins on Monday."""

    DAILY = "daily"
    WEEKLY = "weekly"
    MONTHLY = "monthly"
    ALLTIME = "alltime"


ONCE = (
    "tenant",
    "customer_id",
    "period_type",
    "period_key",
    "offer_key",
    "creative_key",
    "channel_key",
    "category_key",
    "campaign_id",
)


class Summarised(TenantOwned):
    """What one customer did in one period about one offer, creative, channel, category and campaign.

    What an interaction was not about is 0, or "" for the campaign, because a database takes two NULLs for different.
    Every interaction that is not void is one of `interactions`, and neutral unless it is positive or negative.
    """

    tenant = models.ForeignKey(
        "kaireon.Tenant", on_delete=models.DO_NOTHING, related_name="+", db_constraint=False, db_index=False
    )
    customer_id = models.CharField(max_length=255)
    period_type = models.CharField(max_length=8, choices=Period.choices)
    period_key = models.CharField(max_length=10)
    offer_key = models.BigIntegerField(default=NONE)
    creative_key = models.BigIntegerField(default=NONE)
    channel_key = models.BigIntegerField(default=NONE)
    category_key = models.BigIntegerField(default=NONE)
    campaign_id = models.CharField(max_length=255, default="", blank=True)
    interactions = models.BigIntegerField()
    impressions = models.BigIntegerField()
    clicks = models.BigIntegerField()
    conversions = models.BigIntegerField()
    positive = models.BigIntegerField()
    negative = models.BigIntegerField()
    value_micros = models.BigIntegerField()
    cost_micros = models.BigIntegerField()
    last_contact_at = models.DateTimeField(null=True)

    class Meta:
        abstract = True

    def __str__(self) -> str:
        return f"{self.customer_id}, {self.period_key}"

    @property
    def neutral(self) -> int:
        """The interactions that are neither positive nor negative."""
        return self.interactions - self.positive - self.negative


class InteractionSummary(Summarised):
    """A summary as it is shown: a projection of history and of what is left of the interactions that were deleted."""

    objects = TenantQuerySet["InteractionSummary"].as_manager()

    class Meta:
        verbose_name = "interaction summary"
        verbose_name_plural = "interaction summaries"
        constraints = [models.UniqueConstraint(fields=ONCE, name="interaction_summary_once")]
        indexes = [
            models.Index(
                fields=["tenant", "period_key"],
                condition=models.Q(period_type=Period.DAILY),
                name="interaction_summary_day",
            )
        ]


class CarriedSummary(Summarised):
    """What interactions that were deleted for their age had added to a summary, as outcomes were classified then."""

    objects = TenantQuerySet["CarriedSummary"].as_manager()

    class Meta:
        verbose_name = "carried summary"
        verbose_name_plural = "carried summaries"
        constraints = [models.UniqueConstraint(fields=ONCE, name="carried_summary_once")]


class SummaryProgress(TenantOwned):
    """How far a tenant's summaries have come; whoever writes them holds this row.

    A customer without an interaction beyond `position` has right summaries. `candidate` is a key up to which nothing
    can be added any more once the transactions in `awaited` have ended. `classifications` is how outcomes were counted;
    when it changed, everything was due again, which `resets` counts.
    """

    position = models.BigIntegerField(default=0)
    candidate = models.BigIntegerField(default=0)
    awaited = models.JSONField(default=list)
    classifications = models.JSONField(default=dict)
    resets = models.BigIntegerField(default=0)

    objects = TenantQuerySet["SummaryProgress"].as_manager()

    class Meta:
        verbose_name = "summary progress"
        constraints = [models.UniqueConstraint(fields=["tenant"], name="summary_progress_once")]

    def __str__(self) -> str:
        return f"summaries up to {self.position}"
