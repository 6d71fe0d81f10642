"""The frequency cap: how many contacts fit in a day, a week, a month or altogether."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, ClassVar

from policies.limits import AtMost, Finding
from policies.options import Text, TextList, Whole
from policies.preview import Trial
from policies.rule import Evidence, Explanation, Limit, Preset, Rule, option
from policies.scope import IMPRESSION, Assignment, Namer, Subject, Voice
from policies.windowed import PERIODS, Windowed
from policies.windows import Ever, plural

# A longer period holds a shorter one at most so often: a calendar month has up to 31 days.
_NESTED = (("daily", "weekly", 7), ("daily", "monthly", 31))
_CALENDAR_CROSSING = {("weekly", "monthly")}


@dataclass(frozen=True, kw_only=True)
class CapTrial(Trial):
    """Tries a plain cap over the whole lookback: what a customer got beyond so many contacts would not have been.

    Nothing before the lookback counts. Any outcome can be counted in the place of contacts.
    """

    slug: ClassVar[str] = "frequency_cap"
    label: ClassVar[str] = "Frequency cap over a lookback"
    counts_earlier: ClassVar[bool] = False

    maximum: int = option(
        "maxFrequency", Whole(minimum=1), label="Contacts", help="Contacts allowed in the lookback.", required=True
    )
    tried_outcome: str = option(
        "outcomeType",
        Text(mention="outcome"),
        label="Outcome",
        help="The interactions to count, typically impression.",
        required=True,
    )
    within_campaign: str | None = option(
        "withinCampaignId", Text(), label="Only this campaign", help="Counts the contacts of this campaign run alone."
    )
    exclude_campaigns: tuple[str, ...] = option(
        "excludeCampaignIds",
        TextList(),
        label="Leave out campaigns",
        help="Contacts of these campaign runs do not count.",
        default=(),
    )

    def limits_in(self, assignment: Assignment) -> Iterator[Limit]:
        counted = replace(
            assignment.contacts((self.tried_outcome,)),
            campaign=self.within_campaign,
            without_campaigns=frozenset(self.exclude_campaigns),
        )
        yield Limit(AtMost(self.maximum, counted, Ever()), assignment.candidates(), assignment, self._explain)

    def sentence(self, name: Namer) -> str:
        what = "contact" if self.tried_outcome == IMPRESSION else name("outcome", self.tried_outcome)
        return f"At most {plural(self.maximum, what)} in {plural(self.looked_back, 'day')}"

    def _explain(self, finding: Finding, candidate: Subject, voice: Voice) -> Explanation:
        evidence: Evidence = {"max": self.maximum, "actual": finding.count, "periodDays": self.looked_back}
        return f"{finding.count} of {self.maximum} in {plural(self.looked_back, 'day')}", evidence


class LargestCap:
    """The preview of the largest cap of a policy: a day's looks back 1 day, a week's 7, a month's 30, a total's 365."""

    needs_days = False
    days: ClassVar = {"maxPerDay": 1, "maxPerWeek": 7, "maxPerMonth": 30, "maxTotal": 365}

    def trial_of(self, rule: type[Rule]) -> type[Trial]:
        return CapTrial

    def asked(self, config: Mapping[str, Any], *, days: int) -> dict[str, Any]:
        """Of two equal caps the one over the longer period, which the shorter one's contacts cannot exceed."""
        caps = [(config[key], span) for key, span in self.days.items() if config.get(key) is not None]
        maximum, span = max(caps, default=(None, days))
        campaigns = {key: config[key] for key in ("withinCampaignId", "excludeCampaignIds") if config.get(key)}
        return {"maxFrequency": maximum, "periodDays": span, "outcomeType": IMPRESSION, **campaigns}


