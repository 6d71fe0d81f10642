"""What is counted: so many decisions on W-CORE, told on the command line as contacts and repetitions."""

import gc
import sys

from decisioning.engine.evaluate import decide
from decisioning.engine.program import Program
from tests.benchmarks import w_core

CUSTOMERS = 5


def main(contacts: int, repetitions: int) -> None:
    """Decides for every customer as often as told, and once before, so that what is remembered is remembered."""
    gc.disable()
    snapshot = w_core.snapshot()
    program = Program(snapshot.limits, w_core.candidates())
    everybody = [w_core.facts(contacts, seed) for seed in range(CUSTOMERS)]
    for _ in range(repetitions + 1):
        for facts in everybody:
            decide(snapshot, program, facts, now=w_core.NOW)


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
