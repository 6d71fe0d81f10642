"""One editor whose every edit is known, and what a decision made with each version of the configuration must tell."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from itertools import cycle
from typing import Any

from tests.decisioning.servers import Caller

# What the editor does, over and over. Each edit of a part gives it the edit's own number in all that can be seen of it.
EDITS = (
    "cap",
    "held creative",
    "shown offer",
    "held offer",
    "pause the cap",
    "shown creative",
    "cap",
    "held offer",
    "delete the cap",
    "held creative",
    "restore the cap",
    "shown offer",
    "shown creative",
)
PATHS = {
    "cap": "contact-policies",
    "held creative": "creatives",
    "held offer": "offers",
    "shown creative": "creatives",
    "shown offer": "offers",
}
PERIODS = {"daily": "maxPerDay", "weekly": "maxPerWeek", "monthly": "maxPerMonth", "alltime": "maxTotal"}
CONTACTS = 30  # of the held creative: more than any maximum, so every limit of every version has something to tell

FILTER, REHEARSAL, RECOMMENDATION = "a filter", "a rehearsal", "a recommendation"
QUESTIONS = (FILTER, REHEARSAL, RECOMMENDATION)
Ids = dict[str, str]  # of the parts


@dataclass(frozen=True)
class Part:
    """A row as its last edit left it: the edit's number, and the row's own version as its writer was told."""

    number: int = 0
    version: int = 1


@dataclass(frozen=True)
class State:
    """What one version of the configuration says."""

    parts: dict[str, Part]
    capped: bool = True


@dataclass
class Editor:
    """The only one who edits, so every version of the configuration is known by what it must say."""

    ids: Ids
    version: int  # the newest whose edit was answered
    log: dict[int, State]
    number: int = 0
    edits: Iterator[str] = field(default_factory=lambda: cycle(EDITS))

    def edit(self, door: Caller) -> State:
        """Makes the next edit, which is one version of the configuration."""
        edit, before = next(self.edits), self.log[self.version]
        self.number += 1
        if edit in PATHS:
            answer = door.api("PATCH", f"{PATHS[edit]}/{self.ids[edit]}", values(edit, self.number, self.ids))
            part = Part(self.number, json.loads(answer)["version"])
            after = State(before.parts | {edit: part}, capped=before.capped or edit == "cap")
        else:
            self._switch(edit, door)
            cap = replace(before.parts["cap"], version=before.parts["cap"].version + 1)
            after = State(before.parts | {"cap": cap}, capped=edit == "restore the cap")
        self.log[self.version + 1] = after
        self.version += 1
        return after

    def _switch(self, edit: str, door: Caller) -> None:
        cap = self.ids["cap"]
        if edit == "pause the cap":
            door.api("PATCH", f"contact-policies/{cap}", {"status": "paused"})
        elif edit == "delete the cap":
            door.api("DELETE", f"contact-policies?id={cap}")
        else:
            door.api("POST", f"restore?entityType=contactPolicy&id={cap}")


def values(part: str, number: int, ids: Ids) -> dict[str, Any]:
    """What the edit of that number writes in one request; the cap's lies in two tables."""
    name = f"{part}#{number}"
    others: dict[str, dict[str, Any]] = {
        "cap": {
            "status": "active",
            "config": {PERIODS[period]: maximum for period, maximum in maxima(number).items()},
            "scopes": scopes(number, ids),
        },
        "held creative": {"constraints": {"frequencyCapPerDay": maxima(number)["daily"]}},
        "shown offer": {"priority": number % 100},
        "shown creative": {"content": {"subject": name, "body": f"<p>{name}</p>"}},
    }
    return {"name": name, **others.get(part, {})}


def maxima(number: int) -> dict[str, int]:
    """The maximum of each period: four that belong together, none above 24."""
    return {period: number % 20 + place for place, period in enumerate(PERIODS, start=1)}


def scopes(number: int, ids: Ids) -> list[dict[str, str]]:
    """The cap's assignments: those of an odd number are none of those of an even one."""
    offer, creative = (ids["held offer"], "*") if number % 2 else ("*", ids["held creative"])
    return [{"scope": "offer", "scopeId": offer}, {"scope": "creative", "scopeId": creative}]


def asked(door: Caller, question: str, ids: Ids) -> bytes:
    """The answer to one of the questions about Ada, whom the held creative has reached so often."""
    if question == FILTER:
        candidates = [{"creativeId": ids["held creative"]}, {"creativeId": ids["shown creative"]}]
        return door.api("POST", "decisions/filter", {"customerId": "ada", "candidates": candidates})
    rehearsed = {"dryRun": True} if question == REHEARSAL else {}
    return door.api("POST", "recommend", {"customerId": "ada", "debug": True, **rehearsed})


def told(answer: bytes) -> tuple[int, dict[str, Any]]:
    """The version an answer names, and all in it that an edit could have changed."""
    body = json.loads(answer)
    if "meta" in body:
        version, [held] = body["meta"]["policyVersion"], body["trace"]["suppressed"]
        shown = [(line["creativeId"], line["score"], line["content"]) for line in body["decisions"]]
    else:
        version, [held, other] = body["policyVersion"], body["results"]
        assert (held["allowed"], other["allowed"], other["reasons"]) == (False, True, [])
        shown = [(other["creativeId"], None, None)]
    numbers: dict[str, set[int]] = {}
    for part, number in re.findall(rf"({'|'.join(PATHS)})#(\d+)", answer.decode()):
        numbers.setdefault(part, set()).add(int(number))
    limits = [
        (reason["policyVersion"], reason["scope"], reason["scopeId"], evidence["period"], evidence["max"])
        for reason in held["reasons"]
        for evidence in [reason["evidence"]]
    ]
    return version, {"numbers": numbers, "held": held["creativeId"], "limits": limits, "shown": shown}


def expected(question: str, state: State, ids: Ids) -> dict[str, Any]:
    """What an answer to the question must tell of the state, and nothing else."""
    parts = state.parts
    cap, held = parts["cap"], parts["held creative"]
    named = {"held creative", *(("cap", "held offer") if state.capped else ())}
    shown: tuple[Any, ...] = (ids["shown creative"], None, None)
    if question != FILTER:
        named |= {"shown offer", "shown creative"}
        content = values("shown creative", parts["shown creative"].number, ids)["content"]
        shown = (ids["shown creative"], parts["shown offer"].number % 100 / 100, content)
    limits = [
        (cap.version, scope["scope"], scope["scopeId"], period, maximum)
        for scope in scopes(cap.number, ids)
        for period, maximum in maxima(cap.number).items()
        if state.capped
    ]
    own = (held.version, "creative", ids["held creative"], "daily", maxima(held.number)["daily"])
    return {
        "numbers": {part: {parts[part].number} for part in named},
        "held": ids["held creative"],
        "limits": [*limits, own],
        "shown": [shown],
    }
