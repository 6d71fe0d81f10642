"""How many machine instructions a decision on W-CORE costs: the guard of the core that no noisy neighbour can move.

Run with `python -m tests.benchmarks.instructions`; it needs valgrind and takes about a minute. It counts two runs that
differ in nothing but the number of decisions, so that starting up cancels out, and exits with 1 when a decision costs
over 5 % more than `instructions.json` says, with 2 when that was counted by another Python. `--update` rewrites it.
"""

import json
import os
import platform
import re
import subprocess
import sys
from pathlib import Path

from tests.benchmarks.counted import CUSTOMERS

STORED = Path(__file__).with_suffix(".json")
REPETITIONS = (4, 24)
TOLERATED = 1.05
PYTHON = f"{platform.python_implementation()} {platform.python_version()} {platform.machine()}"


def main() -> int:
    """Prints the table; the exit code."""
    counted = {str(contacts): per_decision(contacts) for contacts in (20, 200)}
    if "--update" in sys.argv:
        STORED.write_text(json.dumps({"python": PYTHON, "instructionsPerDecision": counted}, indent=2) + "\n")
    stored = json.loads(STORED.read_text())
    known = stored["instructionsPerDecision"]
    print(f"W-CORE under callgrind, {PYTHON}, seeds 0..{CUSTOMERS - 1}; stored under {stored['python']}\n")
    print("| contacts | instructions per decision | stored | factor (<= 1.05) |\n" + "|---" * 4 + "|")
    for contacts, count in counted.items():
        print(f"| {contacts} | {count:,} | {known[contacts]:,} | {count / known[contacts]:.3f} |")
    if stored["python"] != PYTHON:
        print("\nAnother Python counts differently, so this says nothing; `--update` stores the numbers of this one.")
        return 2
    return int(any(count > TOLERATED * known[contacts] for contacts, count in counted.items()))


def per_decision(contacts: int) -> int:
    """Instructions of one decision: what the longer run took beyond the shorter one."""
    few, many = (instructions(contacts, repetitions) for repetitions in REPETITIONS)
    return round((many - few) / (REPETITIONS[1] - REPETITIONS[0]) / CUSTOMERS)


def instructions(contacts: int, repetitions: int) -> int:
    """Instructions of one run from its first to its last."""
    counted = ["-m", "tests.benchmarks.counted", str(contacts), str(repetitions)]
    command = ["valgrind", "--tool=callgrind", "--callgrind-out-file=/dev/null", sys.executable, *counted]
    try:
        done = subprocess.run(
            command, env={**os.environ, "PYTHONHASHSEED": "0"}, capture_output=True, text=True, check=True
        )
    except FileNotFoundError:
        sys.exit("valgrind is not on the PATH; install it, for example with `apt-get install valgrind`.")
    except subprocess.CalledProcessError as failed:
        sys.exit(f"The counted run failed:\n{failed.stderr}")
    (collected,) = re.findall(r"Collected : (\d+)", done.stderr)
    return int(collected)


if __name__ == "__main__":
    sys.exit(main())
