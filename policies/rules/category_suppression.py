"""The suppression of a category: after one of its offers was shown, the whole category rests."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import ClassVar

from policies.limits import AtMost, Finding
from policies.options import Number, Ref, Text
from policies.rule import Evidence, Explanation, Limit, Rule, happened, option, reserved, since
from policies.scope import Assignment, Contacts, Namer, Subject, Voice, Where
from policies.windows import DAY, Rolling, milliseconds, plural


@dataclass(frozen=True, kw_only=True)
class CategorySuppression(Rule):
    """Suppresses all offers of a category, or sub-category, for some days after any of them was shown.

    With both given, an offer must be in both. The policy's scope narrows which of the offers are held back; every
    contact in the category counts.
    """

    slug: ClassVar[str] = "category_suppression"
    label: ClassVar[str] = "Category suppression"
    summary: ClassVar[str] = "A whole category rests after one of its offers was shown."
    icon: ClassVar[str] = "snooze"
    examples = (
        {"categoryId": "cat_loans", "suppressionDays": 14},
        {"subCategoryId": "sub_mortgages", "suppressionDays": 30},
    )
    at_least_one = ("categoryId", "subCategoryId")

    category: Ref | None = option(  # noqa: RUF009 - a field, not a shared default
        "categoryId", Text(widget="category", reference="category"), label="Category", help="The category that rests."
    )
    sub_category: Ref | None = option(  # noqa: RUF009 - a field, not a shared default
        "subCategoryId",
        Text(widget="sub_category", reference="sub_category"),
        label="Sub-category",
        help="The sub-category that rests.",
    )
    days: float = option(
        "suppressionDays",
        Number(above=0),
        label="Rests for",
        unit="days",
        help="Days of rest after a contact.",
        required=True,
    )

    def limits_in(self, assignment: Assignment) -> Iterator[Limit]:
        test = AtMost(1, Contacts(where=self._within()), Rolling(milliseconds(self.days, DAY)))
        scope = assignment.candidates()
        concerned = replace(scope, where=(*scope.where, *self._within()))
        yield Limit(test, concerned, assignment, self._explain)

    def sentence(self, name: Namer) -> str:
        named = [("category", self.category), ("sub_category", self.sub_category)]
        where = " and ".join(name(kind, ref.public_id) for kind, ref in named if ref)
        return f"No offer of {where} for {plural(self.days, 'day')} after any of them was shown"

    def _within(self) -> Where:
        category: Where = (("category", frozenset({self.category.key})),) if self.category else ()
        sub_category: Where = (("sub_category", frozenset({self.sub_category.key})),) if self.sub_category else ()
        return category + sub_category

    def _explain(self, finding: Finding, candidate: Subject, voice: Voice) -> Explanation:
        where = " and ".join(voice.name(kind, key) for kind, keys in self._within() for key in keys)
        shown = happened("was shown", finding, DAY, "day")
        sentence = f"An offer of {where} {shown}; it rests for {plural(self.days, 'day')}"
        evidence: Evidence = {
            "categoryId": self.category and self.category.public_id,
            "subCategoryId": self.sub_category and self.sub_category.public_id,
            "suppressionDays": self.days,
            "daysSince": since(finding, DAY),
        } | reserved(finding)
        return sentence, {key: value for key, value in evidence.items() if value is not None}
