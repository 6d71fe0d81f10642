"""Kaireon's settings as it would run, with a database of the benchmark's own."""

import os

os.environ |= {
    "DATABASE_URL": os.environ.get("BENCHMARK_DATABASE_URL") or "postgres://postgres@127.0.0.1:5432/kaireon_benchmark",
    "DEBUG": "False",
    "SECRET_KEY": "the benchmark's secret key, which protects nothing",
    "API_KEY_PEPPER": "the benchmark's pepper",
    "ALLOWED_HOSTS": "127.0.0.1,testserver",
    "RATE_LIMIT_PER_MINUTE": "0",
}

from kaireon.settings import *  # noqa: F403
