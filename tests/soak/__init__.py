"""Everything at once for a while, with the database killed in the middle: `python -m tests.soak [--minutes 10]`."""
