import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from decisioning.engine.facts import Contact
from decisioning.engine.ledger import (
    FORMAT,
    KEPT_RECENT,
    MOST_OLDER,
    MOST_RECENT,
    NEVER_RECORDED,
    Ledger,
    TooManyWords,
    UnreadableLedger,
    append,
    by_byte,
    contact_of,
    decode,
    encode,
    from_bytes,
    is_full,
    joined,
    tidied,
    trace_of,
)

WORDS = {1: "impression", 2: "click", 3: "cards", 4: "spring", NEVER_RECORDED - 1: "last"}
NUMBERS = {word: number for number, word in WORDS.items()}
KEYS = st.none() | st.integers(1, 2**32 - 1)
START = -(2**62)
INSTANTS = st.integers(START, 2**62)
CONTACTS = st.builds(
    Contact,
    at=INSTANTS,
    outcome=st.sampled_from(["impression", "click", "last", ""]),
    offer=KEYS,
    creative=KEYS,
    channel=KEYS,
    placement=KEYS,
    category=KEYS,
    sub_category=KEYS,
    label=st.sampled_from([None, "", "cards", "last"]),
    campaign=st.sampled_from([None, "spring", "last"]),
)
RECORDS = st.lists(st.tuples(st.integers(0, 5) | INSTANTS, st.binary(min_size=32, max_size=32)), max_size=60)


def trace(n):
    return trace_of(Contact(0, offer=n), NUMBERS)


@given(CONTACTS)
def test_a_contact_survives_the_ledger_whole(contact):
    record = contact.at, trace_of(contact, NUMBERS)
    assert [contact_of(at, trace, WORDS) for at, trace in decode(encode([record]))] == [contact]


def test_a_record_takes_forty_bytes_and_a_full_ledger_less_than_two_kilobytes():
    assert [len(encode([(at, trace(1)) for at in range(n)])) for n in (0, 1, 48)] == [1, 41, 1921]


@settings(max_examples=60)
@given(RECORDS, st.randoms(use_true_random=False))
def test_the_order_of_writing_means_nothing(records, rng):
    shuffled = rng.sample(records, len(records))
    one_by_one = b""
    for record in shuffled:
        one_by_one = append(one_by_one, record)
    expected = sorted(records, reverse=True)
    assert decode(encode(records)) == expected
    assert decode(encode(shuffled)) == expected
    assert decode(one_by_one) == (expected if records else [])


@given(RECORDS)
def test_records_laid_out_byte_by_byte_come_back(records):
    data = encode(records) if records else b""
    assert from_bytes(by_byte(data)) == data
    assert len(by_byte(data)) == 40 * len(records)


def test_a_late_event_is_put_at_the_end_and_read_in_its_place():
    data = append(encode([(10, trace(1)), (30, trace(3))]), (20, trace(2)))
    assert data == encode([(10, trace(1)), (30, trace(3)), (20, trace(2))])
    assert decode(data) == [(30, trace(3)), (20, trace(2)), (10, trace(1))]


def test_two_equal_records_are_two_contacts():
    assert decode(encode([(1, trace(1))] * 2)) == [(1, trace(1))] * 2


def test_nothing_is_an_empty_ledger():
    assert decode(b"") == decode(FORMAT) == []
    assert append(b"", (1, trace(1))) == encode([(1, trace(1))])


def test_a_full_recent_part_keeps_the_newest_and_says_since_when_all_are_there():
    records = [(at, trace(at + 1)) for at in range(60)]
    full = Ledger(encode(random.Random(1).sample(records, 60)), b"", recent_from=-9, complete_from=-9)
    tidy = tidied(full)
    assert decode(tidy.recent) == records[: -KEPT_RECENT - 1 : -1]
    assert decode(tidy.older) == records[-KEPT_RECENT - 1 :: -1]
    assert (tidy.recent_from, tidy.complete_from) == (60 - KEPT_RECENT, -9)


def test_a_full_older_part_drops_the_oldest_and_says_so():
    older = encode([(at, trace(1)) for at in range(MOST_OLDER)])
    recent = encode([(MOST_OLDER + at, trace(2)) for at in range(MOST_RECENT + 1)])
    tidy = tidied(Ledger(recent, older, recent_from=MOST_OLDER, complete_from=-9))
    dropped = MOST_RECENT + 1 - KEPT_RECENT
    assert [at for at, _ in decode(tidy.older)] == list(range(MOST_OLDER + dropped - 1, dropped - 1, -1))
    assert (tidy.recent_from, tidy.complete_from) == (MOST_OLDER + dropped, dropped)


def test_an_instant_of_which_one_record_was_moved_is_not_complete_without_the_older_part():
    same = [(5, trace(number)) for number in range(MOST_RECENT + 1)]
    tidy = tidied(Ledger(encode(same), b"", recent_from=-9, complete_from=-9))
    assert (tidy.recent_from, tidy.complete_from) == (6, -9)
    assert decode(joined(tidy.recent, tidy.older)) == sorted(same, reverse=True)


@settings(max_examples=60)
@given(st.lists(RECORDS, max_size=20))
def test_tidying_loses_nothing_from_the_instant_on_that_it_names(batches):
    ledger, told = Ledger(b"", b"", START, START), []
    for batch in batches:
        told += batch
        for record in batch:
            ledger = ledger._replace(recent=append(ledger.recent, record))
        ledger = tidied(ledger)
        assert not is_full(ledger.recent)
        newest_first = sorted(told, reverse=True)
        both = decode(joined(ledger.recent, ledger.older))
        assert [r for r in decode(ledger.recent) if r[0] >= ledger.recent_from] == [
            r for r in newest_first if r[0] >= ledger.recent_from
        ]
        assert [r for r in both if r[0] >= ledger.complete_from] == [
            r for r in newest_first if r[0] >= ledger.complete_from
        ]


def test_a_ledger_that_is_not_full_stays_as_it_is():
    small = Ledger(encode([(2, trace(1)), (1, trace(1))]), b"", recent_from=-9, complete_from=-9)
    assert tidied(small) is small


def test_parts_are_joined_whichever_is_empty():
    data = encode([(2, trace(1))])
    assert joined(data, b"") == joined(b"", data) == data
    assert decode(joined(data, data)) == [(2, trace(1))] * 2
    with pytest.raises(UnreadableLedger):
        joined(data, b"\x02")


@pytest.mark.parametrize("data", [b"\x02", b"\x00" + bytes(40), encode([(1, trace(1))])[:-1], FORMAT + b"x"])
def test_what_is_no_ledger_of_this_format_is_refused(data):
    with pytest.raises(UnreadableLedger) as refused:
        decode(data)
    assert refused.value.data == data


def test_nothing_is_put_behind_an_unknown_format():
    with pytest.raises(UnreadableLedger, match="1 bytes beginning with 0x02 are no ledger of format 1"):
        append(b"\x02", (1, trace(1)))


def test_a_word_too_many_is_named():
    for contact in (Contact(0, "new"), Contact(0, label="new"), Contact(0, campaign="new")):
        with pytest.raises(TooManyWords) as refused:
            trace_of(contact, {"impression": 1, "new": NEVER_RECORDED})
        assert refused.value.number == NEVER_RECORDED


def test_a_word_younger_than_the_words_at_hand_is_a_key_error():
    with pytest.raises(KeyError):
        contact_of(0, trace_of(Contact(0, campaign="spring"), NUMBERS), {1: "impression"})
