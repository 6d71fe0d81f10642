"""From a question to a decision: what is known, what is chosen, what it binds."""
