"""What could be recommended under one configuration, laid out by position once for all customers."""

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from decisioning.engine.allocate import ranked, tied
from decisioning.engine.assignment import Entry
from decisioning.engine.candidates import Candidate, mask_of
from decisioning.engine.program import Program
from decisioning.engine.rotation import Rotation
from decisioning.engine.score import Worth, scores
from decisioning.engine.snapshot import Snapshot


@dataclass(frozen=True, kw_only=True)
class Ware:
    """An active creative with what a recommendation asks about it besides the policies.

    `priority` is the one that counts, `age` smaller for older offers, `starts` and `ends` bound the offer's schedule
    (UTC ms), `offer_id` is the offer's public id.
    """

    candidate: Candidate
    offer_id: str
    channel_type: str
    priority: int = 50
    age: int = 0
    weight: int = 100
    starts: int | None = None
    ends: int | None = None


class Stock:
    """The wares of one snapshot; ware n is bit n of every mask. It holds no customer and is never changed by one."""

    def __init__(self, snapshot: Snapshot, wares: Sequence[Ware], *, tenant: int) -> None:
        candidates = [ware.candidate for ware in wares]
        self.snapshot = snapshot
        self.wares = wares
        self.program = Program(snapshot.limits, candidates)
        self.rotation = Rotation(tenant, candidates, [ware.weight for ware in wares])
        self.position_of = {candidate: position for position, candidate in enumerate(candidates)}
        self.everything = self.program.index.everyone
        self._tied = tied(_entry(position, ware) for position, ware in enumerate(wares))
        types = {ware.channel_type for ware in wares}
        self._types = {each: self.where(_has_type(each)) for each in types}
        self._ranked: dict[int, list[Entry]] = {}

    def where(self, matches: Callable[[Ware], bool]) -> int:
        """The wares that fit."""
        return mask_of([position for position, ware in enumerate(self.wares) if matches(ware)])

    def of_type(self, channel_type: str) -> int:
        """The wares on channels of a type."""
        return self._types.get(channel_type, 0)

    def on_sale(self, now: int) -> int:
        """The wares whose offers are inside their schedules."""
        mask = self.everything
        for starts, ends, wares in self._scheduled:
            if (starts is not None and now < starts) or (ends is not None and now >= ends):
                mask &= ~wares
        return mask

    def mandatory(self, now: int) -> int:
        """The wares whose offers are mandatory."""
        return sum(bit for until, bit in self.program.mandatory if now < until)

    def scores(self, method: str, mandatory: int, propensities: Mapping[str, float]) -> Sequence[float]:
        """One score per ware."""
        if method == "priority_weighted" and not mandatory:
            return self._priorities
        worths = (
            Worth(ware.offer_id, ware.priority, bool(mandatory >> position & 1))
            for position, ware in enumerate(self.wares)
        )
        return scores(method, worths, propensities)

    def ranked(self, method: str, values: Sequence[float], mandatory: int) -> list[Entry]:
        """The order of a response; where scores are everybody's, it is worked out once per set of mandatory wares."""
        if method != "priority_weighted":
            return ranked(self._tied, values, mandatory)
        if mandatory not in self._ranked:
            self._ranked.clear()
            self._ranked[mandatory] = ranked(self._tied, values, mandatory)
        return self._ranked[mandatory]

    @cached_property
    def _priorities(self) -> list[float]:
        return scores("priority_weighted", (Worth(ware.offer_id, ware.priority) for ware in self.wares), {})

    @cached_property
    def _scheduled(self) -> list[tuple[int | None, int | None, int]]:
        """The schedules there are, each with the wares under it; few, as campaigns begin and end together."""
        found: dict[tuple[int | None, int | None], list[int]] = defaultdict(list)
        for position, ware in enumerate(self.wares):
            if ware.starts is not None or ware.ends is not None:
                found[ware.starts, ware.ends].append(position)
        return [(starts, ends, mask_of(wares)) for (starts, ends), wares in found.items()]


def _entry(position: int, ware: Ware) -> Entry:
    candidate = ware.candidate
    return Entry(position, candidate.offer, candidate.channel, candidate.placement, ware.priority, ware.age)


def _has_type(channel_type: str) -> Callable[[Ware], bool]:
    return lambda ware: ware.channel_type == channel_type
