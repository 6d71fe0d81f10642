"""The exclusion by segment: some customers are not to be contacted."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

from policies.limits import Finding, NotIn
from policies.options import TextList
from policies.rule import Evidence, Explanation, Limit, Rule, option
from policies.scope import Assignment, Namer, Subject, Voice


@dataclass(frozen=True, kw_only=True)
class SegmentExclusion(Rule):
    """Keeps customers in any of the named segments from being contacted.

    Stored membership and the segments a request brings along count alike.
    """

    slug: ClassVar[str] = "segment_exclusion"
    label: ClassVar[str] = "Segment exclusion"
    summary: ClassVar[str] = "Nobody in these segments."
    icon: ClassVar[str] = "group_off"
    examples = ({"excludeSegments": ["vulnerable_customers", "in_collections"]},)

    segments: tuple[str, ...] = option(
        "excludeSegments",
        TextList(widget="segments", mention="segment"),
        label="Excluded segments",
        help="Customers in any of these segments are left out.",
        required=True,
    )

    def limits_in(self, assignment: Assignment) -> Iterator[Limit]:
        yield Limit(NotIn(self.segments), assignment.candidates(), assignment, self._explain)

    def sentence(self, name: Namer) -> str:
        return f"No contact with customers in {' or '.join(name('segment', segment) for segment in self.segments)}"

    def _explain(self, finding: Finding, candidate: Subject, voice: Voice) -> Explanation:
        matched = ", ".join(finding.segments)
        evidence: Evidence = {"matchedSegment": finding.segments[0], "matchedSegments": list(finding.segments)}
        return f"The customer is in the excluded segment {matched}", evidence
