"""Contact policies: what must not be said, when, and why."""
