"""W-E2E's world in PostgreSQL: filled once, and used again as long as it is what would be filled now."""

import hashlib
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from time import perf_counter

from django.db.migrations.loader import MigrationLoader

from decisioning.engine import ledger
from kaireon import clock
from kaireon.access import create_tenant, issue_key, operator
from kaireon.tenancy import Role
from kaireon.writing import writing
from tests.benchmarks import w_core
from tests.benchmarks.e2e import catalogue, database, histories
from tests.benchmarks.e2e.histories import Group

SEED = 7
# Contacts grow older while the database is kept, and after a day nobody had any yesterday.
KEPT = timedelta(days=1)
HEAVY_SHARE = 20  # one customer with 200 contacts for so many with 25


@dataclass(frozen=True, kw_only=True)
class World:
    """A filled database: its key of the role delivery, its customers, and what it was filled from and when."""

    key: str
    groups: dict[int, Group]
    made_from: str
    filled_at: str
    seconds: float

    @property
    def age(self) -> timedelta:
        """How long ago it was filled."""
        return datetime.now(UTC) - clock.parse(self.filled_at)


def groups_of(customers: int) -> dict[int, Group]:
    """The customers with 25 contacts, and those with 200, by their contacts."""
    return {
        25: Group(prefix="c", customers=customers, contacts=25),
        200: Group(prefix="h", customers=max(customers // HEAVY_SHARE, 1), contacts=200),
    }


def prepared(customers: int) -> tuple[World, bool]:
    """The world with so many customers, and whether it was filled just now; it is not if the database holds it."""
    stored = database.filled_with()
    if stored is not None:
        groups = {int(contacts): Group(**group) for contacts, group in stored["groups"].items()}
        world = World(**{**stored, "groups": groups})
        if (world.made_from, world.groups) == (_made_from(), groups_of(customers)) and world.age < KEPT:
            return world, False
    return _filled(groups_of(customers)), True


def _filled(groups: dict[int, Group]) -> World:
    started = perf_counter()
    database.create()
    tenant = create_tenant(key="benchmark", name="Benchmark")
    with writing(operator(tenant, "benchmark")) as unit:
        rows = catalogue.store_catalogue(unit)
        _, key = issue_key(unit, name="delivery", role=Role.DELIVERY)
    now = clock.now()
    histories.fill(tenant, groups.values(), rows, now=now, seed=SEED)
    with writing(operator(tenant, "benchmark")) as unit:
        catalogue.store_policies(unit, rows)
    database.settle()
    histories.verify(tenant, groups.values())
    world = World(
        key=key,
        groups=groups,
        made_from=_made_from(),
        filled_at=clock.text(now),
        seconds=round(perf_counter() - started, 1),
    )
    database.mark(asdict(world))
    return world


def _made_from() -> str:
    """A fingerprint of all that decides what the database holds: migrations, the ledger's format, these modules."""
    migrations = sorted(map(str, MigrationLoader(None).disk_migrations))
    sources = [Path(module.__file__ or "").read_text() for module in (w_core, catalogue, histories)]
    return hashlib.sha256(repr([SEED, migrations, ledger.FORMAT, sources]).encode()).hexdigest()[:16]
