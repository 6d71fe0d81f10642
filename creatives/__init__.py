"""The catalogue: what can be said, where, and in whose name."""
