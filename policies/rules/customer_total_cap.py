"""The customer's communication budget: how many contacts one person gets, whatever they are about."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import ClassVar

from policies.limits import AtMost, Finding, whole
from policies.options import Choice, Number
from policies.preview import OwnConfig
from policies.rule import Explanation, Limit, option
from policies.scope import Assignment, Contacts, Namer, Subject, Voice
from policies.windowed import Windowed


@dataclass(frozen=True, kw_only=True)
class CustomerTotalCap(Windowed):
    """Limits all contacts of a customer together: every offer, every channel, every creative.

    The policy's scope only says which candidates are held to it. Without a period all time counts.
    """

    slug: ClassVar[str] = "customer_total_cap"
    label: ClassVar[str] = "Customer total cap"
    summary: ClassVar[str] = "At most so many contacts per customer, counting everything."
    icon: ClassVar[str] = "person"
    examples = ({"maxTotal": 5, "periodType": "weekly"}, {"maxTotal": 100})
    preview: ClassVar = OwnConfig()

    maximum: float = option(
        "maxTotal",
        Number(minimum=0),
        label="At most",
        unit="contacts",
        help="Contacts a customer may get altogether.",
        required=True,
    )
    period: str = option(
        "periodType",
        Choice(choices=("daily", "weekly", "monthly", "alltime")),
        label="Period",
        help="How far back contacts count; all time if left out.",
        default="alltime",
    )

    def periods(self) -> set[str]:
        return {self.period}

    def limits_in(self, assignment: Assignment) -> Iterator[Limit]:
        test = AtMost(whole(self.maximum), Contacts(), self.window(self.period))
        yield Limit(test, assignment.candidates(), assignment, partial(self._explain, test))

    def warnings(self, assignments: Sequence[Assignment] = ()) -> Iterator[str]:
        yield from super().warnings(assignments)
        if self.maximum == 0:
            yield "maxTotal is 0: it allows no contact at all"

    def sentence(self, name: Namer) -> str:
        return self.at_most(self.maximum, self.period, "per customer, counting everything")

    def _explain(self, test: AtMost, finding: Finding, candidate: Subject, voice: Voice) -> Explanation:
        what = "contacts over all offers and channels"
        return self.counted(test=test, period=self.period, what=what, maximum=self.maximum, finding=finding)
