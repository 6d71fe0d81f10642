"""A decision as bytes: what was answered, and what it takes to make it again.

A format byte, then, compressed, the length of a JSON document, the document, and the customer's records; behind that
the contacts which being recommended was, whose keys are only known once they are stored with the decision. Records lie
byte by byte, the first bytes of all of them first: what they have in common then is next to each other, which makes the
whole smaller and takes a fraction of the time. Format 1, which is still read, had the ledger as it was and zlib.
Offers' names, contents and sentences are not in it: they follow from the configuration of its version (`manifest`), the
contents from the creative's version and the values of its tokens. Deciding is pure, so the same facts give the same
reasons.
"""

from __future__ import annotations

import json
import threading
import zlib
from struct import Struct
from typing import Any

import orjson
import zstandard

from decisioning.deciding.histories import Recalled, decoded, told
from decisioning.deciding.recommendations import Answer, Chosen, Frozen, Line, choose
from decisioning.engine import ledger as codec
from decisioning.engine.assignment import Place
from decisioning.engine.facts import Facts
from decisioning.engine.recommend import Wish
from decisioning.in_force.configuration import Configuration
from kaireon.tenancy import Tenant
from policies.limits import Total

FORMAT, FORMER = b"\x02", b"\x01"
_LENGTH = Struct("<I")
_CONTACT = Struct(">hq")  # the rank and the key of a contact
_PLAIN_WISH = vars(Wish(customer=""))


class _Compressor(threading.local):
    """Each thread's own, for one cannot serve two at once; slower levels save a twentieth more in twice the time."""

    def __init__(self) -> None:
        self.compress = zstandard.ZstdCompressor(level=1).compress


_compressor = _Compressor()


class UnreadableDecision(ValueError):
    """Bytes this release cannot read as a decision."""


def squeezed(data: bytes) -> bytes:
    """The bytes as one frame of Zstandard (RFC 8878), whichever threads ask at once."""
    return _compressor.compress(data)


def pack(answer: Answer, chosen: Chosen, recalled: Recalled) -> bytes:
    """The bytes of a decision and its answer."""
    facts = chosen.facts
    document = {
        "wish": _wish(chosen.wish),
        "flow": chosen.flow,
        "at": chosen.at,
        "segments": sorted(facts.segments),
        "timezone": facts.timezone,
        "totals": [[*key, total.spent, total.reserved] for key, total in facts.totals.items()],
        "records": None if recalled.ledger is not None else facts.records,
        "holds": recalled.holds.hex(),
        "flowVersion": answer.flow_version,
        "counts": [answer.candidates, answer.allowed],
        "freeAt": answer.free_at,
        "duration": answer.duration,
        "lines": [(tuple(frozen), *rest) for frozen, *rest in answer.lines],
        "warnings": answer.warnings,
    }
    data = _dumped(document)
    return FORMAT + squeezed(_LENGTH.pack(len(data)) + data + codec.by_byte(recalled.ledger or b""))


def unpack(record: bytes, tenant: Tenant, configuration: Configuration) -> tuple[Answer, Chosen]:
    """The answer, and the decision made again; the configuration is the one it was made with."""
    document, ledger = _read(record)
    wish = _wish_from(document["wish"])
    facts = _facts(document, ledger, tenant)
    chosen = choose(configuration, facts, wish, flow=document["flow"], at=document["at"])
    return _answer(document, wish), chosen


def lines_of(record: bytes) -> tuple[tuple[Line, ...], str | None]:
    """What was decided, in rank order, and the campaign it was decided for."""
    document, _ = _read(record)
    return _lines(document), document["wish"].get("campaign")


def counts_of(record: bytes) -> tuple[int, int, int]:
    """How many candidates there were, how many the policies allowed, and how many were chosen."""
    document, *_ = _read(record)
    candidates, allowed = document["counts"]
    return candidates, allowed, len(document["lines"])


def _read(record: bytes) -> tuple[dict[str, Any], bytes]:
    """The document and the ledger."""
    if record[:1] not in {FORMAT, FORMER}:
        raise UnreadableDecision(f"{len(record)} bytes beginning with 0x{record[:1].hex()} are no decision")
    former = record[:1] == FORMER
    unpacking: Any = zlib.decompressobj() if former else zstandard.ZstdDecompressor().decompressobj()
    data = unpacking.decompress(record[1:])
    end = _LENGTH.size + _LENGTH.unpack_from(data)[0]
    document = json.loads(data[_LENGTH.size : end])
    document["contacts"] = dict(_CONTACT.iter_unpack(unpacking.unused_data))
    return document, data[end:] if former else codec.from_bytes(data[end:])


def _answer(document: dict[str, Any], wish: Wish) -> Answer:
    candidates, allowed = document["counts"]
    return Answer(
        customer=wish.customer,
        at=document["at"],
        flow_version=document["flowVersion"],
        candidates=candidates,
        allowed=allowed,
        free_at=document["freeAt"],
        duration=document["duration"],
        places=tuple(place.placement for place in wish.places),
        lines=_lines(document),
        warnings=tuple(document["warnings"]),
    )


def _lines(document: dict[str, Any]) -> tuple[Line, ...]:
    contacts = document["contacts"]
    lines = [Line(Frozen(*frozen), *rest) for frozen, *rest in document["lines"]]
    return tuple(line._replace(interaction=contacts.get(rank)) for rank, line in enumerate(lines, start=1))


def _facts(document: dict[str, Any], ledger: bytes, tenant: Tenant) -> Facts:
    about: dict[str, Any] = {
        "segments": frozenset(document["segments"]),
        "timezone": document["timezone"],
        "totals": {(field, word, key): Total(*rest) for field, word, key, *rest in document["totals"]},
    }
    held: dict[str, Any] = {"holds": bytes.fromhex(document["holds"]), "now": document["at"]}
    if document["records"] is None:
        return decoded(tenant, ledger, **held, **about)
    return told(tenant, [(at, tuple(trace)) for at, trace in document["records"]], **held, **about)


def _wish(wish: Wish) -> dict[str, Any]:
    """What a wish says otherwise than a plain one."""
    return {
        name: sorted(value) if isinstance(value, frozenset) else value
        for name, value in vars(wish).items()
        if value != _PLAIN_WISH[name]
    }


def _wish_from(said: dict[str, Any]) -> Wish:
    kept: dict[str, Any] = dict(said)
    for name in ("excluded_offers", "excluded_creatives"):
        kept[name] = frozenset(said.get(name, ()))
    kept["places"] = tuple(Place(*place) for place in said.get("places", ()))
    return Wish(**kept)


def _dumped(document: Any) -> bytes:
    """JSON; integers beyond 64 bits take the slower road."""
    try:
        return orjson.dumps(document, default=tuple)  # it takes a tuple with names for something else
    except TypeError:
        return json.dumps(document, separators=(",", ":")).encode()
