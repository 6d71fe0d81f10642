"""An instant in a list reads as everywhere else: "28 Nov 2026, 09:05"."""

DATETIME_FORMAT = "j M Y, H:i"
TIME_FORMAT = "H:i"
