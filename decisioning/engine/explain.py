"""Explanations as the API writes them."""

from datetime import UTC, datetime, timedelta

from decisioning.engine.evaluate import Reason

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def to_wire(reason: Reason) -> dict[str, object]:
    """A reason with the field names of the API."""
    source = reason.source
    return {
        "policyId": source.policy_id,
        "policyName": source.policy_name,
        "policyVersion": source.policy_version,
        "ruleType": source.rule_type,
        "scope": source.scope,
        "scopeId": source.scope_id,
        "reason": reason.reason,
        "evidence": dict(reason.evidence),
        "freeAt": instant_to_wire(reason.free_at),
        "lifted": reason.lifted,
    }


def instant_to_wire(at: int | None) -> str | None:
    """UTC milliseconds as ISO 8601 with milliseconds and Z; None stays None."""
    if at is None:
        return None
    # Whole timedeltas, because a float timestamp loses the last millisecond of distant instants.
    moment = _EPOCH + timedelta(milliseconds=at)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")
