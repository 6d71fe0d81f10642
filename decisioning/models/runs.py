"""Campaign runs: which decision flow a campaign is run with, and for which segment."""

from __future__ import annotations

from django.db import models

from decisioning.models.flows import DecisionFlow
from decisioning.models.segments import Segment
from kaireon.lifecycle import Lifecycle, Status, unique_live
from kaireon.publicid import Kind


class CampaignRun(Lifecycle):
    """One run of a campaign. Decisions know nothing of it: their `campaignId` is the client's own word."""

    id_kind = Kind("run", 14)
    configures = False

    name = models.CharField(max_length=255)
    description = models.TextField(blank=True, default="")
    status = models.CharField(max_length=16, choices=Status.choices, default=Status.DRAFT)
    decision_flow = models.ForeignKey(DecisionFlow, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    segment = models.ForeignKey(Segment, null=True, blank=True, on_delete=models.PROTECT, related_name="+")

    class Meta:
        verbose_name = "campaign run"
        constraints = [
            unique_live(
                "tenant",
                "name",
                name="campaign_run_name_taken",
                message="A campaign run with that name already exists.",
            )
        ]
        indexes = [models.Index(fields=["tenant", "-created_at", "-id"], name="campaign_run_page")]
