"""Environment variables that are read strictly: a value that cannot be read stops the start."""

import os

from django.core.exceptions import ImproperlyConfigured

FLAGS = {"true": True, "1": True, "false": False, "0": False}


def text(name: str, *, default: str) -> str:
    """The variable's text; `default` when it is unset or empty."""
    return os.environ.get(name, "").strip() or default


def words(name: str) -> list[str]:
    """A comma-separated list; empty items are dropped."""
    return [word.strip() for word in os.environ.get(name, "").split(",") if word.strip()]


def flag(name: str, *, default: bool) -> bool:
    """True, False, 1 or 0 in any case; anything else refuses to start."""
    raw = text(name, default=str(default))
    if raw.lower() not in FLAGS:
        raise ImproperlyConfigured(f"{name} is {raw!r}; write True, False, 1 or 0.")
    return FLAGS[raw.lower()]


def number(name: str, *, default: int, minimum: int = 0) -> int:
    """A whole number that is not below `minimum`."""
    raw = text(name, default=str(default))
    if not raw.lstrip("-").isdecimal() or int(raw) < minimum:
        raise ImproperlyConfigured(f"{name} is {raw!r}; write a whole number of at least {minimum}.")
    return int(raw)


def secret(name: str, *, development: str | None) -> str:
    """A secret; `development` stands in for it, and is None where none may."""
    value = os.environ.get(name, "").strip()
    if not value and development is None:
        raise ImproperlyConfigured(f"{name} is not set. With DEBUG=False it must hold a long random text.")
    return value or development or ""
