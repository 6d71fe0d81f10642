"""`python -m tests.benchmarks.respond [--customers N] [--seconds S] [--rounds N] [--keep]`."""

import json
import os
import signal
import sys
from argparse import ArgumentParser, Namespace

from tests.benchmarks import respond
from tests.benchmarks.e2e.__main__ import whole

COUNTED = 10  # requests whose statements are counted


def main() -> None:
    """Prepares the world, checks that both sides store the same, measures, verifies, prints the tables."""
    options = read_options()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("Terminated."))  # so that the server is ended on the way out
    os.environ["DJANGO_SETTINGS_MODULE"] = "tests.benchmarks.respond.settings"
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
    from decisioning.models import Interaction
    from kaireon.tenancy import Tenant
    from tests.benchmarks.e2e import world
    from tests.benchmarks.e2e.server import served
    from tests.benchmarks.respond import agreement, report, rounds, storage, told

    filled, _ = world.prepared(options.customers)
    report.print_world(filled)
    tenant = Tenant.objects.get(key="benchmark")
    reports = told.reports_for(filled, tenant)
    spoken = rounds.said(filled, reports, times=COUNTED)
    with served(json.dumps({})) as port:
        agreement.agree(filled, reports, port)
        print("Both sides store the same rows.")
        before = Interaction.objects.count()
        found = list(rounds.measured(filled, reports, port, rounds=options.rounds, seconds=options.seconds))
    print(agreement.verify(filled, tenant, found, before=before))
    alone = storage.compared(filled, reports)
    report.print_load(found[1:])
    report.print_goals(found[1:], alone)
    report.print_statements(spoken)


def read_options() -> Namespace:
    """The command line."""
    parser = ArgumentParser(prog="python -m tests.benchmarks.respond", description=respond.__doc__)
    parser.add_argument("--customers", type=whole, default=20_000, help="with 25 contacts; 1 for 20 of them has 200")
    parser.add_argument("--seconds", type=float, default=2.0, help="of each measurement (default 2)")
    parser.add_argument("--rounds", type=whole, default=5, help="of all measurements (default 5)")
    parser.add_argument("--keep", action="store_true", help="leave the database; the next run of that day uses it")
    return parser.parse_args()


if __name__ == "__main__":
    main()
