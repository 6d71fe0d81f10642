"""Writes campaigns onto contacts that were recorded without."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

from decisioning.imports.campaigns import REQUIRED, TARGETS, CampaignBackfill
from kaireon.files.command import FileCommand
from kaireon.files.reading import FileRow


class Command(FileCommand):
    """`manage.py backfill_campaign_ids FILE... --tenant KEY`; good rows are carried out, bad ones written down."""

    help = (
        "Give interactions that have no campaign the one a CSV, NDJSON or Parquet file names, by interactionId or by "
        "customerId, timestamp and creativeId together (all that match). What has a campaign keeps it: the same one is "
        "already there, another one is refused. Ledgers and summaries say the same afterwards."
    )
    targets, required = TARGETS, REQUIRED

    def prepare(self, options: dict[str, Any]) -> None:
        super().prepare(options)
        self._backfill = CampaignBackfill(self.tenant, self.columns)

    def work(self, batch: Sequence[FileRow]) -> Counter[str]:
        recorded = self._backfill.record(batch)
        self.reject(recorded.rejected)
        return recorded.counts
