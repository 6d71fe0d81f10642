"""Kaireon's settings with a database of the benchmark's own, and with the floor and the rival beside the product."""

import os

# What is measured is the server as it would run, whatever this shell is set to. The pepper stays the same, or the key
# in a database that was kept would be unknown.
os.environ |= {
    "DATABASE_URL": os.environ.get("BENCHMARK_DATABASE_URL")
    or "postgres://postgres@127.0.0.1:5432/kaireon_benchmark_e2e",
    "DEBUG": "False",
    "SECRET_KEY": "the benchmark's secret key, which protects nothing",
    "API_KEY_PEPPER": "the benchmark's pepper",
    "ALLOWED_HOSTS": "127.0.0.1",
    "RATE_LIMIT_PER_MINUTE": "0",
}

from kaireon.settings import *  # noqa: F403

INSTALLED_APPS = [*INSTALLED_APPS, "tests.benchmarks.e2e"]  # noqa: F405
ROOT_URLCONF = "tests.benchmarks.e2e.urls"
