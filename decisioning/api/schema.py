"""The parts of the OpenAPI document that belong to decision flows."""

from __future__ import annotations

from decisioning.engine.flow import ALLOCATING, SCOPES, SCORING
from kaireon.api.schema import OBJECT, PAGINATION, TEXT, WHOLE, Schema, listed, record


def _stage(**properties: Schema) -> Schema:
    """A stage: every key may be left out, other keys are kept."""
    return {"type": "object", "nullable": True, "properties": properties, "additionalProperties": {}}


def _word(*words: str) -> Schema:
    return {"type": "string", "nullable": True, "enum": [*words, None]}


IDS: Schema = {"type": "array", "items": TEXT, "nullable": True}
STAGES = _stage(
    inventory=_stage(scope=_word(*SCOPES), offerIds=IDS, categoryIds=IDS),
    filter=_stage(contactPolicyIds=IDS),
    score=_stage(method=_word(*SCORING)),
    allocate=_stage(method=_word(*ALLOCATING)),
)
DRAFT_CONFIG: Schema = {"type": "object", "properties": {"stages": STAGES}, "additionalProperties": {}}
PUBLISHED_VERSION = record(version=WHOLE, publishedAt=TEXT, publishedBy=TEXT)
PUBLISHED_PAGE = record(
    data=listed(record(version=WHOLE, publishedAt=TEXT, publishedBy=TEXT, config=OBJECT)), pagination=PAGINATION
)
CREATIVES = listed(record(id=TEXT, name=TEXT))
ASSEMBLY_PAGE = record(
    data=listed(record(at=TEXT, cause=TEXT, takenUp=CREATIVES, dropped=CREATIVES)), pagination=PAGINATION
)
