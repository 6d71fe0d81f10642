"""The quarantine after an outcome: silence after a complaint, a bounce, a dismissal."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import ClassVar

from policies.limits import AtMost, Finding
from policies.options import LONGEST_LIST, Kind, Number, RefusedError, refuse_longer
from policies.preview import OwnConfig
from policies.rule import Evidence, Explanation, Limit, Preset, Rule, happened, option, reserved, since
from policies.scope import Assignment, Namer, Subject, Voice
from policies.windows import DAY, Rolling, milliseconds, plural

ADVERSE_OUTCOMES = ("complaint", "unsubscribe", "hard_bounce", "spam_report")
_MESSAGE = "outcome_based requires afterOutcome as a non-empty string or non-empty string array"


@dataclass(frozen=True, kw_only=True)
class Outcomes(Kind):
    """One outcome key or several; the refusal is worded by the API contract."""

    widget: str = "outcomes"
    mention: str | None = "outcome"
    missing: str = _MESSAGE

    def parse(self, raw: object) -> tuple[str, ...]:
        keys = [raw] if isinstance(raw, str) else raw
        if not isinstance(keys, list | tuple) or not keys:
            raise RefusedError(_MESSAGE)
        refuse_longer(keys)
        if not all(isinstance(key, str) and key.strip() for key in keys):
            raise RefusedError(_MESSAGE)
        return tuple(dict.fromkeys(keys))

    def json_schema(self) -> dict[str, object]:
        key = {"type": "string", "minLength": 1}
        return {"oneOf": [key, {"type": "array", "items": key, "minItems": 1, "maxItems": LONGEST_LIST}]}


@dataclass(frozen=True, kw_only=True)
class OutcomeBased(Rule):
    """Suppresses contact for some days after one of the named outcomes was recorded within the policy's scope.

    The usual case is the quarantine after an adverse outcome: complaint, unsubscribe, hard bounce or spam report.
    Suppression for 0 days never blocks.
    """

    slug: ClassVar[str] = "outcome_based"
    label: ClassVar[str] = "After an outcome"
    summary: ClassVar[str] = "No contact for so many days after certain outcomes."
    icon: ClassVar[str] = "do_not_disturb_on"
    examples = (
        {"afterOutcome": list(ADVERSE_OUTCOMES), "suppressForDays": 90, "bypassable": False},
        {"afterOutcome": "dismiss", "suppressForDays": 7},
    )
    presets = (
        Preset(
            "adverse-outcomes",
            "Adverse Outcomes",
            "90 days of silence after a complaint, unsubscribe, hard bounce or spam report; nothing sets it aside.",
            {"afterOutcome": list(ADVERSE_OUTCOMES), "suppressForDays": 90, "bypassable": False},
        ),
    )
    preview: ClassVar = OwnConfig()

    outcomes: tuple[str, ...] = option(
        "afterOutcome", Outcomes(), label="After", help="The outcomes that start the silence.", required=True
    )
    days: float = option(
        "suppressForDays",
        Number(minimum=0),
        label="Silence for",
        unit="days",
        help="Days of silence after the outcome.",
        required=True,
    )

    def limits_in(self, assignment: Assignment) -> Iterator[Limit]:
        test = AtMost(1, assignment.contacts(self.outcomes), Rolling(milliseconds(self.days, DAY)))
        yield Limit(test, assignment.candidates(), assignment, partial(self._explain, assignment))

    def warnings(self, assignments: Sequence[Assignment] = ()) -> Iterator[str]:
        if self.days == 0:
            yield "suppressForDays is 0: the policy never blocks anything"
        adverse = [key for key in self.outcomes if key in ADVERSE_OUTCOMES]
        if adverse and self.bypassable:
            yield (
                f"This suppresses contact after {', '.join(adverse)} but is bypassable: an override or a mandatory "
                "offer sets it aside; set bypassable to false to keep it in force"
            )

    def sentence(self, name: Namer) -> str:
        *others, last = (name("outcome", key) for key in self.outcomes)
        outcomes = f"{', '.join(others)} or {last}" if others else last
        return f"No contact for {plural(self.days, 'day')} after {outcomes}"

    def _explain(self, assignment: Assignment, finding: Finding, candidate: Subject, voice: Voice) -> Explanation:
        outcome = finding.latest.outcome if finding.latest else ""
        spoken = outcome.replace("_", " ")
        last = f"{spoken}{assignment.place(candidate, voice)} {happened('recorded', finding, DAY, 'day')}"
        evidence: Evidence = {"daysSince": since(finding, DAY), "lastOutcome": outcome, "suppressForDays": self.days}
        sentence = f"{last}; no contact for {plural(self.days, 'day')} after it"
        return sentence, evidence | reserved(finding)
