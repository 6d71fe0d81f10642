"""Reads JSON bodies strictly: what the database could not keep exactly is refused at the door."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from typing import IO, Any

from django.conf import settings
from django.http import RawPostDataException
from rest_framework.parsers import BaseParser

from kaireon.api.errors import MalformedJSON, TooLarge

LONGEST_NUMBER = 400  # digits; longer ones are mistakes or attacks
DEEPEST = 100


class StrictJSONParser(BaseParser):
    """`application/json`, UTF-8, at most 2 MiB, no NaN, no NUL, no lone surrogates, at most 100 levels deep."""

    media_type = "application/json"

    def parse(
        self, stream: IO[Any], media_type: str | None = None, parser_context: Mapping[str, Any] | None = None
    ) -> Any:
        try:
            body = stream.read(settings.DATA_UPLOAD_MAX_MEMORY_SIZE + 1)
        except (OSError, RawPostDataException) as error:
            raise MalformedJSON("The body broke off; send it again.") from error
        return parse_json(body)


def parse_json(body: bytes) -> Any:
    """The body's value. Raises MalformedJSON with the place of the fault, TooLarge above the limit."""
    if len(body) > settings.DATA_UPLOAD_MAX_MEMORY_SIZE:
        raise TooLarge
    if not body:
        return {}
    try:
        value = json.loads(body.decode(), parse_constant=_refuse_constant, parse_float=_float, parse_int=_int)
    except UnicodeDecodeError as error:
        raise MalformedJSON("The body is not UTF-8.") from error
    except json.JSONDecodeError as error:
        raise MalformedJSON(
            f"The body is not JSON: {error.msg} at line {error.lineno}, column {error.colno}."
        ) from error
    except RecursionError as error:
        raise MalformedJSON(f"The body is nested more than {DEEPEST} levels deep.") from error
    if rb"\u" in body:  # in no other way can a text bring a character that cannot be stored
        refuse_unstorable(value)
    else:
        _refuse_depth(value)
    return value


def _refuse_constant(name: str) -> Any:
    raise MalformedJSON(f"{name} is not JSON; send a number or null.")


def _float(digits: str) -> float:
    value = float(digits)
    if not math.isfinite(value):
        raise MalformedJSON(f"The number {digits[:30]} is too large.")
    return value


def _int(digits: str) -> int:
    if len(digits) > LONGEST_NUMBER:
        raise MalformedJSON(f"A number of {len(digits)} digits is too long.")
    return int(digits)


def refuse_unstorable(value: Any) -> None:
    """Raises MalformedJSON for what the databases cannot keep: NUL, half characters, endless nesting."""
    _refuse_depth(value)
    _refuse_texts(value)


def _refuse_depth(value: Any) -> None:
    """Level by level; most bodies have few containers and many texts."""
    level = [value]
    for _ in range(DEEPEST + 1):
        inner: list[Any] = []
        for item in level:
            if isinstance(item, dict):
                inner += item.values()
            elif isinstance(item, list):
                inner += item
        if not inner:
            return
        level = inner
    raise MalformedJSON(f"The body is nested more than {DEEPEST} levels deep.")


def _refuse_texts(value: Any) -> None:
    if isinstance(value, str):
        _refuse_text(value)
    elif isinstance(value, list):
        for item in value:
            _refuse_texts(item)
    elif isinstance(value, dict):
        for key, item in value.items():
            _refuse_text(key)
            _refuse_texts(item)


def _refuse_text(text: str) -> None:
    if storable(text):
        return
    if "\0" in text:
        raise MalformedJSON("A text holds the character NUL (U+0000), which cannot be stored; remove it.")
    raise MalformedJSON("A text holds half of a surrogate pair; send complete characters.")


def storable(text: str) -> bool:
    """Whether the databases can keep the text: without NUL and half characters."""
    return "\0" not in text and (text.isascii() or not any("\ud800" <= character <= "\udfff" for character in text))
