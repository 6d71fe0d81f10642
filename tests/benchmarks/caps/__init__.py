"""W-CAP (P8): a hard cap under fire. Many connections want the same few customers, and nobody gets one place too many.

Run with `python -m tests.benchmarks.caps` on PostgreSQL (BENCHMARK_DATABASE_URL says where; it needs a role that may
create databases) and with `--sqlite` on SQLite. It makes a database of its own, drops it and ends by itself. All load
stays on loopback.

The cap is 3 per rolling day. 32 connections over HTTP, to 8 real server processes, attempt 4,000 times to get one of 50
customers: exactly 150 may be told yes. That is counted twice, from what was answered and from what is stored, for
places that are reserved and for implicit channels, where being recommended is the contact. Once, a server process is
killed in the middle; its callers go on over new connections, and what they were not answered is settled by time.

The throughput is compared with a plain Django view in the same server, over the same connections, that inserts one
interaction and commits it just as durably: where nearly every attempt is admitted, and in the mix of W-CAP, where
nearly every one is refused.
"""
