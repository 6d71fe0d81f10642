"""How many messages a text takes as an SMS, and in which alphabet (3GPP TS 23.038 and 23.040).

In the GSM 7-bit alphabet a single message holds 160 units, each part of a longer one 153; a character of the extension
table takes two units and is never torn apart. One character outside both tables makes the whole text UCS-2: 70 units
alone, 67 in parts, where a character beyond the basic plane takes two and is not torn apart either.
"""

from collections.abc import Iterable
from dataclasses import dataclass

_BASIC = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
_EXTENSION = frozenset("\f^{}\\[~]|€")
_BASIC_PLANE = 0xFFFF


@dataclass(frozen=True)
class Messages:
    """What a text becomes. `foreign` are the characters, each once, that force UCS-2 on it."""

    alphabet: str
    characters: int
    segments: int
    alone: int
    part: int
    foreign: tuple[str, ...] = ()


def messages_of(text: str) -> Messages:
    """The messages that a text takes; an empty one takes none."""
    foreign = tuple(dict.fromkeys(one for one in text if one not in _BASIC and one not in _EXTENSION))
    if foreign:
        units = [2 if ord(one) > _BASIC_PLANE else 1 for one in text]
        return Messages("UCS-2", len(text), _segments(units, 70, 67), 70, 67, foreign)
    units = [2 if one in _EXTENSION else 1 for one in text]
    return Messages("GSM-7", len(text), _segments(units, 160, 153), 160, 153)


def _segments(units: Iterable[int], alone: int, part: int) -> int:
    """The number of messages for characters of one or two units."""
    sizes = list(units)
    if sum(sizes) <= alone:
        return 1 if sizes else 0
    segments, room = 1, part
    for size in sizes:
        if size > room:
            segments, room = segments + 1, part
        room -= size
    return segments
