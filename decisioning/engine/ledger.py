"""The codec of a customer's ledger: a format byte, then what happened lately, 40 bytes each, in any order.

A ledger lies in two parts. What is recent is appended to all the time, so it stays small enough for the row itself;
when it is full, all but the newest go to the older part, which is rewritten once in so many records and read only by
those who look back that far.

A record is an instant (signed 64 bit, UTC ms) and a trace of 32 bytes: the keys of offer, creative, channel, placement,
category and sub-category (unsigned 32 bit, 0 = none), then outcome, label and campaign as the numbers of interned words
(21 bit each in one 64 bit integer, 0 = none). All integers are little-endian. Traces are compared and hashed as they
are, so the engine works out what a trace counts for once and not once per record.

The records are a multiset: two that are equal are two contacts, and their order means nothing.
"""

from collections.abc import Iterable, Mapping
from struct import Struct
from typing import NamedTuple

from decisioning.engine.facts import Contact

FORMAT = b"\x01"
MOST_RECENT = 48  # below 2 kB, beyond which PostgreSQL moves a value out of its row
KEPT_RECENT = 24  # that stay there when the others go
MOST_OLDER = 256
# The number of a label that was never recorded; interned words have smaller ones.
NEVER_RECORDED = (1 << 21) - 1

Record = tuple[int, bytes]

_RECORD = Struct("<q32s")
_TRACE = Struct("<6IQ")


class UnreadableLedger(ValueError):
    """Bytes that this release cannot read as a ledger."""

    def __init__(self, data: bytes) -> None:
        super().__init__(f"{len(data)} bytes beginning with 0x{data[:1].hex()} are no ledger of format {FORMAT[0]}")
        self.data = data


class TooManyWords(ValueError):
    """A word whose number does not fit into a trace."""

    def __init__(self, number: int) -> None:
        super().__init__(f"a trace has no room for word {number}; the last is {NEVER_RECORDED - 1}")
        self.number = number


def trace_of(contact: Contact, numbers: Mapping[str, int]) -> bytes:
    """What is known of a contact besides its instant; `numbers` are those of the words, from 1 on.

    Raises `KeyError` for a word without a number and `TooManyWords` for one whose number is too large.
    """
    outcome = numbers[contact.outcome] if contact.outcome else 0
    label = NEVER_RECORDED if contact.label is None else numbers[contact.label] if contact.label else 0
    campaign = numbers[contact.campaign] if contact.campaign else 0
    largest = max(outcome, campaign, label if contact.label is not None else 0)
    if largest >= NEVER_RECORDED:
        raise TooManyWords(largest)
    keys = (key or 0 for key in contact[2:8])
    return _TRACE.pack(*keys, outcome | label << 21 | campaign << 42)


def contact_of(at: int, trace: bytes, words: Mapping[int, str]) -> Contact:
    """The contact of a record; `words` are those of the numbers, `KeyError` says that they are older than the trace."""
    *keys, packed = _TRACE.unpack(trace)
    outcome, label, campaign = (packed >> shift & NEVER_RECORDED for shift in (0, 21, 42))
    offer, creative, channel, placement, category, sub_category = (key or None for key in keys)
    return Contact(
        at=at,
        outcome=words[outcome] if outcome else "",
        offer=offer,
        creative=creative,
        channel=channel,
        placement=placement,
        category=category,
        sub_category=sub_category,
        label=None if label == NEVER_RECORDED else words[label] if label else "",
        campaign=words[campaign] if campaign else None,
    )


def has_room(size: int, records: int) -> bool:
    """Whether a ledger of so many bytes may get so many records more without being tidied."""
    return max(size, len(FORMAT)) + records * _RECORD.size <= len(FORMAT) + MOST_RECENT * _RECORD.size


def has_no_room() -> int:
    """The bytes that a ledger at least has which cannot get one record more."""
    return len(FORMAT) + (MOST_RECENT - 1) * _RECORD.size + 1


def encode(records: Iterable[Record]) -> bytes:
    """A ledger of these records, in the order given."""
    return FORMAT + b"".join([_RECORD.pack(at, trace) for at, trace in records])


def append(data: bytes, record: Record) -> bytes:
    """The ledger with one record more; it neither sorts nor looks at the others. Nothing at all is an empty ledger."""
    if data and data[:1] != FORMAT:
        raise UnreadableLedger(data)
    return (data or FORMAT) + _RECORD.pack(*record)


def decode(data: bytes) -> list[Record]:
    """(instant, trace) of every record, newest first, equal instants in the order of their traces.

    Raises `UnreadableLedger` for an unknown format or a record cut short.
    """
    if not data:
        return []
    if data[:1] != FORMAT or (len(data) - 1) % _RECORD.size:
        raise UnreadableLedger(data)
    return sorted(_RECORD.iter_unpack(memoryview(data)[1:]), reverse=True)


def joined(recent: bytes, older: bytes) -> bytes:
    """Two ledgers as one. Raises `UnreadableLedger` for an unknown format."""
    for data in (recent, older):
        if data and data[:1] != FORMAT:
            raise UnreadableLedger(data)
    return recent + older[1:] if recent and older else recent or older


def by_byte(data: bytes) -> bytes:
    """The records of a ledger without their format: the first byte of each, then the second of each, and so on."""
    return b"".join([data[place :: _RECORD.size] for place in range(1, _RECORD.size + 1)]) if data else b""


def from_bytes(data: bytes) -> bytes:
    """The ledger whose records were laid out `by_byte`."""
    if not data:
        return b""
    count = len(data) // _RECORD.size
    records = bytearray(len(data))
    for place in range(_RECORD.size):
        records[place :: _RECORD.size] = data[place * count : (place + 1) * count]
    return FORMAT + bytes(records)


class Ledger(NamedTuple):
    """Both parts: `recent` alone holds everything at or after `recent_from`, together they do from `complete_from` on.

    Instants are in UTC milliseconds; a part that nothing was ever left out of begins at the first of all instants.
    """

    recent: bytes
    older: bytes
    recent_from: int
    complete_from: int


def is_full(recent: bytes) -> bool:
    """Whether some records have to leave the recent part."""
    return not has_room(len(recent), 0)


def tidied(ledger: Ledger) -> Ledger:
    """The ledger with parts of their proper sizes; as it was if the recent part is not full."""
    if not is_full(ledger.recent):
        return ledger
    records = decode(ledger.recent)
    kept, moved = records[:KEPT_RECENT], records[KEPT_RECENT:]
    older = sorted([*moved, *decode(ledger.older)], reverse=True)
    dropped = older[MOST_OLDER:]
    return Ledger(
        recent=encode(kept),
        older=encode(older[:MOST_OLDER]),
        recent_from=max(ledger.recent_from, moved[0][0] + 1),
        complete_from=max(ledger.complete_from, dropped[0][0] + 1) if dropped else ledger.complete_from,
    )
