"""The check before anything is timed: the product and the rival decide the same for the same customers."""

import json
import sys
from typing import Any

from tests.benchmarks.e2e.load import Line, line_to
from tests.benchmarks.e2e.scenarios import RECOMMEND, RIVAL, Scenario
from tests.benchmarks.e2e.world import World

CUSTOMERS = 100  # of each group
LINE = ("rank", "offerId", "creativeId", "channelId", "score", "content")
META = ("candidates", "afterContactPolicies", "suppressed", "policyVersion", "flowVersion")


def agree(world: World, port: int) -> dict[int, float]:
    """Ends the run when they differ; how many decisions a customer got on average, by the customer's contacts."""
    shown, line = {}, line_to(port)
    for contacts, product in RECOMMEND.items():
        customers = product.customers(world, CUSTOMERS)
        answers = [_agreed(world, line, product, RIVAL[contacts], customer) for customer in customers]
        shown[contacts] = sum(len(answer["decisions"]) for answer in answers) / CUSTOMERS
    return shown


def _agreed(world: World, line: Line, product: Scenario, rival: Scenario, customer: str) -> dict[str, Any]:
    # A contact may leave a window between two answers, so a difference has to show twice.
    for _ in range(2):
        ours, theirs = (_decided(world, line, scenario, customer) for scenario in (product, rival))
        if ours == theirs:
            return ours
    return sys.exit(
        f"The rival decides otherwise about {customer}:\n{json.dumps(ours, indent=1)}\n{json.dumps(theirs, indent=1)}"
    )


def _decided(world: World, line: Line, scenario: Scenario, customer: str) -> dict[str, Any]:
    answer = json.loads(line.ask(scenario.request(world, customer)))
    return {
        "decisions": [{name: each[name] for name in LINE} for each in answer["decisions"]],
        "meta": {name: answer["meta"][name] for name in META},
    }
