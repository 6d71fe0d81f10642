"""Every impression of a month put to the filter as of the instant before it: would these policies have suppressed it?

Asked at its own instant an impression would stand in its own way, so each question is a millisecond earlier.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tqdm import tqdm

from kaireon.tenancy import Tenant
from tests.conftest import Door
from tests.decisioning.brute_force import Question, Thing, Touches, text_of, verdict
from tests.decisioning.touches import COSTS, World, import_touches, shown

# What a shop for clothes advertises: a sale in posts, its club in banners and films, a voucher beside search results.
CATALOGUE = [
    Thing("Summer sale", "Facebook", "Facebook", "Clothing", "Summer", "reduced"),
    Thing("Summer sale", "Instagram", "Instagram", "Clothing", "Summer", "reduced"),
    Thing("Members' club", "Online Display", "Online Display", "Loyalty", None, ""),
    Thing("Members' club", "Online Video", "Online Video", "Loyalty", None, ""),
    Thing("Voucher", "Paid Search", "Paid Search", None, None, "reduced"),
]


def policy(name: str, rule: str, scope: str = "global", scope_id: str | None = None, **config: Any) -> dict[str, Any]:
    """A policy with one assignment, named as the catalogue names things."""
    return {"name": name, "ruleType": rule, "config": config, "scopes": [{"scope": scope, "scopeId": scope_id}]}


WEEK = {"periodType": "weekly", "windowType": "calendar", "timezone": "America/New_York"}
MONTH = WEEK | {"periodType": "monthly"}
POLICIES = [
    policy("2 a day", "frequency_cap", maxPerDay=2, bypassable=False),
    policy("3 a week on each channel", "frequency_cap", "channel", "*", maxPerWeek=3),
    policy("8 a month", "customer_total_cap", maxTotal=8, **MONTH),
    policy("Half a day between posts", "cooldown", "channel", "Facebook", cooldownHours=12),
    policy("Sale 3 a week over its channels", "cross_channel_cap", "offer", "Summer sale", maxTotal=3, **WEEK),
    policy("Reductions 3 in a week", "offer_category_cap", targetCategory="reduced", maxTotal=3, periodType="weekly"),
    policy("Films by day", "time_window", "channel", "Online Video", startHour=8, endHour=22, timezone="Europe/London"),
    policy("Rest after a purchase", "outcome_based", afterOutcome=["convert"], suppressForDays=14, bypassable=False),
    policy("Club every other day", "category_suppression", "offer", "*", categoryId="Loyalty", suppressionDays=2),
    policy("Sale or voucher", "mutual_exclusion", excludeOfferIds=["Summer sale", "Voucher"], lookbackDays=1),
    policy("Basket left behind", "allow_override", "channel", "Online Display", reason="the customer's own basket"),
]
ANY = "Any of them"


@dataclass
class Tally:
    """How many impressions each channel had, and how many of them each policy suppressed."""

    impressions: Counter[str] = field(default_factory=Counter)
    suppressed: Counter[tuple[str, str]] = field(default_factory=Counter)

    def add(self, channel: str, verdict: Any) -> None:
        """Counts an impression and the policies that stood against it; a lifted block stands against nothing."""
        allowed, _, reasons = verdict
        blocking = {policy for policy, lifted, _ in reasons if not lifted}
        self.impressions[channel] += 1
        self.suppressed.update((policy, channel) for policy in blocking)
        self.suppressed[ANY, channel] += not allowed

    def table(self, policies: list[str]) -> str:
        """The suppressed share per policy and channel, and how many impressions a policy suppressed in all."""
        channels, total = sorted(self.impressions), self.impressions.total()
        lines = [["policy", *channels, "all channels", "suppressed"], ["---", *["---:"] * (len(channels) + 2)]]
        for name in [*policies, ANY]:
            counts = {channel: self.suppressed[name, channel] for channel in channels}
            shares = [share(count, self.impressions[channel]) for channel, count in counts.items()]
            lines.append([name, *shares, share(sum(counts.values()), total), f"{sum(counts.values()):,}"])
        lines.append(["Impressions", *(f"{self.impressions[channel]:,}" for channel in channels), f"{total:,}", ""])
        return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def share(part: int, whole: int) -> str:
    """Percent."""
    return f"{100 * part / whole:.1f} %"


@dataclass
class Replay:
    """A file imported into a tenant in which the policies are in force, and what asking about it has shown so far."""

    world: World
    touches: Touches
    tally: Tally = field(default_factory=Tally)
    expected: Tally = field(default_factory=Tally)
    differences: list[str] = field(default_factory=list)

    @classmethod
    def of(cls, path: Path, tenant: Tenant, admin: Door, *, rejects: Path) -> Replay:
        """Makes the catalogue and the policies through the API and imports the file by the command."""
        world = World(admin, CATALOGUE)
        import_touches(path, tenant, rejects=rejects)
        for described in POLICIES:
            world.add_policy(described, status="active")
        return cls(world, Touches(path, world.candidates, COSTS))

    def run(self, door: Door, *, limit: int | None = None) -> None:
        """Asks about every impression in the order of time, or about so many of them spread over the whole file."""
        impressions = self.impressions()
        wanted = min(limit or len(impressions), len(impressions))
        for number in tqdm(range(wanted), unit="impression", disable=None):
            self.ask(door, *impressions[number * len(impressions) // wanted])

    def impressions(self) -> list[tuple[str, Thing]]:
        """Customers and what they were shown, in the order of time."""
        touches = ((customer, touch) for customer, touches in self.touches.of.items() for touch in touches)
        impressions = (pair for pair in touches if pair[1].outcome == "impression")
        return sorted(impressions, key=lambda pair: (pair[1].at, pair[0]))

    def ask(self, door: Door, customer: str, touch: Thing) -> None:
        """Puts one impression to the filter and to the brute force."""
        candidates = [{"creativeId": self.world.ids["creative", touch.creative]}]
        body = {"customerId": customer, "asOf": text_of(touch.at - 1), "candidates": candidates}
        status, answer = door("POST", "decisions/filter", body)
        assert status == 200, answer
        [result] = answer["results"]
        said, expected = shown(result), self.expectation(customer, touch)
        if said != expected:
            self.differences.append(f"{body}\nthe filter:  {said}\nbrute force: {expected}")
        self.tally.add(touch.channel, said)
        self.expected.add(touch.channel, expected)

    def expectation(self, customer: str, touch: Thing) -> Any:
        """The brute force's verdict, which never sees the impression itself."""
        before = touch.at - 1
        history = [earlier for earlier in self.touches.of[customer] if earlier.at <= before]
        question = Question(self.touches, history, before, segments=frozenset())
        return verdict(POLICIES, self.world.candidates[touch.creative], question, mandatory=False)
