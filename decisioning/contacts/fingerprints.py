"""Fingerprints of rows of files, by which a row that comes again is known: the interaction bears it, erased or not."""

from __future__ import annotations

import json
from hashlib import blake2b

from decisioning.models import Interaction


def fingerprint(identity: str, occurrence: int) -> int:
    """64 bits that stand for the n-th row of this identity (BLAKE2b, RFC 7693), signed as databases count."""
    digest = blake2b(f"{identity}{occurrence}".encode(), digest_size=8).digest()
    return int.from_bytes(digest, signed=True)


def of_export(public_id: str) -> int:
    """The fingerprint of the row that an interaction is exported as."""
    return fingerprint(json.dumps(["interaction", public_id]), 0)


def of_interaction(interaction: Interaction) -> int:
    """The fingerprint of the row an interaction came from or, if it came from none, would come back as."""
    return of_export(interaction.public_id) if interaction.import_key is None else interaction.import_key
