"""Tokens in a creative's content: `{name}` is filled, `{{name}}` prints `{name}`, every other brace is text."""

import re
from collections.abc import Iterator
from typing import Any

TOKEN = re.compile(r"\{\{[A-Za-z0-9_]+\}\}|\{([A-Za-z0-9_]+)\}")


def tokens_in(content: Any) -> list[str]:
    """The names of the tokens in every string of a JSON value, each once, in the order of their first appearance."""
    return list(dict.fromkeys(_tokens(content)))


def _tokens(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield from (match[1] for match in TOKEN.finditer(value) if match[1])
    elif isinstance(value, list):
        for item in value:
            yield from _tokens(item)
    elif isinstance(value, dict):
        for item in value.values():
            yield from _tokens(item)
