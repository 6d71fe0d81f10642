"""What a well-formed request asks of a configuration: every id is found there, or named in the refusal."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, TypeVar

from rest_framework.exceptions import ValidationError

from decisioning.deciding.recommendations import Ask
from decisioning.deciding.requests import EARLIEST
from decisioning.engine.assignment import Place
from decisioning.engine.candidates import Candidate
from decisioning.engine.recommend import Wish
from decisioning.in_force.configuration import Configuration
from kaireon import clock
from kaireon.api.fields import shown
from kaireon.api.requests import Body

T = TypeVar("T")


@dataclass(frozen=True, kw_only=True)
class Question:
    """A request to filter, read and found valid."""

    candidates: list[Candidate] | None
    segments: list[str]
    policy_ids: list[str] | None
    as_of: datetime | None


def question_of(body: Body, configuration: Configuration, *, now: datetime) -> Question:
    """What a body asks to filter. Raises ValidationError with every fault."""
    values = body.resolved(
        candidates=lambda items: each(items, lambda item: _candidate(item, configuration)),
        contactPolicyIds=lambda ids: each(ids, lambda public_id: _policy_id(public_id, configuration)),
        asOf=lambda instant: past(instant, now),
    )
    return Question(
        candidates=values.get("candidates"),
        segments=values["segments"],
        policy_ids=values.get("contactPolicyIds"),
        as_of=values.get("asOf"),
    )


def ask_of(body: Body, configuration: Configuration, *, now: datetime) -> Ask:
    """What a body asks to recommend. Raises ValidationError with every fault."""
    rehearsed = bool(body.values.get("dryRun"))
    values = body.resolved(
        channelId=lambda public_id: _channel(public_id, configuration),
        asOf=lambda instant: past(instant, now) if rehearsed else refuse_as_of(),
    )
    places = _places(values, configuration)
    wish = Wish(
        customer=values["customerId"],
        limit=values.get("limit", None if places else 5),
        channel=values.get("channelId"),
        channel_type=values.get("channel"),
        places=places,
        excluded_offers=_keys(configuration, "offer", values["excludeOffers"]),
        excluded_creatives=_keys(configuration, "creative", values["excludeCreatives"]),
        propensities=values["propensityScores"],
        campaign=values.get("campaignId"),
    )
    return Ask(
        wish=wish,
        flow=values.get("decisionFlowKey"),
        segments=values["segments"],
        attributes=values["attributes"],
        personalization=values["personalization"],
        reserve=values.get("reserve"),
        debug=values["debug"],
        dry_run=values["dryRun"],
        as_of=values.get("asOf"),
        warnings=body.warnings,
    )


def past(instant: datetime, now: datetime) -> datetime:
    """An instant from 1970 on that is not in the future by the database's clock."""
    said = shown(clock.text(instant))
    if instant < EARLIEST:
        raise ValidationError(f"{said} is too early; send an instant from {clock.text(EARLIEST)} on.")
    if instant > now:
        raise ValidationError(f"{said} lies in the future; it is {clock.text(now)} now.")
    return instant


def refuse_as_of() -> datetime:
    """Refuses to look back where something would be stored."""
    raise ValidationError("A decision as of the past is a rehearsal; send dryRun: true with asOf.")


def _candidate(raw: Any, configuration: Configuration) -> Candidate:
    if not isinstance(raw, dict):
        raise ValidationError({"": [f"{shown(raw)} is not an object; send {{creativeId, placementId?}}."]})
    public_id = raw.get("creativeId")
    if public_id is None:
        raise ValidationError({"creativeId": ["creativeId is required; send a creative's id."]})
    key = configuration.key_of("creative", public_id)
    if key is None or key not in configuration.items:
        raise ValidationError({"creativeId": [f"There is no live creative with the id {shown(public_id)}."]})
    candidate = configuration.items[key].candidate
    if raw.get("placementId") is None:
        return candidate
    return replace(candidate, placement=_own_placement(raw["placementId"], candidate, configuration))


def _own_placement(public_id: Any, candidate: Candidate, configuration: Configuration) -> int:
    key = configuration.key_of("placement", public_id)
    if key is None or key not in configuration.placements:
        raise ValidationError({"placementId": [f"There is no live placement with the id {shown(public_id)}."]})
    if configuration.placements[key].channel != candidate.channel:
        raise ValidationError({"placementId": [f"{shown(public_id)} is not on the creative's channel."]})
    if candidate.placement not in {None, key}:
        fault = f"The creative has a placement of its own, which is not {shown(public_id)}."
        raise ValidationError({"placementId": [fault]})
    return key


def _policy_id(raw: Any, configuration: Configuration) -> str:
    if not isinstance(raw, str) or raw not in configuration.policies:
        raise ValidationError({"": [f"There is no live contact policy with the id {shown(raw)}."]})
    return raw


def _channel(public_id: str, configuration: Configuration) -> int:
    key = configuration.key_of("channel", public_id)
    if key is None or key not in configuration.channels:
        raise ValidationError(f"There is no live channel with the id {shown(public_id)}.")
    return key


def _places(values: dict[str, Any], configuration: Configuration) -> tuple[Place, ...]:
    field = "placements" if values.get("placements") else "placement"
    named = values.get("placements") or ([values["placement"]] if "placement" in values else [])
    channel, channel_type = values.get("channelId"), values.get("channel")
    keys = [_placement(name, configuration, channel, channel_type, field) for name in named]
    places = ((key, configuration.placements[key]) for key in dict.fromkeys(keys))
    return tuple(Place(key, facts.channel, facts.slots) for key, facts in places)


def _placement(
    name: str, configuration: Configuration, channel: int | None, channel_type: str | None, field: str
) -> int:
    """The one live placement with this id or name on the channel asked for."""
    by_id = configuration.key_of("placement", name)
    fitting = [
        key
        for key, facts in configuration.placements.items()
        if (key == by_id or (by_id is None and facts.name == name))
        and channel in {None, facts.channel}
        and (channel_type is None or configuration.channels[facts.channel].channel_type == channel_type)
    ]
    if not fitting:
        raise ValidationError({field: [f"There is no live placement {shown(name)} on the channel asked for."]})
    if len(fitting) > 1:
        raise ValidationError({field: [f"Several channels have a placement {shown(name)}; send its id or channelId."]})
    return fitting[0]


def _keys(configuration: Configuration, kind: str, public_ids: list[str]) -> frozenset[int]:
    found = (configuration.key_of(kind, public_id) for public_id in public_ids)
    return frozenset(key for key in found if key is not None)


def each(items: list[Any], read: Callable[[Any], T]) -> list[T]:
    """Reads every item; raises one ValidationError with the faults of all, each at its index."""
    values: list[T] = []
    faults: list[Any] = []
    for item in items:
        try:
            values.append(read(item))
            faults.append({})
        except ValidationError as error:
            faults.append(error.detail)
    if len(values) < len(items):
        raise ValidationError(faults)
    return values
