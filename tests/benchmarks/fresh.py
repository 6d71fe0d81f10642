"""A new database for a benchmark, on PostgreSQL or SQLite; it is dropped at the end, whatever happens."""

import os
import signal
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def database(*, settings: str, sqlite: bool = False) -> Iterator[None]:
    """Sets Django up; the database is named so that servers that are started find it, too."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("Terminated."))  # so that what is open is closed on the way out
    os.environ["DJANGO_SETTINGS_MODULE"] = settings
    with tempfile.TemporaryDirectory() as folder:
        if sqlite:
            os.environ["BENCHMARK_DATABASE_URL"] = f"sqlite:///{folder}/benchmark.sqlite3"
        import django

        django.setup()
        from django.db import connection

        from tests.decisioning.servers import database_url

        given = connection.settings_dict
        name = str(given["NAME"])
        given["TEST"]["NAME"] = f"{folder}/made.sqlite3" if sqlite else f"{name}_{os.getpid()}"  # nobody else's
        connection.creation.create_test_db(verbosity=0, autoclobber=True, serialize=False)
        os.environ["BENCHMARK_DATABASE_URL"] = database_url()
        try:
            yield
        finally:
            connection.creation.destroy_test_db(name, verbosity=0)
