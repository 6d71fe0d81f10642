"""What tests of mistaken requests look at."""

from __future__ import annotations

from typing import Any


def faults(answer: tuple[int, Any]) -> list[str]:
    """The fields that a refused request names, each with a message."""
    assert (answer[0], answer[1]["error"]["code"]) == (400, "VALIDATION_ERROR")
    assert all(detail["message"] for detail in answer[1]["error"]["details"])
    return [detail["field"] for detail in answer[1]["error"]["details"]]
