"""From a caller's report to history: read, judged, recorded once."""
