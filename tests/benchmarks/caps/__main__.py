"""`python -m tests.benchmarks.caps [--sqlite] [--seeds N] [--attempts N] [--rounds N] [--seconds S]`."""

import sys
from argparse import ArgumentParser, Namespace

from tests.benchmarks import caps
from tests.benchmarks.fresh import database


def main() -> None:
    """Makes the world, attempts, counts, measures, prints the tables; ends with 1 when a run was not exact."""
    options = read_options()
    with database(settings="tests.benchmarks.caps.settings", sqlite=options.sqlite):
        exact = run(options)
    sys.exit(not exact)


def run(options: Namespace) -> bool:
    """Everything between the first and the last breath of the database; whether all runs were exact."""
    from tests.benchmarks.caps import exactness, report, speed, world
    from tests.benchmarks.caps.attempts import WORKERS
    from tests.benchmarks.e2e.server import served

    report.print_versions()
    made = world.prepared()
    with served("{}", workers=WORKERS) as port:
        runs = exactness.runs(made, port, seeds=options.seeds, attempts=options.attempts)
        exact = report.print_runs(runs) if options.seeds else True
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
