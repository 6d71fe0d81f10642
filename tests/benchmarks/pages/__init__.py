"""Every page of the admin over a large tenant: `python -m tests.benchmarks.pages`."""
