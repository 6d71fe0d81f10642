"""The cooldown: a pause after every contact."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import ClassVar

from policies.limits import AtMost, Finding
from policies.options import Number
from policies.preview import OwnConfig
from policies.rule import Evidence, Explanation, Limit, Rule, happened, option, reserved, since
from policies.scope import Assignment, Namer, Subject, Voice
from policies.windows import HOUR, Rolling, milliseconds, plural


@dataclass(frozen=True, kw_only=True)
class Cooldown(Rule):
    """Leaves a customer alone for some hours after each contact within the policy's scope.

    Fractions of an hour are fine. A cooldown of 0 hours never blocks. What is shown together in one response does not
    start the pause against one another.
    """

    slug: ClassVar[str] = "cooldown"
    label: ClassVar[str] = "Cooldown"
    summary: ClassVar[str] = "At least so many hours between two contacts."
    icon: ClassVar[str] = "hourglass_top"
    examples = ({"cooldownHours": 24}, {"cooldownHours": 0.5, "bypassable": False})
    preview: ClassVar = OwnConfig()

    hours: float = option(
        "cooldownHours",
        Number(minimum=0),
        label="Pause",
        unit="hours",
        help="Hours to wait after a contact.",
        required=True,
    )

    def limits_in(self, assignment: Assignment) -> Iterator[Limit]:
        window = Rolling(milliseconds(self.hours, HOUR))
        test = AtMost(1, assignment.contacts(), window, counts_siblings=False)
        yield Limit(test, assignment.candidates(), assignment, partial(self._explain, assignment))

    def warnings(self, assignments: Sequence[Assignment] = ()) -> Iterator[str]:
        if self.hours == 0:
            yield "cooldownHours is 0: the policy never blocks anything"

    def sentence(self, name: Namer) -> str:
        return f"At least {plural(self.hours, 'hour')} between two contacts"

    def _explain(self, assignment: Assignment, finding: Finding, candidate: Subject, voice: Voice) -> Explanation:
        place = assignment.place(candidate, voice)
        last = f"{'A' if finding.held else 'Last'} contact{place} {happened('was', finding, HOUR, 'hour')}"
        evidence: Evidence = {"cooldownHours": self.hours, "hoursSinceLast": since(finding, HOUR)}
        return f"{last}; the pause is {plural(self.hours, 'hour')}", evidence | reserved(finding)
