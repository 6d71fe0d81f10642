"""The doors of decisioning: its endpoints and what they look like."""
