"""Tallies: what was decided day by day, counted from stored decisions, which are kept for a while only."""

from __future__ import annotations

from django.db import models

from kaireon.tenancy import TenantOwned, TenantQuerySet


class DailyTally(TenantOwned):
    """A tenant's decisions of one day (UTC); in the `explained` ones it was looked up which policies suppressed."""

    day = models.DateField()
    decisions = models.BigIntegerField(default=0)
    empty = models.BigIntegerField(default=0)  # decisions that offered nothing
    candidates = models.BigIntegerField(default=0)
    suppressed = models.BigIntegerField(default=0)
    explained = models.BigIntegerField(default=0)

    objects = TenantQuerySet["DailyTally"].as_manager()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["tenant", "day"], name="daily_tally_once")]

    def __str__(self) -> str:
        return f"decisions on {self.day}"


class PolicyTally(TenantOwned):
    """Of a day's explained decisions, how many a policy (by its key) suppressed something in."""

    day = models.DateField()
    policy_key = models.BigIntegerField()
    decisions = models.BigIntegerField(default=0)

    objects = TenantQuerySet["PolicyTally"].as_manager()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["tenant", "day", "policy_key"], name="policy_tally_once")]

    def __str__(self) -> str:
        return f"policy {self.policy_key} on {self.day}"


class TallyProgress(TenantOwned):
    """How far a tenant's decisions are tallied: up to which key, and up to when that is."""

    position = models.BigIntegerField(default=0)
    counted_to = models.DateTimeField(null=True)

    objects = TenantQuerySet["TallyProgress"].as_manager()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["tenant"], name="tally_progress_once")]

    def __str__(self) -> str:
        return f"tallied to {self.position}"
