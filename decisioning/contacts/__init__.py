"""What happened to customers, and what is kept of it: ledgers, places, totals, summaries."""
