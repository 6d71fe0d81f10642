"""A month of advertising brought in by three ways, each into a tenant of its own, and compared by meaning.

`python -m tests.decisioning.ways_in` compares the whole month in a database made for the run on the server that
DATABASE_URL names (SQLite unless told) and dropped afterwards. It exits with 1 on any difference.
"""

from __future__ import annotations

import csv
import sys
from collections.abc import Iterator
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from time import perf_counter
from typing import TYPE_CHECKING, Any

from tests.decisioning.replay_touches import own_database

if TYPE_CHECKING:  # models can be imported only once Django is set up
    from tests.conftest import Door
    from tests.decisioning.touches import World

OUTCOMES = {"impression": "impression", "conversion": "convert"}
IN_BULK = 1000


class Way:
    """A tenant with the replay's catalogue, where policies come into force once the month is in."""

    def __init__(self, key: str) -> None:
        from kaireon.access import create_tenant
        from tests.conftest import door_for
        from tests.decisioning.replay import CATALOGUE
        from tests.decisioning.touches import World

        self.tenant = create_tenant(key=key, name=key)
        self.door: Door = door_for(self.tenant, "admin")
        self.world: World = World(self.door, CATALOGUE)

    def imported(self, path: Path, *, rejects: Path) -> None:
        """By the command."""
        from tests.decisioning.touches import import_touches

        assert import_touches(path, self.tenant, rejects=rejects).endswith(" 0 already there, 0 failed")

    def reported(self, path: Path) -> None:
        """By `POST /respond/bulk`."""
        reports = [self._report(row) for row in rows_of(path)]
        for start in range(0, len(reports), IN_BULK):
            some = reports[start : start + IN_BULK]
            status, answer = self.door("POST", "respond/bulk", {"outcomes": some})
            assert (status, answer["succeeded"], answer["errors"]) == (200, len(some), [])

    def _report(self, row: dict[str, str]) -> dict[str, Any]:
        return {
            "customerId": row["customer_id"],
            "creativeId": self.world.ids["creative", row["channel"]],
            "outcome": OUTCOMES[row["interaction"]],
            "timestamp": row["time"],
            "conversionValue": float(row["conversion_value"]),
            "campaignId": row["channel"],
        }

    def in_force(self) -> None:
        """The replay's policies, a budget, and a cap on live decisions."""
        from tests.decisioning.replay import POLICIES, policy

        spent = policy("Spent", "budget_exhausted", "channel", "*", budgetField="spend", threshold=400)
        ever = policy("Seven in all", "frequency_cap", maxTotal=7)
        for described in [*POLICIES, spent, ever]:
            self.world.add_policy(described, status="active")

    def ledgers(self) -> dict[str, Any]:
        """Every customer's ledger as a set of records, and since when it is complete."""
        from decisioning.contacts.words import RecordReader
        from decisioning.engine import ledger
        from decisioning.models import ContactLedger

        read = RecordReader(self.tenant)
        found = {}
        for row in ContactLedger.objects.of(self.tenant):
            records = [read(*record) for record in ledger.decode(bytes(row.records))]
            found[row.customer_id] = row.complete_from, sorted(repr(self._named(*record)) for record in records)
        return found

    def _named(self, at: int, outcome: str, *about: Any) -> Any:
        """A record with names for keys, which differ between tenants."""
        offer, creative, channel, placement, category, sub_category, label, campaign = about
        kinds = {"offer": offer, "creative": creative, "channel": channel, "category": category}
        kinds |= {"sub_category": sub_category}
        names = {kind: self._names.get((kind, key)) for kind, key in kinds.items()}
        return at, outcome, names, placement, label, campaign

    @property
    def _names(self) -> dict[tuple[str, int], str]:
        from decisioning.in_force.loading import load_configuration

        if "names" not in vars(self):
            self.names = dict(load_configuration(self.tenant).names)
        return self.names

    def summaries(self, customers: list[str]) -> dict[str, Any]:
        """What the API says of every customer, and of all of them, ids exchanged for names."""
        from tests.decisioning.summing import walked

        names = {public_id: name for (_, name), public_id in self.world.ids.items()}
        told: dict[str, Any] = {}
        for customer in customers:
            found, _ = walked(self.door, "interaction-summaries", customerId=customer, limit=100)
            told[customer] = sorted(repr([names.get(str(v), v) for _, v in sorted(row.items())]) for row in found)
        return told

    def decisions(self, customer: str, instants: list[str | None]) -> list[Any]:
        """What the filter says at these instants and now (None), and what would be recommended."""
        names = {public_id: name for (_, name), public_id in self.world.ids.items()}
        said = []
        for instant in instants:
            body = {"customerId": customer} if instant is None else {"customerId": customer, "asOf": instant}
            status, answer = self.door("POST", "decisions/filter", body)
            assert status == 200, answer
            said.append([(names[r["creativeId"]], r["allowed"], _sentences(r, instant)) for r in answer["results"]])
        status, answer = self.door("POST", "recommend", {"customerId": customer, "dryRun": True, "limit": 3})
        assert status == 200, answer
        return [*said, [line["creativeName"] for line in answer["decisions"]]]


