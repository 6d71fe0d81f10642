"""Holds are counted like contacts of this instant, and let go in the order of time, whatever else leaves."""

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from decisioning.engine.admission import Admission
from decisioning.engine.counting import WithHolds, lets_go
from decisioning.engine.evaluate import decide
from decisioning.engine.program import Program
from policies.windows import END_OF_TIME, Ever, Rolling
from tests.decisioning.engine.test_against_oracle import drawn
from tests.decisioning.engine.worlds import candidates_of, facts_of, snapshot_of, worlds

NOW = 100
AGES = st.lists(st.integers(0, 39), max_size=5)
AHEAD = st.lists(st.integers(1, 60), min_size=1, max_size=4)


def queue(ages, ahead):
    records = WithHolds()
    for until in ahead:
        records.hold("held", now=NOW, until=NOW + until)
    records.extend((NOW - age, "seen") for age in sorted(ages))
    return records


@given(AGES, AHEAD, st.integers(1, 9))
def test_fewer_are_left_as_soon_as_enough_have_gone_and_no_moment_before(ages, ahead, n):
    n = min(n, len(ages) + len(ahead))

    def left(at):
        return sum(NOW - age + 40 > at for age in ages) + sum(NOW + until > at for until in ahead)

    freed = lets_go(queue(ages, ahead), n, Rolling(40))
    assert left(freed) < n <= left(freed - 1)


@given(AGES, AHEAD, st.integers(1, 9))
def test_what_never_leaves_is_left_when_all_holds_have_lapsed(ages, ahead, n):
    n = min(n, len(ages) + len(ahead))
    freed = lets_go(queue(ages, ahead), n, Ever())
    assert freed == (None if n <= len(ages) else NOW + sorted(ahead)[len(ages) - n])
    assert freed == lets_go(queue(ages, ahead), n, Rolling(END_OF_TIME))


@drawn
@given(worlds())
def test_until_it_lapses_a_hold_blocks_counts_and_refuses_like_a_contact_of_this_instant(world):
    held = [hold for hold in world["holds"] if world["now"] < hold["until"]]
    seen = [{**hold, "at": world["now"], "outcome": "impression"} for hold in held]
    for contact in seen:
        del contact["until"]
    assert answered(world) == answered({**world, "holds": [], "contacts": [*seen, *world["contacts"]]})


def answered(world):
    """The verdicts with their numbers, not how they are said nor when they lift, and whom of the allowed it admits."""
    snapshot = snapshot_of(world)
    program = Program(snapshot.limits, candidates_of(world))
    skipped = program.unselected(world["selected"])
    outcome = decide(snapshot, program, facts_of(world), now=world["now"], skipped=skipped)
    admission, everyone = Admission(outcome, campaign="spring"), range(len(world["candidates"]))
    verdicts = [outcome.verdict(position) for position in everyone]
    return (
        [replace(verdict, free_at=None, reasons=tuple(map(counts_of, verdict.reasons))) for verdict in verdicts],
        [position for position in everyone if verdicts[position].allowed and admission.admit([position])],
    )


def counts_of(reason):
    """A reason without its words."""
    numbers = {key: value for key, value in reason.evidence.items() if key != "reserved"}
    return replace(reason, free_at=None, reason="", evidence=numbers)
