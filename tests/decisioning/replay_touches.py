"""A month of advertising against a set of policies: `python -m tests.decisioning.replay_touches [--limit N]`.

Every impression of the file is put to `POST /decisions/filter` as of the instant before it, in a database made for the
run on the server that DATABASE_URL names (SQLite unless told) and dropped afterwards. It prints in how many verdicts
the filter and the brute-force reading differ, and the share that each policy suppressed on each channel; it exits with
1 on any difference.
"""

import argparse
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter

import django
from django.conf import settings
from django.test.utils import (
    setup_databases,
    setup_test_environment,
    teardown_databases,
    teardown_test_environment,
)


def main(limit: int | None) -> int:
    """The exit code."""
    with TemporaryDirectory() as name, own_database(Path(name)):
        return replayed(Path(name), limit)


@contextmanager
def own_database(directory: Path) -> Iterator[None]:
    """Django upon a database that nobody else has: a file in the directory, or one of the server's."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "kaireon.settings")
    database = settings.DATABASES["default"]
    sqlite = database["ENGINE"].endswith("sqlite3")
    own_name = str(directory / "replay.sqlite3") if sqlite else f"kaireon_replay_{os.getpid()}"
    database.setdefault("TEST", {})["NAME"] = own_name
    django.setup()
    setup_test_environment(debug=False)
    made = setup_databases(verbosity=0, interactive=False, serialized_aliases=())
    try:
        yield
    finally:
        teardown_databases(made, verbosity=0)
        teardown_test_environment()


def replayed(directory: Path, limit: int | None) -> int:
    """Imports, asks and prints; the exit code. Models can be imported only now that Django is set up."""
    from kaireon.access import create_tenant
    from kaireon.tenancy import Role
    from tests.conftest import door_for
    from tests.decisioning.replay import POLICIES, Replay
    from tests.decisioning.touches import SOURCE, at_hand

    started, tenant = perf_counter(), create_tenant(key="acme", name="Acme")
    replay = Replay.of(at_hand(directory), tenant, door_for(tenant, Role.ADMIN), rejects=directory / "rejects.csv")
    imported = perf_counter()
    replay.run(door_for(tenant, Role.DELIVERY), limit=limit)
    ended = perf_counter()
    for difference in replay.differences[:3]:
        print(difference)
    asked = replay.tally.impressions.total()
    print(f"{asked:,} impressions of the {SOURCE}, {len(replay.differences)} differences from the brute-force reading")
    print(f"imported in {imported - started:.0f} seconds, asked and compared in {ended - imported:.0f} seconds\n")
    print(replay.tally.table([policy["name"] for policy in POLICIES]))
    return int(bool(replay.differences))


def wanted() -> int | None:
    """How many impressions the command line asks for."""
    parser = argparse.ArgumentParser(description="Replays a month of advertising against a set of policies.")
    parser.add_argument("--limit", type=int, help="ask about so many impressions only, spread over the whole month")
    limit: int | None = parser.parse_args().limit
    if limit is not None and limit < 1:
        parser.error("--limit: ask about 1 impression at least")
    return limit


if __name__ == "__main__":
    sys.exit(main(wanted()))
