"""Many interleavings of everything: `python -m tests.decisioning.interleavings [--runs N]`.

Generated stories of recommend, respond, lapse, policy edits and commands are lived in a database made for the run on
the server that DATABASE_URL names (SQLite unless told) and dropped afterwards; after every step everybody must be
allowed exactly what plain counting says. It exits with 1 and prints the shortest story found if one is not.
"""

import argparse
import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter

from tests.decisioning.replay_touches import own_database


def main(runs: int) -> int:
    """The exit code. Models can be imported only now that Django is set up."""
    with TemporaryDirectory() as name, own_database(Path(name)):
        from hypothesis import given, settings

        from tests.decisioning.interleaved import Step, World, stories

        started, lived = perf_counter(), [0, 0]

        @settings(max_examples=runs, deadline=None, database=None)
        @given(story=stories)
        def live(story: list[Step]) -> None:
            lived[0], lived[1] = lived[0] + 1, lived[1] + len(story)
            World().live(story)

        try:
            live()
        finally:
            print(f"{lived[0]:,} stories of {lived[1]:,} steps in {perf_counter() - started:.0f} seconds")
    return 0


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="Lives random stories and counts along.")
    parser.add_argument("--runs", type=int, default=300, help="how many stories (300)")
    sys.exit(main(parser.parse_args().runs))
