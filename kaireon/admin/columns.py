"""The decorator of list columns."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from unfold.decorators import display

F = TypeVar("F", bound=Callable[..., Any])


def column(description: str, *, ordering: str = "", label: Mapping[str, str] | None = None) -> Callable[[F], F]:
    """Unfold's `display` with its type; `label` gives each value a colour."""

    def decorate(function: F) -> F:
        shown: F = display(function, description=description, ordering=ordering or None, label=label)
        return shown

    return decorate
