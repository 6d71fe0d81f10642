"""Rows of `export_interactions` on their way back: as they were recorded, whatever was changed since."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from creatives.models import Category, Channel, Creative, Offer, Placement, SubCategory
from decisioning.contacts.fingerprints import of_export
from decisioning.imports.rows import EARLIEST, LONGEST, MICRO
from decisioning.models import Decision, Interaction, OutcomeType
from decisioning.upkeep.exports import NAMED
from kaireon import clock
from kaireon.api.errors import MalformedJSON
from kaireon.api.parsing import refuse_unstorable, storable
from kaireon.tenancy import Tenant

MARKS = ("interactionId", "recordedAt")
CATALOGUE = (Offer, Creative, Channel, Placement, Category, SubCategory)
LARGEST_RANK = 2**15 - 1
LONGEST_DIRECTION = 16
SIGNED_64 = range(-(2**63), 2**63)


def is_exported(values: Mapping[str, Any]) -> bool:
    """Whether the row says that it was an interaction here; other systems may have an `interactionId` of their own."""
    return all(mark in values for mark in MARKS) and Interaction.id_kind.decode(values["interactionId"]) is not None


@dataclass(frozen=True)
class Returning:
    """An interaction out of an export, and the key it had."""

    interaction: Interaction
    former_key: int

    def is_still(self, stored: Interaction) -> bool:
        """Whether the interaction that has the key now is the one that was exported."""
        own = self.interaction
        return (stored.customer_id, stored.at, stored.outcome) == (own.customer_id, own.at, own.outcome)


class ExportReader:
    """Reads exported rows of one tenant. Rows of the catalogue that were deleted meanwhile are known all the same."""

    def __init__(self, tenant: Tenant) -> None:
        self._tenant = tenant
        self._outcomes = set(OutcomeType.everything.of(tenant).values_list("key", flat=True))
        self._keys: dict[str, set[int]] = {
            model.id_kind.prefix: set(model.everything.of(tenant).values_list("pk", flat=True)) for model in CATALOGUE
        }

    def read(self, values: Mapping[str, Any], faults: list[str]) -> Returning | None:
        """The row's interaction; None and at least one more fault when one of its values cannot be read."""
        row = _Values(values, faults)
        known = len(faults)
        former_key = Interaction.id_kind.decode(values["interactionId"]) or 0
        interaction = Interaction(
            tenant=self._tenant,
            customer_id=row.text("customerId", required=True),
            at=row.instant("timestamp"),
            outcome=row.text("outcome", required=True),
            label=row.text("category"),
            campaign_id=row.text("campaignId"),
            value_micros=row.micros("conversionValue"),
            cost_micros=row.micros("cost"),
            rank=row.whole("rank", range(LARGEST_RANK + 1)),
            decision_key=row.decision("recommendationId"),
            direction=row.text("direction", longest=LONGEST_DIRECTION) or "",
            void=row.flag("void"),
            recorded_at=row.instant("recordedAt"),
            context=row.context("context"),
            import_key=row.whole("importKey", SIGNED_64),
        )
        for column, (attribute, kind) in NAMED.items():
            key = kind.decode(values.get(column))
            setattr(interaction, attribute, key)
            if values.get(column) is not None and key not in self._keys[kind.prefix]:
                faults.append(f'{column} "{values[column]}" is unknown')
        if interaction.outcome not in self._outcomes:
            faults.append(f'outcome "{interaction.outcome}" is unknown')
        if interaction.import_key is None:
            interaction.import_key = of_export(values["interactionId"])
        return Returning(interaction, former_key) if len(faults) == known else None


class _Values:
    """A row's values by kind; each that is not what it should be is a fault."""

    def __init__(self, values: Mapping[str, Any], faults: list[str]) -> None:
        self._values = values
        self._faults = faults

    def text(self, column: str, *, required: bool = False, longest: int = LONGEST) -> Any:
        value = self._values.get(column)
        if value is None and not required:
            return None
        if not isinstance(value, str) or len(value) > longest or not storable(value) or (required and not value):
            self._wrong(column, f"text of at most {longest} characters")
        return value

    def instant(self, column: str) -> Any:
        try:
            at = clock.parse(str(self._values.get(column)))
        except ValueError:
            at = datetime.min
        if at.tzinfo is None or at < EARLIEST:
            self._wrong(column, "ISO 8601 with a zone, from 1970 on")
        return at

    def micros(self, column: str) -> int:
        try:
            amount = Decimal(str(self._values.get(column) or 0)) * MICRO
            number = int(amount)
        except (InvalidOperation, ValueError, OverflowError):
            amount, number = Decimal(0), SIGNED_64.stop
        if number != amount or number not in SIGNED_64:
            self._wrong(column, "an amount with at most six decimal places")
        return number

    def whole(self, column: str, within: range) -> int | None:
        value = self._values.get(column)
        number = int(value) if isinstance(value, str) and value.removeprefix("-").isdecimal() else value
        if number is not None and (isinstance(number, bool) or not isinstance(number, int) or number not in within):
            self._wrong(column, f"a whole number from {within[0]} to {within[-1]}")
        return number

    def flag(self, column: str) -> bool:
        value = self._values.get(column, False)
        if not isinstance(value, bool):
            self._wrong(column, "true or false")
        return bool(value)

    def decision(self, column: str) -> int | None:
        value = self._values.get(column)
        key = Decision.id_kind.decode(value)
        if value is not None and key is None:
            self._wrong(column, "an id")
        return key

    def context(self, column: str) -> Any:
        value = self._values.get(column)
        try:
            value = json.loads(value) if isinstance(value, str) else value
            json.dumps(value, allow_nan=False)
            refuse_unstorable(value)
        except (ValueError, RecursionError, MalformedJSON):
            self._wrong(column, "JSON that can be stored")
        return value

    def _wrong(self, column: str, wanted: str) -> None:
        self._faults.append(f'{column} "{self._values.get(column)}" is not {wanted}')