def _sentences(result: Any, instant: str | None) -> Any:
    """Why and until when; what is said now has the time of day in it, so only who says it is compared."""
    if instant is None:
        return [(reason["policyName"], reason["lifted"]) for reason in result["reasons"]]
    reasons = [(reason["policyName"], reason["reason"], reason["lifted"]) for reason in result["reasons"]]
    return result["freeAt"], reasons


def rows_of(path: Path) -> Iterator[dict[str, str]]:
    """The rows of the file."""
    with path.open(newline="") as stream:
        yield from csv.DictReader(stream)


def differences(path: Path, directory: Path, *, asked: int) -> list[str]:
    """What the three ways say differently; so many customers are asked about, all are compared in their ledgers."""
    command, bulk, shuffled = (Way(key) for key in ("command", "bulk", "shuffled"))
    command.imported(path, rejects=directory / "rejects.csv")
    bulk.reported(path)
    shuffled.imported(in_random_order(path, directory / "shuffled.csv"), rejects=directory / "rejects.csv")
    customers = sorted({row["customer_id"] for row in rows_of(path)})
    sample = Random(3).sample(customers, min(asked, len(customers)))
    instants = ["2018-07-03T00:00:00Z", "2018-07-15T11:30:00Z", "2018-07-31T23:59:59Z", None]
    found = []
    for way in (command, bulk, shuffled):
        way.in_force()
    for way in (bulk, shuffled):
        name = way.tenant.key
        if way.ledgers() != command.ledgers():
            found.append(f"{name}: the ledgers differ")
        if way.summaries(sample) != command.summaries(sample):
            found.append(f"{name}: the summaries differ")
        found += [
            f"{name}: decisions for {customer} differ"
            for customer in sample
            if way.decisions(customer, instants) != command.decisions(customer, instants)
        ]
    assert len(command.ledgers()) == len(customers)
    return found


def in_random_order(path: Path, other: Path) -> Path:
    """The same file with its rows in another order."""
    head, *rows = path.read_text().splitlines(keepends=True)
    Random(5).shuffle(rows)
    other.write_text("".join([head, *rows]))
    return other


def main() -> int:
    """The exit code."""
    with TemporaryDirectory() as name, own_database(Path(name)):
        from tests.decisioning.touches import SOURCE, at_hand

        started = perf_counter()
        found = differences(at_hand(Path(name)), Path(name), asked=100)
        print(f"{SOURCE}: {len(found)} differences between the three ways in {perf_counter() - started:.0f} seconds")
        for difference in found[:20]:
            print(difference)
    return int(bool(found))


if __name__ == "__main__":
    sys.exit(main())
