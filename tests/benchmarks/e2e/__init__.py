"""W-E2E (P3 and P4): the whole `POST /recommend` against the floor of the same server and against DRF with the ORM.

Run with `python -m tests.benchmarks.e2e`; it needs PostgreSQL and a role there that may create databases. It makes a
database of its own (BENCHMARK_DATABASE_URL), fills it, drops it at the end unless told to `--keep` it, and ends by
itself. All load stays on loopback.

- the floor: a plain Django view that reads a JSON body and answers one of the size of a recommendation,
- recommend: the product, asked over HTTP by a key of the role delivery, for customers with 25 and with 200 contacts,
- the rival: the same by Django REST framework and the ORM, which must decide the same before anything is timed.

All three stand in one server, behind the same middleware, and are measured in turns over the same connections.
"""
