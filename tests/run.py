"""Runs the whole suite on SQLite, then on PostgreSQL when a server answers; says so plainly when none does."""

import os
import subprocess
import sys

import psycopg

POSTGRES = os.environ.get("TEST_DATABASE_URL", "postgres://postgres@127.0.0.1:5432/postgres")


def main() -> int:
    """The exit code: 0 when every run passed. KAIREON_REQUIRE_POSTGRES=1 makes a silent server a failure."""
    if suite("SQLite", "sqlite:///var/test.sqlite3") != 0:
        return 1
    fault = unreachable(POSTGRES)
    if fault is None:
        # What a crash of the server would lose is nothing a test asks for.
        return suite("PostgreSQL", f"{POSTGRES}?options=-c synchronous_commit=off", "-m", "not pure and not once")
    print(f"\nPostgreSQL does not answer at {POSTGRES} ({fault}): the suite ran on SQLite only.")
    return int(os.environ.get("KAIREON_REQUIRE_POSTGRES") == "1")


def suite(name: str, url: str, *options: str) -> int:
    """One run of the suite on one database."""
    print(f"\nThe suite on {name}:", flush=True)
    command = [sys.executable, "-m", "pytest", "-n", "2", "--dist", "worksteal", *options, *sys.argv[1:]]
    return subprocess.run(command, env={**os.environ, "DATABASE_URL": url}, check=False).returncode


def unreachable(url: str) -> str | None:
    """Why the server cannot be used; None when it can."""
    try:
        psycopg.connect(url, connect_timeout=3).close()
    except psycopg.Error as error:
        return str(error).strip().splitlines()[0]
    return None


if __name__ == "__main__":
    sys.exit(main())
