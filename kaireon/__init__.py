"""The project package and the shared mechanism: no marketing noun in here."""
