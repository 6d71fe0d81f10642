"""Decisions as bytes: what the release before wrote is read, what nobody wrote is refused."""

from __future__ import annotations

import zlib
from concurrent.futures import ThreadPoolExecutor
from os import urandom

import pytest
import zstandard

from decisioning.deciding.decided import UnreadableDecision, lines_of, squeezed
from decisioning.engine import ledger as codec
from decisioning.models import Decision
from tests.conftest import Catalogue, Door


@pytest.mark.django_db
def test_a_decision_of_the_former_format_is_read_as_it_was_made(admin: Door, catalogue: Catalogue) -> None:
    cap = {"maxPerMonth": 2}
    admin.make("contact-policies", name="Cap", scope="global", ruleType="frequency_cap", config=cap)
    told = {"customerId": "ada", "creativeId": catalogue.creative, "outcome": "impression"}
    assert [admin("POST", "respond", told)[0] for _ in range(2)] == [201, 201]
    public_id = admin("POST", "recommend", {"customerId": "ada"})[1]["recommendationId"]
    answered = admin("GET", f"decisions/{public_id}")[1]
    assert [reason["ruleType"] for each in answered["trace"]["suppressed"] for reason in each["reasons"]] == [
        "frequency_cap"
    ]
    data = zstandard.decompress(bytes(Decision.objects.get().record)[1:])
    end = 4 + int.from_bytes(data[:4], "little")
    former = b"\x01" + zlib.compress(data[:end] + codec.from_bytes(data[end:]))
    Decision.objects.update(record=former)
    assert admin("GET", f"decisions/{public_id}") == (200, answered)


def test_what_is_no_decision_is_refused() -> None:
    with pytest.raises(UnreadableDecision, match="3 bytes beginning with 0x03 are no decision"):
        lines_of(b"\x03ab")


def test_threads_that_store_decisions_at_the_same_moment_do_not_disturb_each_other():
    documents = [bytes([number]) + urandom(200_000) for number in range(8)]
    with ThreadPoolExecutor(len(documents)) as threads:
        for _ in range(20):
            squeezed_at_once = list(threads.map(squeezed, documents))
            assert [zstandard.ZstdDecompressor().decompress(it) for it in squeezed_at_once] == documents
