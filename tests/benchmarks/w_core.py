"""W-CORE: 500 candidates, 50 policies of every rule type, histories of 20 or 200 interactions."""

from random import Random
from typing import Any

from decisioning.engine.candidates import Candidate
from decisioning.engine.facts import Contact, Facts
from decisioning.engine.snapshot import Policy, Snapshot, compile_policies
from policies.limits import Total, TotalKey
from policies.scope import Assignment
from policies.windows import DAY

NOW = 1_760_000_000_000
OUTCOMES = ("impression", "click", "dismiss", "convert", "complaint")
WEIGHTS = (80, 12, 5, 2, 1)
CAMPAIGNS = 50
SEGMENTS = frozenset({"s3", "s11"})


def candidates(count: int = 500) -> list[Candidate]:
    """Candidate i: offer i//5, creative i, channel i%6, placement (i%6)*3+i%3, category offer%10, sub offer%30."""
    return [
        Candidate(
            creative=i,
            offer=i // 5,
            channel=i % 6,
            placement=(i % 6) * 3 + i % 3,
            category=(i // 5) % 10,
            sub_category=(i // 5) % 30,
            label=f"label {(i // 5) % 8}",
            cost=1000 * (i % 6),
        )
        for i in range(count)
    ]


class Writer:
    """Collects policies with running numbers."""

    def __init__(self) -> None:
        self.policies: list[Policy] = []

    def add(self, rule_type: str, config: dict[str, object], *assignments: Assignment) -> None:
        number = len(self.policies) + 1
        self.policies.append(
            Policy(
                public_id=f"cp_{number}",
                name=f"Policy {number}",
                version=1,
                rule_type=rule_type,
                config=config,
                assignments=assignments or (GLOBAL,),
                priority=number % 101,
                created_at=number,
                key=number,
            )
        )


GLOBAL = Assignment("global")


def on(scope: str, *targets: int) -> tuple[Assignment, ...]:
    """Assignments to these entities."""
    return tuple(Assignment(scope, target, public_id=f"{scope}_{target}") for target in targets)


def policies(copies: int = 1) -> list[Policy]:
    """The 50 policies of W-CORE, `copies` times."""
    writer = Writer()
    for copy in range(copies):
        _write(writer, Random(11 + copy))
    return writer.policies


def _write(writer: Writer, random: Random) -> None:
    cap = {"maxPerDay": 2, "maxPerWeek": 5, "maxPerMonth": 12}
    for _ in range(2):
        writer.add("frequency_cap", {"maxPerDay": 6, "maxPerWeek": 15, "maxPerMonth": 40})
    for channel in range(4):
        writer.add("frequency_cap", cap, *on("channel", channel))
    for scopes in (1, 1, 1, 4, 4):
        writer.add("frequency_cap", cap, *on("offer", *random.sample(range(100), scopes)))
    writer.add("frequency_cap", cap, *on("category", 1))
    writer.add("frequency_cap", {**cap, "excludeCampaignIds": ["c1", "c2"]}, *on("category", 2))
    writer.add("frequency_cap", {**cap, "withinCampaignId": "c3"}, *on("category", 3))
    for channel in (4, 5):
        writer.add("cooldown", {"cooldownHours": 12}, *on("channel", channel))
    for _ in range(4):
        writer.add("cooldown", {"cooldownHours": 24}, *on("offer", *random.sample(range(100), 3)))
    for _ in range(2):
        writer.add("cooldown", {"cooldownHours": 48}, *on("creative", *random.sample(range(500), 5)))
    for field, threshold in (("impressions", 1000), ("impressions", 10), ("spend", 50)):
        config = {"budgetField": field, "threshold": threshold}
        writer.add("budget_exhausted", config, *on("offer", random.randrange(100)))
    writer.add("outcome_based", {"afterOutcome": ["complaint"], "suppressForDays": 2})
    for _ in range(3):
        config = {"afterOutcome": ["dismiss", "complaint"], "suppressForDays": 30}
        writer.add("outcome_based", config, *on("offer", *random.sample(range(100), 5)))
    for number in range(5):
        writer.add("segment_exclusion", {"excludeSegments": [f"s{number}", f"s{number + 5}"]}, *on("category", number))
    for channel, zone in enumerate(("Europe/Berlin", "America/New_York", "Asia/Kolkata")):
        writer.add("time_window", {"startHour": 8, "endHour": 20, "timezone": zone}, *on("channel", channel))
    writer.add("time_window", {"startHour": 0, "endHour": 24, "timezone": "UTC"})
    for _ in range(3):
        members = random.sample(range(100), 3)
        writer.add("mutual_exclusion", {"excludeOfferIds": [f"off_{n}" for n in members], "lookbackDays": 14})
    for total in (3, 6, 9):
        config = {"maxTotal": total, "periodType": "monthly"}
        writer.add("cross_channel_cap", config, *on("offer", *random.sample(range(100), 3)))
    writer.add("customer_total_cap", {"maxTotal": 20, "periodType": "weekly"})
    writer.add("customer_total_cap", {"maxTotal": 60, "periodType": "monthly"})
    for label in (1, 2):
        writer.add("offer_category_cap", {"targetCategory": f"label {label}", "maxTotal": 6, "periodType": "monthly"})
    writer.add("allow_override", {}, *on("offer", *random.sample(range(100), 2)))
    writer.add("category_suppression", {"categoryId": "cat_7", "suppressionDays": 3})


def resolve(_kind: str, public_id: str) -> int:
    """Keys are in the ids."""
    return int(public_id.rpartition("_")[2])


def snapshot(copies: int = 1) -> Snapshot:
    """The compiled policies."""
    return Snapshot(version=1, limits=compile_policies(policies(copies), resolve), tenant_timezone="UTC")


def history(n: int, seed: int, *, oldest: float = 90.0) -> list[Contact]:
    """n interactions: candidate int(u^2*500), age u^2*90 days, a fifth of them in one of 50 campaigns."""
    random = Random(seed)
    catalogue = candidates()
    contacts = []
    for _ in range(n):
        seen = catalogue[int(random.random() ** 2 * 500)]
        contacts.append(
            Contact(
                at=NOW - int(random.random() ** 2 * oldest * DAY),
                outcome=random.choices(OUTCOMES, WEIGHTS)[0],
                offer=seen.offer,
                creative=seen.creative,
                channel=seen.channel,
                placement=seen.placement,
                category=seen.category,
                sub_category=seen.sub_category,
                label=seen.label,
                campaign=f"c{random.randrange(CAMPAIGNS)}" if random.random() < 0.2 else None,
            )
        )
    return contacts


def facts(n: int, seed: int, *, old: int = 0) -> Facts:
    """A customer with that history, in two segments, and some budgets spent; `old` contacts lie beyond any window."""
    ancient = [contact._replace(at=NOW - 400 * DAY - number) for number, contact in enumerate(history(old, seed))]
    return Facts.of([*history(n, seed), *ancient], segments=SEGMENTS, totals=totals())


def totals() -> dict[TotalKey, Total]:
    """What all customers together have used of each offer's budgets."""
    shown: dict[TotalKey, Total] = {("impressions", "offer", key): Total(key * 3) for key in range(100)}
    return shown | {("spend", "offer", key): Total(key * 700_000) for key in range(100)}


def world(n: int, seed: int) -> dict[str, Any]:
    """The same customer, policies and candidates as the plain dicts the oracle reads."""
    return {
        "now": NOW,
        "tenant_zone": "UTC",
        "customer_zone": None,
        "segments": set(SEGMENTS),
        "totals": {key: (total.spent, total.reserved) for key, total in totals().items()},
        "policies": [_plain(policy) for policy in policies()],
        "constraints": [],
        "selected": None,
        "contacts": [contact._asdict() for contact in history(n, seed)],
        "holds": [],
        "candidates": [
            {name: getattr(candidate, name) for name in Candidate.__dataclass_fields__} for candidate in candidates()
        ],
    }


def _plain(policy: Policy) -> dict[str, Any]:
    return {
        "id": policy.public_id,
        "type": policy.rule_type,
        "config": policy.config,
        "priority": policy.priority,
        "created": policy.created_at,
        "scopes": [
            {"scope": assignment.scope, "target": assignment.target, "dead": False} for assignment in policy.assignments
        ],
    }
