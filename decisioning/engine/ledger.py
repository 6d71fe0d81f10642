"""The codec of a customer's ledger: a format byte, then what happened lately, 40 bytes each, in any order.

A record is an instant (signed 64 bit, UTC ms) and a trace of 32 bytes: the keys of offer, creative, channel, placement,
category and sub-category (unsigned 32 bit, 0 = none), then outcome, label and campaign as the numbers of interned words
(21 bit each in one 64 bit integer, 0 = none). All integers are little-endian. Traces are compared and hashed as they
are, so the engine works out what a trace counts for once and not once per record.

The records are a multiset: two that are equal are two contacts, and their order means nothing.
"""

from collections.abc import Iterable, Mapping
from struct import Struct

from decisioning.engine.facts import Contact

FORMAT = b"\x01"
MOST_RECORDS = 48
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


def packed(record: Record) -> bytes:
    """The bytes of one record, as they may be put at the end of any ledger that is not empty."""
    return _RECORD.pack(*record)


def has_room(size: int, records: int) -> bool:
    """Whether a ledger of so many bytes may get so many records more without being compacted."""
    return max(size, len(FORMAT)) + records * _RECORD.size <= len(FORMAT) + MOST_RECORDS * _RECORD.size


def has_no_room() -> int:
    """The bytes that a ledger at least has which cannot get one record more."""
    return len(FORMAT) + (MOST_RECORDS - 1) * _RECORD.size + 1


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


def compacted(data: bytes, most: int = MOST_RECORDS) -> tuple[bytes, int | None]:
    """The ledger with its newest records only, and the first instant since which it has them all.

    The instant is None when nothing was left out: what was known of its completeness before still holds.
    """
    records = decode(data)
    if len(records) <= most:
        return data, None
    return encode(records[:most]), records[most][0] + 1
