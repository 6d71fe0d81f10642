"""The benchmarks' settings, with the plain insert beside the product."""

from tests.benchmarks.settings import *  # noqa: F403

ROOT_URLCONF = "tests.benchmarks.caps.urls"
