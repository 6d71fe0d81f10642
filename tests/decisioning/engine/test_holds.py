import pytest
from hypothesis import given
from hypothesis import strategies as st

from decisioning.engine.facts import Hold
from decisioning.engine.holds import FORMAT, Place, UnreadableHolds, decode, encode, remove

LONG_AGO, LATE = -(2**63), 2**63 - 1
PLACES = st.builds(
    Place,
    decision=st.integers(0, 2) | st.integers(LONG_AGO, LATE),
    rank=st.integers(1, 2) | st.integers(-(2**15), 2**15 - 1),
    until=st.integers(0, 3) | st.integers(LONG_AGO, LATE),
    trace=st.binary(min_size=32, max_size=32),
)


def place(decision, rank=1, until=10):
    return Place(decision, rank, until, bytes([decision % 256]) * 32)


@given(st.lists(PLACES, max_size=6), st.integers(0, 3))
def test_what_has_not_lapsed_survives_whole_in_whatever_order_it_was_written(places, now):
    assert decode(encode(places), now=now) == sorted(place for place in places if place.until > now)


@given(st.lists(PLACES, max_size=6), st.integers(0, 2), st.integers(1, 2))
def test_removing_leaves_every_other_place_where_it_was(places, decision, rank):
    others = [place for place in places if (place.decision, place.rank) != (decision, rank)]
    assert remove(encode(places), decision=decision, rank=rank) == encode(others)


def test_a_place_takes_fifty_bytes_and_no_place_none():
    assert [len(encode([place(key) for key in range(n)])) for n in (0, 1, 5)] == [0, 51, 251]


def test_at_its_last_instant_a_place_has_lapsed():
    data = encode([place(1, until=10)])
    assert (decode(data, now=9), decode(data, now=10)) == ([place(1, until=10)], [])


def test_the_engine_sees_until_when_and_what_it_would_be():
    assert place(7, until=5).hold == Hold(5, b"\x07" * 32)


def test_nothing_is_held_in_no_bytes():
    assert decode(b"", now=0) == decode(FORMAT, now=0) == []
    assert remove(encode([place(1)]), decision=1, rank=1) == remove(b"", decision=1, rank=1) == b""


def test_a_place_written_twice_is_removed_for_good():
    data = encode([place(1), place(2), place(1, until=20)])
    assert remove(data, decision=1, rank=1) == encode([place(2)])


@pytest.mark.parametrize("data", [b"\x02", b"\x00" + bytes(50), encode([place(1)])[:-1], FORMAT + b"x"])
def test_what_are_no_holds_of_this_format_is_refused(data):
    for read in (lambda: decode(data, now=0), lambda: remove(data, decision=1, rank=1)):
        with pytest.raises(UnreadableHolds) as refused:
            read()
        assert refused.value.data == data


def test_the_refusal_says_what_was_found():
    with pytest.raises(UnreadableHolds, match="1 bytes beginning with 0x02 are no holds of format 1"):
        decode(b"\x02", now=0)
