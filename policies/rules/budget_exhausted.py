"""The budget: an amount of impressions or money all customers together may use up."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import ClassVar, Literal

from policies.limits import MICRO, Finding, Spend
from policies.options import Choice, Number
from policies.rule import Explanation, Limit, Rule, option
from policies.scope import Assignment, Namer, Subject, Voice


@dataclass(frozen=True, kw_only=True)
class BudgetExhausted(Rule):
    """Stops contacting anybody once a budget over all customers is used up.

    The budget belongs to the scoped entity, or to everything for a global assignment. A candidate that would take the
    total past the threshold is blocked too, so the threshold is never exceeded.
    """

    slug: ClassVar[str] = "budget_exhausted"
    label: ClassVar[str] = "Budget"
    summary: ClassVar[str] = "Stops when impressions or spend over all customers reach a threshold."
    icon: ClassVar[str] = "account_balance_wallet"
    examples = (
        {"budgetField": "impressions", "threshold": 10000},
        {"budgetField": "spend", "threshold": 2500.5},
    )

    budget_field: Literal["impressions", "spend"] = option(
        "budgetField",
        Choice(choices=("impressions", "spend")),
        label="Budget of",
        help="Impressions counts contacts; spend adds up what they cost.",
        required=True,
    )
    threshold: float = option(
        "threshold", Number(minimum=0), label="Threshold", help="The amount that may be used up.", required=True
    )

    def limits_in(self, assignment: Assignment) -> Iterator[Limit]:
        test = Spend(self.budget_field, self.threshold, assignment.dimension, assignment.target)
        yield Limit(test, assignment.candidates(), assignment, partial(self._explain, assignment))

    def warnings(self, assignments: Sequence[Assignment] = ()) -> Iterator[str]:
        if self.threshold == 0:
            yield "threshold is 0: the policy blocks everything it concerns"

    def sentence(self, name: Namer) -> str:
        return f"At most {self.threshold} {self.budget_field} over all customers"

    def _explain(self, assignment: Assignment, finding: Finding, candidate: Subject, voice: Voice) -> Explanation:
        unit = MICRO if self.budget_field == "spend" else 1
        actual, spent, reserved = (_amount(part, unit) for part in (finding.count, *finding.split))
        place = assignment.place(candidate, voice)
        sentence = f"{actual} of {self.threshold} {self.budget_field}{place} used over all customers"
        return sentence, {
            "budgetField": self.budget_field,
            "threshold": self.threshold,
            "actual": actual,
            "spent": spent,
            "reserved": reserved,
        }


def _amount(total: int, unit: int) -> float:
    return total // unit if total % unit == 0 else total / unit
