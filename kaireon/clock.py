"""Instants: UTC, cut to milliseconds, written as ISO 8601 with a Z."""

from datetime import UTC, datetime


def now() -> datetime:
    """The current instant; read once per request."""
    return cut(datetime.now(UTC))


def cut(instant: datetime) -> datetime:
    """The instant in UTC without its microseconds."""
    utc = instant.astimezone(UTC)
    return utc.replace(microsecond=utc.microsecond // 1000 * 1000)


def parse(text: str) -> datetime:
    """An instant from ISO 8601; ValueError without a zone or when it cannot be read."""
    instant = datetime.fromisoformat(text)
    if instant.tzinfo is None:
        raise ValueError("no time zone")
    try:
        return cut(instant)
    except OverflowError as error:
        raise ValueError("outside the years 1 to 9999") from error


def text(instant: datetime) -> str:
    """`2026-03-10T12:00:00.000Z`."""
    return instant.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def milliseconds(instant: datetime) -> int:
    """Whole milliseconds since 1970, the engine's time."""
    delta = instant - datetime(1970, 1, 1, tzinfo=UTC)
    return (delta.days * 86_400 + delta.seconds) * 1000 + delta.microseconds // 1000
