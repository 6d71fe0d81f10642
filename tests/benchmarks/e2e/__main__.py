"""`python -m tests.benchmarks.e2e [--customers N] [--seconds S] [--rounds N] [--keep]`."""

import os
import signal
import sys
from argparse import ArgumentParser, ArgumentTypeError, Namespace

from tests.benchmarks import e2e


def main() -> None:
    """Prepares the world, checks that both sides decide the same, measures, prints the tables."""
    options = read_options()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("Terminated."))  # so that the server is ended on the way out
    os.environ["DJANGO_SETTINGS_MODULE"] = "tests.benchmarks.e2e.settings"
    import django

    django.setup()
    from tests.benchmarks.e2e import database

    with database.reserved():
        try:
            run(options)
        finally:
            if not options.keep:
                database.drop()


def run(options: Namespace) -> None:
    """Everything between the first and the last breath of the database."""
    from tests.benchmarks.e2e import report, rounds, world
    from tests.benchmarks.e2e.agreement import agree
    from tests.benchmarks.e2e.server import served

    filled, fresh = world.prepared(options.customers)
    report.print_world(filled, fresh=fresh)
    spoken, answer = rounds.said(filled), rounds.an_answer(filled)
    with served(answer) as port:
        shown = agree(filled, port)
        print("Both sides decide the same: " + ", ".join(f"{n:.2f} offers at {c} contacts" for c, n in shown.items()))
        found = list(rounds.measured(filled, port, rounds=options.rounds, seconds=options.seconds))
    report.print_load(found)
    report.print_goals(found, spoken)
    report.print_client(found, len(answer))
    report.print_statements(spoken)


def read_options() -> Namespace:
    """The command line."""
    parser = ArgumentParser(prog="python -m tests.benchmarks.e2e", description=e2e.__doc__)
    parser.add_argument("--customers", type=whole, default=200_000, help="with 25 contacts; 1 for 20 of them has 200")
    parser.add_argument("--seconds", type=float, default=4.0, help="of each measurement (default 4)")
    parser.add_argument("--rounds", type=whole, default=5, help="of all measurements (default 5)")
    parser.add_argument("--keep", action="store_true", help="leave the database; the next run of that day uses it")
    return parser.parse_args()


def whole(text: str) -> int:
    """A number of at least 1."""
    if not text.isdecimal() or int(text) < 1:
        raise ArgumentTypeError(f"{text!r} is not a whole number of at least 1")
    return int(text)


if __name__ == "__main__":
    main()
