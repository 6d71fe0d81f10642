"""Instants and durations in people's words, in a tenant's zone."""

from __future__ import annotations

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

UNITS = ((timedelta(days=1), "day"), (timedelta(hours=1), "hour"), (timedelta(minutes=1), "minute"))


def moment_text(at: datetime, zone: ZoneInfo) -> str:
    """ "Fri 28 Nov 2026, 09:00"."""
    local = at.astimezone(zone)
    return f"{local:%a} {local.day} {local:%b %Y, %H:%M}"


def moment_words(at: datetime, zone: ZoneInfo, *, now: datetime) -> str:
    """ "Fri 28 Nov 2026, 09:00 (in 3 days)"."""
    return f"{moment_text(at, zone)} ({distance(at, now=now)})"


def distance(at: datetime, *, now: datetime) -> str:
    """How far an instant is from now: "in 3 days", "2 hours ago", "now"."""
    away = abs(at - now)
    for unit, noun in UNITS:
        if away >= unit:
            number = round(away / unit)
            span = f"{number:,} {noun}{'' if number == 1 else 's'}"
            return f"in {span}" if at > now else f"{span} ago"
    return "in a moment" if at > now else "just now"
