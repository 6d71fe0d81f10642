"""Publishing a flow: freezing its draft, or an older version once more, as the version that recommendations run."""

from __future__ import annotations

from typing import Any

from rest_framework.exceptions import ValidationError

from decisioning.flows.drafts import Judgement, judge
from decisioning.models import DecisionFlow, FlowVersion
from kaireon.api.errors import refuse
from kaireon.api.fields import shown
from kaireon.lifecycle import Status
from kaireon.writing import Writing

Published = tuple[DecisionFlow, list[str]]


def publish(unit: Writing, flow: DecisionFlow, *, reason: str = "", expected_version: int | None = None) -> Published:
    """Freezes the draft as the next version; answers the flow and warnings. Raises ValidationError, StaleVersion."""
    config = flow.draft_config
    warnings = _warnings(judge(config, unit.tenant, before=config))
    said = f"publish: {reason}" if reason else ""
    published = _freeze(unit, flow, config=config, action="publish", reason=said, expected_version=expected_version)
    return published, warnings + _not_run(published)


def rollback(
    unit: Writing, flow: DecisionFlow, *, version: int, reason: str = "", expected_version: int | None = None
) -> Published:
    """Publishes an old version once more, as a new one.

    The draft becomes that version too: what is edited next starts from what is in force, and the next publication does
    not bring back by accident what was rolled back. The draft before is in the flow's history.
    """
    old = FlowVersion.objects.filter(flow=flow.pk, version=version).first()
    if old is None:
        raise refuse("version", f"{shown(version)} was never published; choose one of publishedVersions.")
    warnings = _warnings(judge(old.config, unit.tenant, before=old.config))
    said = f"rollback to version {version}" + (f": {reason}" if reason else "")
    published = _freeze(
        unit, flow, config=old.config, action="rollback", reason=said, expected_version=expected_version
    )
    return published, warnings + _not_run(published)


def _freeze(
    unit: Writing, flow: DecisionFlow, *, config: Any, action: str, reason: str, expected_version: int | None
) -> DecisionFlow:
    newest = flow.newest_version()
    number = 1 if newest is None else newest.version + 1
    return unit.change(
        flow,
        values={"draft_config": config},
        parts={"publishedVersion": {"version": number, "config": config, "publishedBy": unit.actor.label[:255]}},
        expected_version=expected_version,
        action=action,
        reason=reason,
    )


def _warnings(judgement: Judgement) -> list[str]:
    faults, warnings = judgement
    if faults:
        raise ValidationError({place: [message] for place, message in faults})
    return warnings


def _not_run(flow: DecisionFlow) -> list[str]:
    if flow.status == Status.ACTIVE:
        return []
    return [f"The flow is {flow.status}; recommendations run it once it is active."]
