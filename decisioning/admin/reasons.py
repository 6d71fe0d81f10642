"""Verdicts and reasons as pages show them: sentences, evidence by name, instants in words, links to what says so."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from django.urls import reverse

from creatives.models import Creative
from decisioning.deciding.eligibility import Judged
from decisioning.in_force.configuration import Configuration
from decisioning.in_force.naming import place_named
from kaireon import clock
from kaireon.admin.charts import number_text
from kaireon.admin.moments import moment_words
from policies.models import ContactPolicy

MOST_PASSED = 50  # names of policies that let a creative pass
CHANGE = {ContactPolicy: "admin:policies_contactpolicy_change", Creative: "admin:creatives_creative_change"}
# What an evidence says in an API's words.
WORDS = {"max": "at most", "actual": "counted", "freeAt": "free from"}
INSTANT = re.compile(r"\d{4}-\d\d-\d\dT[\d:.]+Z")


@dataclass(frozen=True, kw_only=True)
class Teller:
    """Tells reasons of one configuration, in one zone, as of one instant."""

    configuration: Configuration
    zone: ZoneInfo
    now: datetime

    def creative(self, judged: Judged, position: int) -> dict[str, Any]:
        """A creative with all that concerns it: what blocks, what was set aside, and the names of what let it pass."""
        told = judged.creative(position, with_skipped=False)
        skipped = judged.skipped(position)
        held = [self._policy(policy) for policy in told["policies"] if policy["reasons"]]
        blocking = [policy for policy in held if policy["verdict"] == "blocked"]
        passed = [policy for policy in told["policies"] if not policy["reasons"]]
        return told | {
            "link": address_of(told["creativeId"]),
            "free": self.instant(told["freeAt"]),
            "held": held,
            "first": blocking[0]["name"] if len(blocking) > 1 else None,
            "passed": [self._named(policy) for policy in passed[:MOST_PASSED]],
            "passed_more": max(len(passed) - MOST_PASSED, 0),
            "passed_number": len(passed),
            "skipped": skipped,
        }

    def instant(self, text: Any) -> str | None:
        """An instant of the API in words; None stays None."""
        return moment_words(clock.parse(text), self.zone, now=self.now) if text else None

    def evidence(self, numbers: Mapping[str, Any]) -> list[tuple[str, str]]:
        """Label and value of everything that is known."""
        return [(_label(key), self._value(value)) for key, value in numbers.items() if value is not None]

    def _policy(self, policy: Mapping[str, Any]) -> dict[str, Any]:
        reasons = [
            {
                "sentence": reason["reason"],
                "evidence": self.evidence(reason["evidence"]),
                "free": self.instant(reason["freeAt"]),
                "lifted": reason["lifted"],
            }
            for reason in policy["reasons"]
        ]
        return self._named(policy) | {"verdict": policy["verdict"], "reasons": reasons}

    def _named(self, policy: Mapping[str, Any]) -> dict[str, Any]:
        return {
            "name": policy["policyName"],
            "link": address_of(policy["policyId"]),
            "rule": policy["ruleType"].replace("_", " "),
            "own": policy["policyId"].startswith(Creative.id_kind.prefix),
        }

    def _value(self, value: Any) -> str:
        if isinstance(value, list | tuple):
            return ", ".join(self._value(each) for each in value) or "none"
        if isinstance(value, bool):
            return "yes" if value else "no"
        if isinstance(value, int | float):
            return number_text(value)
        if isinstance(value, str) and INSTANT.fullmatch(value):
            return str(self.instant(value))
        place = place_named(value) if isinstance(value, str) else None
        return str(value) if place is None else self.configuration.names.get(place, str(value))


def address_of(public_id: str) -> str:
    """The page of the policy or creative with this id."""
    for model, name in CHANGE.items():
        key = model.id_kind.decode(public_id)
        if key is not None:
            return reverse(name, args=[key])
    return ""


def _label(key: str) -> str:
    words = WORDS.get(key) or re.sub(r"(?<=[a-z])(?=[A-Z])", " ", key).lower()
    return (words[0].upper() + words[1:]).removesuffix(" id")
