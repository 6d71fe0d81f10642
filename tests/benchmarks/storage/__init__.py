"""W-SMALL with storage (P5): what it takes to know which of 100 offers a customer's caps still allow.

Run with `python -m tests.benchmarks.storage`; the rivals come with `pip install --group benchmarks`, and `redis-server`
must be there. It makes a PostgreSQL database of its own (BENCHMARK_DATABASE_URL), starts a Redis of its own on a free
port, and ends both.

A customer with 25 contacts within 8 days; per offer 3 in 24 hours, 10 in 7 days, a pause of 24 hours. Each side begins
with a customer's id and ends with the offers that are allowed, read from where they are stored:

- Kaireon: the ledger read and decoded, all offers judged by the engine; with the whole statement a decision begins with
  (who asks, the version in force, the customer, the ledger), and with the ledger alone, which is all that rivals read,
- `limits`: the moving window on Redis, `test` for both windows and the pause of every offer until one says no,
- Lua on Redis, written by hand: one EVALSHA over one sorted set for each offer; as one would write it at first, and
  tuned: keys made in the script and nothing more asked about an offer without contacts,
- the ORM: three counts for every offer on the table of interactions, through its index.
"""
