"""The earliest of many candidates is found without asking all of them, and is the one asking all of them finds."""

from hypothesis import given

from decisioning.engine.earliest import earliest
from decisioning.engine.evaluate import decide
from decisioning.engine.program import Program
from tests.decisioning.engine.test_against_oracle import drawn
from tests.decisioning.engine.worlds import candidates_of, facts_of, snapshot_of, worlds


@drawn
@given(worlds())
def test_the_earliest_is_the_smallest_of_every_blocked_candidates_free_at(world):
    snapshot = snapshot_of(world)
    program = Program(snapshot.limits, candidates_of(world))
    skipped = program.unselected(world["selected"])
    outcome = decide(snapshot, program, facts_of(world), now=world["now"], skipped=skipped)
    everyone = program.index.everyone
    for mask in (everyone, everyone & 0b0101, everyone & 0b1010, 0):
        blocked = mask & outcome.blocked
        lifts = [outcome.free_at(position) for position in range(blocked.bit_length()) if blocked >> position & 1]
        assert earliest(outcome, mask) == min((lift for lift in lifts if lift is not None), default=None)
