"""Public ids: a kind's prefix and the Sqids spelling of [kind, key]; computed, never stored.

Method: https://sqids.org. The alphabet is a data format: changing it would change every id ever given out.
Ids are no secrets; the tenant filter is what protects rows.
"""

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from sqids import Sqids

ALPHABET = "k3G7QAe51FCsPW92uEOyq4Bg6Sp8YzVTmnU0liwDdHXLajZrfxNhobJIRcMvKt"
LARGEST_KEY = 2**63 - 1
LONGEST = 40

_sqids: Any = Sqids(alphabet=ALPHABET, min_length=8)
# An id is spelled with one of 62 turns of the alphabet, each shuffled the same every time; remembered, an id takes a
# third of the time. The name is the library's own, so a release without it fails here and not in the ids.
_sqids._Sqids__shuffle = lru_cache(maxsize=1000)(_sqids._Sqids__shuffle)


@lru_cache(maxsize=100_000)
def _spelling(number: int, key: int) -> str:
    # Remembered: an id never changes, and spelling one takes longer than reading its row.
    spelling: str = _sqids.encode([number, key])
    return spelling


@lru_cache(maxsize=100_000)
def _meaning(spelling: str) -> tuple[int, ...]:
    # Remembered, too: a request may name thousands of creatives.
    return tuple(_sqids.decode(spelling))


@dataclass(frozen=True)
class Kind:
    """One sort of thing that has public ids: its prefix and its number, neither of which may ever change."""

    prefix: str
    number: int

    def encode(self, key: int) -> str:
        """The public id of the row with this key."""
        return f"{self.prefix}_{_spelling(self.number, key)}"

    def decode(self, public_id: object) -> int | None:
        """The key, or None for anything that is not the canonical spelling of an id of this kind."""
        if not isinstance(public_id, str) or len(public_id) > LONGEST or not public_id.isascii():
            return None
        prefix, _, spelling = public_id.partition("_")
        if prefix != self.prefix:
            return None
        numbers = _meaning(spelling)
        if len(numbers) != 2 or numbers[0] != self.number or numbers[1] > LARGEST_KEY:
            return None
        return numbers[1] if self.encode(numbers[1]) == public_id else None
