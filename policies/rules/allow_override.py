"""The override: what it is assigned to goes through."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import ClassVar

from policies.limits import Exempt, Finding
from policies.options import Text
from policies.rule import Explanation, Limit, Rule, option
from policies.scope import Assignment, Namer, Subject, Voice


@dataclass(frozen=True, kw_only=True)
class AllowOverride(Rule):
    """Sets aside every bypassable policy for the candidates it is assigned to, whatever the priorities.

    It blocks nothing itself, and the contact that follows counts like any other.
    """

    slug: ClassVar[str] = "allow_override"
    label: ClassVar[str] = "Allow override"
    summary: ClassVar[str] = "Lets candidates through that other policies would block."
    icon: ClassVar[str] = "verified"
    examples = ({}, {"reason": "Service notice the law requires"})

    reason: str | None = option(
        "reason", Text(least=0), label="Reason", help="Why these candidates may pass; shown in the history."
    )

    def limits_in(self, assignment: Assignment) -> Iterator[Limit]:
        yield Limit(Exempt(self.reason), assignment.candidates(), assignment, self._explain)

    def warnings(self, assignments: Sequence[Assignment] = ()) -> Iterator[str]:
        if any(assignment.dimension is None or assignment.each for assignment in assignments):
            yield (
                "This opens everything: every bypassable policy is set aside for all it is assigned to; "
                "name the offers, creatives or channels that may pass"
            )

    def sentence(self, name: Namer) -> str:
        because = f", because: {self.reason.rstrip('. ')}" if self.reason else ""
        return f"Bypasses every policy that allows it{because}"

    def _explain(self, finding: Finding, candidate: Subject, voice: Voice) -> Explanation:
        return self.sentence(lambda kind, value: value), {"reason": self.reason}
