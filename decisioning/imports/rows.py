"""What one row of an import says about an interaction: its values, read strictly, or everything wrong with them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from typing import Any
from zoneinfo import ZoneInfo

from kaireon import clock
from kaireon.api.parsing import storable

TARGETS = (
    "customerId",
    "timestamp",
    "outcome",
    "offer",
    "creative",
    "channel",
    "placement",
    "campaignId",
    "cost",
    "conversionValue",
    "idempotencyKey",
)
REQUIRED = TARGETS[:3]
MICRO = 1_000_000
LARGEST_POWER = 11  # of ten: amounts below a million million fit the column in micro-units
LONGEST = 255
EARLIEST = datetime(1970, 1, 1, tzinfo=UTC)  # the engine counts from here, and its calendars need room before a contact


@dataclass(frozen=True, kw_only=True)
class Said:
    """One row as it stands in its file; nothing is looked up yet."""

    customer_id: str
    at: datetime
    outcome: str
    offer: str | None
    creative: str | None
    channel: str | None
    placement: str | None
    campaign_id: str | None
    cost_micros: int | None
    value_micros: int
    idempotency_key: str | None

    def identity(self) -> str:
        """What makes two rows the same: the idempotency key alone where there is one, else everything the row says.

        Names count as they are written, so renaming a channel does not make yesterday's file new. A data format:
        stored fingerprints are made of it.
        """
        if self.idempotency_key is not None:
            return json.dumps(["key", self.idempotency_key])
        return json.dumps(
            [
                self.customer_id,
                clock.text(self.at),
                self.outcome,
                self.offer,
                self.creative,
                self.channel,
                self.placement,
                self.campaign_id,
                self.cost_micros,
                self.value_micros,
            ]
        )


@dataclass(frozen=True, kw_only=True)
class RowReader:
    """Reads rows by a mapping of targets to columns. `zone` is the zone of timestamps that name none."""

    columns: Mapping[str, str] = field(default_factory=dict)
    outcomes: Mapping[str, str] = field(default_factory=dict)
    zone: ZoneInfo | None = None

    def column(self, target: str) -> str:
        """Where a target's value stands."""
        return self.columns.get(target, target)

    def read(self, values: Mapping[str, Any], faults: list[str]) -> Said | None:
        """The row's values; None and at least one more fault when one of them cannot be read."""
        known = len(faults)
        given = {target: self._given(target, values, faults) for target in TARGETS}
        refused = {fault.partition(" ")[0] for fault in faults[known:]}
        faults += [f"{target} is missing" for target in REQUIRED if given[target] is None and target not in refused]
        outcome, at = given["outcome"] or "", self._instant(given["timestamp"], faults)
        cost = _micros("cost", given["cost"], faults)
        value = _micros("conversionValue", given["conversionValue"], faults)
        if cost is not None and cost < 0:
            faults.append(f'cost "{given["cost"]}" is below 0')
        if len(faults) > known or at is None:
            return None
        return Said(
            customer_id=given["customerId"] or "",
            at=at,
            outcome=self.outcomes.get(outcome, outcome),
            offer=given["offer"],
            creative=given["creative"],
            channel=given["channel"],
            placement=given["placement"],
            campaign_id=given["campaignId"],
            cost_micros=cost,
            value_micros=value or 0,
            idempotency_key=given["idempotencyKey"],
        )

    def _given(self, target: str, values: Mapping[str, Any], faults: list[str]) -> str | None:
        raw = values.get(self.column(target))
        if raw is None:
            return None
        if isinstance(raw, bool) or not isinstance(raw, str | int | float):
            faults.append(f"{target} is neither a text nor a number")
            return None
        text = str(raw)
        if target != "customerId":  # the client's own word, never interpreted
            text = text.strip()
        if len(text) > LONGEST or not storable(text):
            faults.append(f"{target} is longer than {LONGEST} characters, not UTF-8 or holds a NUL")
            return None
        return text or None

    def _instant(self, text: str | None, faults: list[str]) -> datetime | None:
        if text is None:
            return None
        try:
            instant = datetime.fromisoformat(text)
            if instant.tzinfo is None and self.zone is None:
                faults.append(f'timestamp "{text}" has no zone; add one or say --timezone')
                return None
            at = clock.cut(instant if instant.tzinfo else instant.replace(tzinfo=self.zone))
        except (ValueError, OverflowError):
            faults.append(f'timestamp "{text}" is not ISO 8601')
            return None
        if at < EARLIEST:
            faults.append(f'timestamp "{text}" is earlier than 1970')
        return at


def _micros(target: str, text: str | None, faults: list[str]) -> int | None:
    if text is None:
        return None
    try:
        amount = Decimal(text)
    except InvalidOperation:
        amount = Decimal("NaN")
    if not amount.is_finite() or amount.adjusted() > LARGEST_POWER:
        faults.append(f'{target} "{text}" is not a number below 10^{LARGEST_POWER + 1}')
        return None
    return round(amount * MICRO)
