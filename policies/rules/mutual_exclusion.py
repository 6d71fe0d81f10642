"""The mutual exclusion: of a group of offers a customer gets one."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import ClassVar

from policies.limits import AtMost, Finding
from policies.options import Number, Ref, TextList
from policies.rule import Explanation, Limit, Problem, Rule, happened, option, reserved, since
from policies.scope import Assignment, Candidates, Contacts, Namer, Subject, Voice
from policies.windows import DAY, Rolling, milliseconds, plural


@dataclass(frozen=True, kw_only=True)
class MutualExclusion(Rule):
    """Keeps offers that contradict each other from reaching the same customer.

    The group is the listed offers together with the offers the policy is assigned to. Once a customer was contacted
    about one of them, on whatever channel, the others are blocked for the lookback; its own contacts do not block an
    offer. Assignments other than offers only narrow which members are held back. A lookback of 0 days keeps the
    members apart within one response and no longer.
    """

    slug: ClassVar[str] = "mutual_exclusion"
    label: ClassVar[str] = "Mutual exclusion"
    summary: ClassVar[str] = "One offer of the group shuts out the others."
    icon: ClassVar[str] = "call_split"
    reaches_named_offers: ClassVar[bool] = True
    examples = (
        {"excludeOfferIds": ["off_gold_card", "off_platinum_card"]},
        {"excludeOfferIds": ["off_loan"], "lookbackDays": 90},
    )

    offers: tuple[Ref, ...] = option(
        "excludeOfferIds",
        TextList(least=0, widget="offers", reference="offer"),
        label="Conflicting offers",
        help="Offers that must not reach the same customer together.",
        required=True,
    )
    lookback_days: float = option(
        "lookbackDays",
        Number(minimum=0),
        label="Lookback",
        unit="days",
        help="How long a contact shuts out the other offers; 0 is within one response only.",
        default=30,
    )

    def limits(self, assignments: Sequence[Assignment]) -> Iterator[Limit]:
        narrowing = [assignment for assignment in assignments if assignment.dimension != "offer"]
        members = self._members(assignments)
        on_offers = [assignment for assignment in assignments if assignment.dimension == "offer"]
        for member in members:
            own = [assignment for assignment in on_offers if assignment.target == member]
            for assignment in narrowing:
                yield self._limit(assignment, member, members, assignment.candidates())
            if all(assignment.scope == "global" for assignment in narrowing):
                for assignment in (own or on_offers)[:1]:
                    alone = self._limit(assignment, member, members, Candidates())
                    yield replace(alone, without_global=bool(narrowing))

    def refusals(self, assignments: Sequence[Assignment]) -> Iterator[Problem]:
        for index, assignment in enumerate(assignments):
            if assignment.each:
                place = f"scopes[{index}].scopeId" if len(assignments) > 1 else "scopeId"
                yield place, '"*" makes no sense for mutual_exclusion, which is about a group of offers; name an offer'

    def warnings(self, assignments: Sequence[Assignment] = ()) -> Iterator[str]:
        ids = {ref.public_id for ref in self.offers}
        scoped = {assignment.public_id for assignment in assignments if assignment.dimension == "offer"}
        # Without assignments at hand, one listed offer may still find its counterpart among them.
        if len(ids | scoped) < (2 if assignments else 1):
            yield "The group has fewer than two offers: the policy never blocks anything"

    def sentence(self, name: Namer) -> str:
        offers = ", ".join(name("offer", ref.public_id) for ref in self.offers) or "no other offer"
        return f"One contact about any of {offers} shuts out the others for {plural(self.lookback_days, 'day')}"

    def _members(self, assignments: Sequence[Assignment]) -> list[int]:
        scoped = [a.target for a in assignments if a.dimension == "offer" and a.target is not None]
        # Key 0 stands for an offer that does not exist; nothing can conflict with it.
        return sorted({ref.key for ref in self.offers if ref.key} | set(scoped))

    def _limit(self, assignment: Assignment, member: int, members: Sequence[int], scope: Candidates) -> Limit:
        others = frozenset(members) - {member}
        window = Rolling(milliseconds(self.lookback_days, DAY))
        test = AtMost(1, Contacts(where=(("offer", others),)), window)
        return Limit(test, scope.narrowed("offer", member), assignment, self._explain)

    def _explain(self, finding: Finding, candidate: Subject, voice: Voice) -> Explanation:
        offer = finding.latest.offer if finding.latest else None
        sentence = (
            f"{voice.name('offer', candidate.offer)} conflicts with {voice.name('offer', offer)}, "
            f"which {happened('the customer saw', finding, DAY, 'day')}; "
            f"they exclude each other for {plural(self.lookback_days, 'day')}"
        )
        conflicting = voice.public_id("offer", offer)
        return sentence, {
            "conflictingOfferId": conflicting,
            "daysSince": since(finding, DAY),
            "lookbackDays": self.lookback_days,
        } | reserved(finding)
