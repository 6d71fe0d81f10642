"""Decisions: for whom, after what happened to them before, and what remains.

From the ground up: `engine` decides, explains and imports no Django; `models` are the tables; `in_force` is a tenant's
configuration as the engine reads it, `flows` what marketers set of it; `contacts` keeps what happened. `deciding` goes
from a question to a decision, `reporting` from a report to history, `insight` looks back, `upkeep` serves operators.
The doors stand on top: `api`, `admin`, `imports`, `management`. A folder knows only those below it.
"""
