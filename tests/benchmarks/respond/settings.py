"""The settings of W-E2E with a database of the benchmark's own, and with the plain insert beside the product."""

import os

os.environ.setdefault("BENCHMARK_DATABASE_URL", "postgres://postgres@127.0.0.1:5432/kaireon_benchmark_respond")

from tests.benchmarks.e2e.settings import *  # noqa: F403

ROOT_URLCONF = "tests.benchmarks.respond.urls"
