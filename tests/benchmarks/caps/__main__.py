"""`python -m tests.benchmarks.caps [--sqlite] [--seeds N] [--attempts N] [--rounds N] [--seconds S]`."""

import os
import signal
import sys
import tempfile
from argparse import ArgumentParser, Namespace
from collections.abc import Iterator
from contextlib import contextmanager

from tests.benchmarks import caps


def main() -> None:
    """Makes the world, attempts, counts, measures, prints the tables; ends with 1 when a run was not exact."""
    options = read_options()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("Terminated."))  # so that the server is ended on the way out
    os.environ["DJANGO_SETTINGS_MODULE"] = "tests.benchmarks.caps.settings"
    with tempfile.TemporaryDirectory() as folder:
        if options.sqlite:
            os.environ["BENCHMARK_DATABASE_URL"] = f"sqlite:///{folder}/caps.sqlite3"
        import django

        django.setup()
        with database(folder):
            exact = run(options)
    sys.exit(not exact)


@contextmanager
def database(folder: str) -> Iterator[None]:
    """A new database, named so that the servers find it; dropped at the end."""
    from django.db import connection

    from tests.decisioning.servers import database_url

    given = connection.settings_dict
    if connection.vendor == "sqlite":
        given["TEST"]["NAME"] = f"{folder}/test.sqlite3"
    name = str(given["NAME"])
    connection.creation.create_test_db(verbosity=0, autoclobber=True, serialize=False)
    os.environ["BENCHMARK_DATABASE_URL"] = database_url()
    try:
        yield
    finally:
        connection.creation.destroy_test_db(name, verbosity=0)


def run(options: Namespace) -> bool:
    """Everything between the first and the last breath of the database; whether all runs were exact."""
    from tests.benchmarks.caps import exactness, report, speed, world
    from tests.benchmarks.caps.attempts import WORKERS
    from tests.benchmarks.e2e.server import served

    report.print_versions()
    made = world.prepared()
    with served("{}", workers=WORKERS) as port:
        exact = report.print_runs(exactness.runs(made, port, seeds=options.seeds, attempts=options.attempts))
        if options.rounds:
            rounds = list(speed.measured(made, port, rounds=options.rounds, seconds=options.seconds))
            report.print_speed(rounds)
    return exact


def read_options() -> Namespace:
    """The command line."""
    parser = ArgumentParser(prog="python -m tests.benchmarks.caps", description=caps.__doc__)
    parser.add_argument("--sqlite", action="store_true", help="on SQLite; without, on PostgreSQL")
    parser.add_argument("--seeds", type=int, default=10, help="exact runs in each way (default 10)")
    parser.add_argument("--attempts", type=int, default=4000, help="of each run (default 4000)")
    parser.add_argument("--rounds", type=int, default=7, help="of all throughputs (default 7; 0 for none)")
    parser.add_argument("--seconds", type=float, default=3.0, help="of each throughput (default 3)")
    return parser.parse_args()


if __name__ == "__main__":
    main()
