"""Whether both sides store the same rows, and whether everything that was acknowledged is there in the end."""

import json
import sys
from collections.abc import Mapping, Sequence
from itertools import islice

from decisioning.contacts.ledgers import faults
from decisioning.models import Interaction
from kaireon.tenancy import Tenant
from tests.benchmarks.e2e.load import Line, line_to
from tests.benchmarks.e2e.world import World
from tests.benchmarks.respond.rounds import CREATIVE, PLAIN, Round
from tests.benchmarks.respond.told import Reports, request, row_of, strangers

COMPARED = 50
VERIFIED = 400  # ledgers of each group


def agree(world: World, reports: Mapping[int, Reports], port: int) -> None:
    """Ends the run if the rival does not store what the product stores."""
    line = line_to(port)
    for contacts, about in reports.items():
        told = list(islice(about.about_creatives("agreement"), COMPARED))
        ours = [strangers(row_of(_stored(line, request(world, CREATIVE[contacts].path, body)))) for body in told]
        theirs = [row_of(_stored(line, request(world, PLAIN[contacts].path, row))) for row in ours]
        if ours != theirs:
            sys.exit("The rival stores other rows than the product.")


def verify(world: World, tenant: Tenant, rounds: Sequence[Round], *, before: int) -> str:
    """Ends the run unless history holds what was acknowledged and ledgers say what it says; what was verified."""
    acknowledged = sum(len(each.latencies) * scenario.reports for one in rounds for scenario, each in one.items())
    stored = Interaction.objects.count() - before
    if stored != acknowledged:
        sys.exit(f"{acknowledged:,} reports were acknowledged, and {stored:,} rows were stored.")
    customers = [
        group.customer(number) for group in world.groups.values() for number in range(min(group.customers, VERIFIED))
    ]
    if wrong := list(faults(tenant, customers)):
        sys.exit(f"The ledgers of {len(wrong)} of {len(customers)} customers are wrong, such as {wrong[0]}'s.")
    return f"{acknowledged:,} reports acknowledged, as many rows stored; {len(customers)} ledgers say what history says"


def _stored(line: Line, asked: bytes) -> Interaction:
    """The row a request led to."""
    key = json.loads(line.ask(asked))["interactionId"]
    return Interaction.objects.get(pk=key if isinstance(key, int) else Interaction.id_kind.decode(key))
