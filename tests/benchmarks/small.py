"""P6: the limits of W-SMALL by the engine, by json-logic and by zen-engine.

Run with `python -m tests.benchmarks.small`; the rivals come with `pip install --group benchmarks`. One customer with 25
contacts within 8 days is asked about all of 100 offers: 3 in 24 hours, 10 in 7 days, a pause of 24 hours, per offer.

Each side starts from what its users would hold ready. The engine has its compiled program and the customer's history,
and counts it within what is timed. The rivals cannot count: they are given, outside of what is timed, each offer's two
counts and the hours since its last contact, as the application in front of them would have fetched them. json-logic
has one rule as parsed JSON and zen-engine one compiled expression, evaluated per offer; since zen-engine also takes a
list, the last row gives it all offers in a single call. Building contexts is free for the rivals as well. Each side
answers in its own form, the engine with a mask, the rivals with a boolean per offer; the check reads the mask as such.
"""

import platform
import statistics
import sys
from collections.abc import Callable
from importlib.metadata import version
from random import Random
from typing import Any

try:
    import json_logic
    import zen
except ImportError:
    sys.exit("The rivals are missing: pip install --group benchmarks (or: pip install json-logic-qubit zen-engine).")

from decisioning.engine.candidates import Candidate
from decisioning.engine.evaluate import decide
from decisioning.engine.facts import Contact, Facts
from decisioning.engine.program import Program
from decisioning.engine.snapshot import Policy, Snapshot, compile_policies
from policies.scope import Assignment
from policies.windows import DAY, HOUR
from tests.benchmarks.core import timed

NOW = 1_760_000_000_000
OFFERS, CONTACTS, CUSTOMERS = 100, 25, 20
PAIRS, ROUNDS = 9, 5
NEVER = 1e9  # hours since a contact that never was
LIMITS = {"frequency_cap": {"maxPerDay": 3, "maxPerWeek": 10}, "cooldown": {"cooldownHours": 24}}
JSON_LOGIC = {
    "and": [
        {"<": [{"var": "day"}, 3]},
        {"<": [{"var": "week"}, 10]},
        {">=": [{"var": "hoursSinceLast"}, 24]},
    ]
}
ZEN = "day < 3 and week < 10 and hoursSinceLast >= 24"
ZEN_LIST = "map(offers, #.day < 3 and #.week < 10 and #.hoursSinceLast >= 24)"

Answer = list[bool]


def main() -> None:
    """Prints the table."""
    histories = [history(seed) for seed in range(CUSTOMERS)]
    ours, rivals = engine(histories), prepared(histories)
    answers = [read(mask) for mask in ours()]
    for name, (run, _) in rivals.items():
        if run() != answers:
            sys.exit(f"{name} disagrees.")
    blocked = sum(answer.count(False) for answer in answers) / CUSTOMERS
    print(f"W-SMALL, {platform.python_implementation()} {platform.python_version()}, seeds 0..{CUSTOMERS - 1}")
    print(f"json-logic-qubit {version('json-logic-qubit')}, zen-engine {version('zen-engine')}")
    print(f"All answer the same, {blocked:.1f} of {OFFERS} offers blocked\n")
    print("| rival | engine us | rival us | ratio | goal |\n" + "|---" * 5 + "|")
    for name, (run, goal) in rivals.items():
        print(compared(name, ours, run, goal))


def compared(name: str, ours: Callable[[], object], theirs: Callable[[], object], goal: str) -> str:
    """One row: microseconds per customer, medians over interleaved pairs."""
    pairs = [(repeated(ours), repeated(theirs)) for _ in range(PAIRS)]
    mine, others = (statistics.median(side) * 1000 / CUSTOMERS / ROUNDS for side in zip(*pairs, strict=True))
    ratio = statistics.median(other / mine for mine, other in pairs)
    return f"| {name} | {mine:.1f} | {others:.0f} | {ratio:.1f} | {goal} |"


def repeated(run: Callable[[], object]) -> float:
    """Milliseconds of several rounds, so that one is not lost in the clock's grain."""
    return timed(lambda: [run() for _ in range(ROUNDS)])


def engine(histories: list[list[Contact]]) -> Callable[[], list[int]]:
    """Ours: the offers that may be shown to each customer, as masks."""
    each = Assignment("offer", each=True)
    policies = [
        Policy(public_id=rule, name=rule, version=1, rule_type=rule, config=config, assignments=(each,))
        for rule, config in LIMITS.items()
    ]
    snapshot = Snapshot(version=1, limits=compile_policies(policies, lambda _kind, _id: 0), tenant_timezone="UTC")
    program = Program(snapshot.limits, [Candidate(creative=n, offer=n) for n in range(OFFERS)])
    everybody = [Facts.of(contacts) for contacts in histories]
    return lambda: [decide(snapshot, program, facts, now=NOW).allowed for facts in everybody]


def read(mask: int) -> Answer:
    """A mask in the rivals' form: whether each offer may be shown."""
    return [bool(mask >> offer & 1) for offer in range(OFFERS)]


def prepared(histories: list[list[Contact]]) -> dict[str, tuple[Callable[[], list[Answer]], str]]:
    """The rivals over their contexts, with the goals."""
    contexts = [[counts(contacts, offer) for offer in range(OFFERS)] for contacts in histories]
    lists = [{"offers": offers} for offers in contexts]
    single, whole = zen.compile_expression(ZEN), zen.compile_expression(ZEN_LIST)
    return {
        "json-logic": (
            lambda: [[json_logic.jsonLogic(JSON_LOGIC, one) for one in offers] for offers in contexts],
            ">= 50",
        ),
        "zen-engine, per offer": (lambda: [[single.evaluate(one) for one in offers] for offers in contexts], ">= 5"),
        "zen-engine, one call": (lambda: [whole.evaluate(offers) for offers in lists], "-"),
    }


def history(seed: int) -> list[Contact]:
    """25 impressions at random instants of the last 8 days, of some offers more than of others."""
    random = Random(seed)
    return [
        Contact(at=NOW - int(random.random() * 8 * DAY), offer=int(random.random() ** 2 * OFFERS))
        for _ in range(CONTACTS)
    ]


def counts(contacts: list[Contact], offer: int) -> dict[str, Any]:
    """What an application would fetch for a rival: an offer's contacts of the day and the week, the last one's age."""
    ages = [NOW - contact.at for contact in contacts if contact.offer == offer]
    return {
        "day": sum(age < DAY for age in ages),
        "week": sum(age < 7 * DAY for age in ages),
        "hoursSinceLast": min(ages) / HOUR if ages else NEVER,
    }


if __name__ == "__main__":
    main()
