"""The cap per marketing label: how many contacts a customer gets about offers of one label."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import ClassVar

from policies.limits import AtMost, Finding, whole
from policies.options import Choice, Number, Text
from policies.preview import OwnConfig
from policies.rule import Explanation, Limit, option
from policies.scope import Assignment, Contacts, Namer, Subject, Voice
from policies.windowed import Windowed


@dataclass(frozen=True, kw_only=True)
class OfferCategoryCap(Windowed):
    """Limits the contacts about offers that carry a free-form category label.

    Only offers with the label are held to it, and the policy's scope narrows them further. A contact counts by the
    label its offer had at the time; one whose label was never recorded counts as if it had this one.
    """

    slug: ClassVar[str] = "offer_category_cap"
    label: ClassVar[str] = "Offer category cap"
    summary: ClassVar[str] = "At most so many contacts about offers with this label."
    icon: ClassVar[str] = "sell"
    examples = (
        {"targetCategory": "credit-cards", "maxTotal": 2, "periodType": "monthly"},
        {"targetCategory": "insurance", "maxTotal": 10},
    )
    preview: ClassVar = OwnConfig()

    target: str = option(
        "targetCategory", Text(), label="Label", help="The offers' free-form category label.", required=True
    )
    maximum: float = option(
        "maxTotal",
        Number(minimum=0),
        label="At most",
        unit="contacts",
        help="Contacts allowed with this label.",
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
        test = AtMost(whole(self.maximum), Contacts(label=self.target), self.window(self.period))
        labelled = replace(assignment.candidates(), label=self.target)
        yield Limit(test, labelled, assignment, partial(self._explain, test))

    def warnings(self, assignments: Sequence[Assignment] = ()) -> Iterator[str]:
        yield from super().warnings(assignments)
        if self.maximum == 0:
            yield "maxTotal is 0: it allows no contact at all"

    def sentence(self, name: Namer) -> str:
        return self.at_most(self.maximum, self.period, f"about {self.target} offers")

    def _explain(self, test: AtMost, finding: Finding, candidate: Subject, voice: Voice) -> Explanation:
        what = f"contacts about {self.target} offers"
        sentence, evidence = self.counted(
            test=test, period=self.period, what=what, maximum=self.maximum, finding=finding
        )
        return sentence, {**evidence, "targetCategory": self.target}
