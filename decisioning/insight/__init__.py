"""What decisions and contacts tell: tallies, the overview, the impact of a policy."""