@dataclass(frozen=True, kw_only=True)
class FrequencyCap(Windowed):
    """Limits how often a customer is contacted within the policy's scope.

    Each maximum is a limit of its own and the tightest one decides. The contact that reaches a maximum is still
    allowed, the next one is not; a maximum of 0 allows none. A cap can look at one campaign only, or leave some out.
    It holds for mandatory offers too.
    """

    slug: ClassVar[str] = "frequency_cap"
    label: ClassVar[str] = "Frequency cap"
    summary: ClassVar[str] = "At most so many contacts a day, a week, a month or in all."
    icon: ClassVar[str] = "speed"
    examples = (
        {"maxPerDay": 1, "maxPerWeek": 3},
        {"maxPerMonth": 4, "windowType": "calendar", "timezone": "Europe/Berlin"},
        {"maxTotal": 10, "withinCampaignId": "spring-launch"},
    )
    presets = (
        Preset(
            "three-emails-a-week",
            "Three emails a week",
            "No customer gets a fourth email within seven days.",
            {"maxPerWeek": 3},
            channel_type="email",
        ),
    )
    at_least_one = ("maxPerDay", "maxPerWeek", "maxPerMonth", "maxTotal")
    stands_for_mandatory: ClassVar[bool] = True
    preview: ClassVar = LargestCap()

    per_day: int | None = option(
        "maxPerDay",
        Whole(minimum=0),
        label="Per day",
        unit="contacts",
        help="Contacts allowed in 24 hours, or in a calendar day.",
    )
    per_week: int | None = option(
        "maxPerWeek",
        Whole(minimum=0),
        label="Per week",
        unit="contacts",
        help="Contacts allowed in 7 days, or in a calendar week.",
    )
    per_month: int | None = option(
        "maxPerMonth",
        Whole(minimum=0),
        label="Per month",
        unit="contacts",
        help="Contacts allowed in 30 days, or in a calendar month.",
    )
    total: int | None = option(
        "maxTotal", Whole(minimum=0), label="In all", unit="contacts", help="Contacts allowed altogether."
    )
    within_campaign: str | None = option(
        "withinCampaignId", Text(), label="Only this campaign", help="Counts the contacts of this campaign run alone."
    )
    exclude_campaigns: tuple[str, ...] = option(
        "excludeCampaignIds",
        TextList(),
        label="Leave out campaigns",
        help="Contacts of these campaign runs do not count; those without a campaign still do.",
        default=(),
    )

    def maxima(self) -> dict[str, int]:
        """The configured maximum of each period, shortest period first."""
        each = (
            ("daily", self.per_day),
            ("weekly", self.per_week),
            ("monthly", self.per_month),
            ("alltime", self.total),
        )
        return {period: maximum for period, maximum in each if maximum is not None}

    def periods(self) -> set[str]:
        return set(self.maxima())

    def limits_in(self, assignment: Assignment) -> Iterator[Limit]:
        counted = replace(
            assignment.contacts(),
            campaign=self.within_campaign,
            without_campaigns=frozenset(self.exclude_campaigns),
        )
        for period, maximum in self.maxima().items():
            test = AtMost(maximum, counted, self.window(period))
            explain = partial(self._explain, test=test, period=period, assignment=assignment)
            yield Limit(test, assignment.candidates(), assignment, explain)

    def warnings(self, assignments: Sequence[Assignment] = ()) -> Iterator[str]:
        yield from super().warnings(assignments)
        maxima, keys = self.maxima(), dict(zip(PERIODS, self.at_least_one, strict=True))
        yield from (f"{keys[period]} is 0: it allows no contact at all" for period in maxima if maxima[period] == 0)
        for (short, few), (long, many) in self._pairs():
            if few >= many:
                yield f"{keys[short]} {few} can never bind: {keys[long]} {many} is reached no later"
        for short, long, times in _NESTED:
            if 0 < maxima.get(short, 0) * times <= maxima.get(long, 0):
                yield f"{keys[long]} {maxima[long]} can never bind while {keys[short]} {maxima[short]} holds"
        if self.within_campaign in self.exclude_campaigns:
            yield "withinCampaignId is also in excludeCampaignIds: no contact is ever counted"

    def sentence(self, name: Namer) -> str:
        (period, maximum), *others = self.maxima().items()
        first = f"{plural(maximum, 'contact')} {PERIODS[period]}"
        listed = [first, *(f"{maximum} {PERIODS[period]}" for period, maximum in others)]
        counts = " and ".join(filter(None, [", ".join(listed[:-1]), listed[-1]]))
        return f"At most {counts}{self._campaigns()}{self.suffix()}"

    def _pairs(self) -> Iterator[tuple[tuple[str, int], tuple[str, int]]]:
        """Maxima of two periods of which the longer always contains the shorter."""
        items = list(self.maxima().items())
        for index, short in enumerate(items):
            for long in items[index + 1 :]:
                # A calendar week may begin before the month it ends in.
                if self.window_type == "rolling" or (short[0], long[0]) not in _CALENDAR_CROSSING:
                    yield short, long

    def _campaigns(self) -> str:
        within = f" of campaign {self.within_campaign}" if self.within_campaign else ""
        without = f", not counting {', '.join(self.exclude_campaigns)}" if self.exclude_campaigns else ""
        return within + without

    def _explain(
        self, finding: Finding, candidate: Subject, voice: Voice, *, test: AtMost, period: str, assignment: Assignment
    ) -> Explanation:
        within = f" of campaign {self.within_campaign}" if self.within_campaign else ""
        what = f"contacts{within}{assignment.place(candidate, voice)}"
        return self.counted(test=test, period=period, what=what, maximum=test.n, finding=finding)
