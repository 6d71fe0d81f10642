"""What is about to be recorded: an interaction before it is a row."""

from __future__ import annotations

from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any


@dataclass(slots=True, kw_only=True)
class Happening:
    """An interaction by the columns of its row, before it has a key; a model takes ten times as long to make."""

    id: int | None = None
    tenant_id: int
    customer_id: str
    at: datetime
    outcome: str
    offer_key: int | None
    creative_key: int | None
    channel_key: int | None
    placement_key: int | None
    category_key: int | None
    sub_category_key: int | None
    label: str | None
    campaign_id: str | None
    cost_micros: int
    value_micros: int
    recorded_at: datetime
    decision_key: int | None
    rank: int | None
    void: bool = False
    direction: str
    context: dict[str, Any] | None
    import_key: int | None = None


COLUMNS = tuple(field.name for field in fields(Happening) if field.name != "id")
