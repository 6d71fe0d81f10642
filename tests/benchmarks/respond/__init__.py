"""P7: what it costs to record once, durably and with all its consequences, against a plain insert.

Run with `python -m tests.benchmarks.respond`; like W-E2E it needs PostgreSQL and a role there that may create databases
(BENCHMARK_DATABASE_URL), makes one of its own, drops it at the end unless told to `--keep` it, and ends by itself. All
load stays on loopback.

- plain: a Django view on the same server that stores an interaction with the same columns by one prepared statement,
- respond: the product with a key of the role delivery and an idempotency key in every report, about a creative and
  about a recommendation's rank, for customers with 25 and with 200 contacts,
- bulk: 100 and 1,000 of the reports about creatives in one call, told per report,
- storage: the same without HTTP, in one process: the plain statement, and what stores a report that was read already.

Everything is committed durably on both sides and measured in turns. Before, both sides have to store the same rows; at
the end history must hold exactly what was acknowledged, and the ledgers what history says.
"""
