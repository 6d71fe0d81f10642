"""The codec of a customer's open reservations: a format byte, then the held places, 50 bytes each, in any order.

A place is the key of the decision that took it (signed 64 bit), its rank in the answer (signed 16 bit), the instant at
which it lapses (signed 64 bit, UTC ms), and the trace its impression would bear (32 bytes, see `ledger`). All integers
are little-endian. Decision and rank name a place; nothing here minds one that is written twice, and removing removes
both. Where nothing is held there are no bytes at all.
"""

from collections.abc import Iterable
from struct import Struct
from typing import NamedTuple

from decisioning.engine.facts import Hold

FORMAT = b"\x01"

_PLACE = Struct("<qhq32s")


class Place(NamedTuple):
    """One held place: whose it is, and until when it counts as the contact its trace tells of."""

    decision: int
    rank: int
    until: int
    trace: bytes

    @property
    def hold(self) -> Hold:
        """What the engine sees of it."""
        return Hold(self.until, self.trace)


class UnreadableHolds(ValueError):
    """Bytes that this release cannot read as held places."""

    def __init__(self, data: bytes) -> None:
        super().__init__(f"{len(data)} bytes beginning with 0x{data[:1].hex()} are no holds of format {FORMAT[0]}")
        self.data = data


def encode(places: Iterable[Place]) -> bytes:
    """Holds of these places, in the order given."""
    together = b"".join([_PLACE.pack(*place) for place in places])
    return FORMAT + together if together else b""


def remove(data: bytes, *, decision: int, rank: int) -> bytes:
    """The holds without that place, the others in their order, lapsed ones too; a place that is not there is no error.

    Raises `UnreadableHolds` as `decode` does.
    """
    return encode(place for place in _places(data) if (place.decision, place.rank) != (decision, rank))


def decode(data: bytes, *, now: int) -> list[Place]:
    """The places that have not lapsed by `now`, in the order of their decisions and ranks.

    Raises `UnreadableHolds` for an unknown format or a place cut short.
    """
    return sorted(place for place in _places(data) if now < place.until)


def _places(data: bytes) -> Iterable[Place]:
    if not data:
        return ()
    if data[:1] != FORMAT or (len(data) - 1) % _PLACE.size:
        raise UnreadableHolds(data)
    return map(Place._make, _PLACE.iter_unpack(memoryview(data)[1:]))
