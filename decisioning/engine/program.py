"""A snapshot's limits laid out for one pass over a customer's history.

Every selector of contacts that some limit counts becomes a counter per key, shared by all limits that count the same.
Where a trace is counted is worked out once and remembered, so that a record costs one look-up and an append. Since
records come newest first, the n-th of a counter tells by its instant alone whether n lie in a window.
"""

from collections import defaultdict
from collections.abc import Collection, Hashable, Iterator, Sequence

from decisioning.engine.candidates import Candidate, CandidateIndex
from decisioning.engine.facts import Contact
from decisioning.engine.snapshot import PolicyLimit
from policies.limits import AtMost, Blocked, Exempt, NotIn, Open, Spend, TotalKey
from policies.scope import Candidates, Contacts, Dimension, value_of
from policies.windows import Window

MOST_ROUTES = 200_000
MOST_MINUTES = 10_000
MINUTE = 60_000
# The last zone whose offset was not a whole number of minutes gave it up in January 1972.
WHOLE_MINUTES_SINCE = 2 * 366 * 24 * 60 * MINUTE + 30 * 24 * 60 * MINUTE

# A limit on a counter: how many are too many, in which window, which limit says so, and for which candidates.
Cap = tuple[int, int, int, int]
Counter = tuple[int, tuple[Cap, ...]]  # the smallest number that any of its caps minds, and the caps
Route = tuple[int, ...]
Marked = tuple[int, int]  # a limit and the candidates it concerns


class Program:
    """The limits of one snapshot over one list of candidates. It holds no customer and is never changed by one."""

    def __init__(self, limits: Sequence[PolicyLimit], candidates: Sequence[Candidate]) -> None:
        self.limits = limits
        self.index = CandidateIndex(candidates)
        # 0 = nothing sets it aside, 1 = an override does, 2 = being mandatory does, too
        self.classes = [0 if not placed.bypassable else 1 if placed.stands_for_mandatory else 2 for placed in limits]
        # whether what else is chosen in the same response counts as if it had happened before
        tests = (placed.limit.test for placed in limits)
        self.counts_siblings = [isinstance(test, AtMost) and test.counts_siblings for test in tests]
        self.masks = [self.index.mask(placed.limit.concerns) for placed in limits]
        self.windows: list[Window] = []
        self.counters: list[Counter] = []
        self.always: list[Marked] = []
        self.window_of: dict[int, int] = {}
        self.outside_segments: list[tuple[NotIn, int, int]] = []
        self.hours: list[tuple[Open, int, int]] = []
        self.budgets: list[tuple[TotalKey, int, list[Marked]]] = []  # per budget, the totals that block whom
        self.overrides: list[Marked] = []
        self._selectors: dict[Contacts, list[tuple[int, int, int]]] = defaultdict(list)
        self._unbound: list[Contacts] = []
        self._bound: dict[Dimension, dict[int | None, list[Contacts]]] = defaultdict(lambda: defaultdict(list))
        self._numbers: dict[tuple[Contacts, int | None], int | None] = {}
        self._counts: list[tuple[Contacts, int | None]] = []
        self._routes: dict[Hashable, Route] = {}
        self._locals: dict[tuple[str | None, str | None], Local] = {}
        for number, mask in enumerate(self.masks):
            if mask:
                self._place(number, mask)
        self.mandatory = [
            (candidate.mandatory_until, 1 << position)
            for position, candidate in enumerate(candidates)
            if candidate.mandatory_until is not None
        ]

    def unselected(self, selected: Collection[str] | None) -> frozenset[int]:
        """The limits of global assignments that a flow has not chosen, and what stands in for those it has."""
        unselected = set()
        for number, placed in enumerate(self.limits):
            chosen = selected is None or placed.source.policy_id in selected
            if (placed.source.scope == "global" and not chosen) or (placed.limit.without_global and chosen):
                unselected.add(number)
        return frozenset(unselected)

    def route(self, trace: Hashable, contact: Contact) -> Route:
        """The counters that count this trace, remembered for the next record that bears it."""
        counters = (
            self._counter(selector, selector.key(contact))
            for selector in self._possible(contact)
            if selector.include(contact)
        )
        route = tuple(counter for counter in counters if counter is not None)
        if len(self._routes) >= MOST_ROUTES:
            self._routes.clear()
        self._routes[trace] = route
        return route

    def counted(self, counter: int) -> int:
        """The candidates whose impressions a counter counts, as a mask, in a campaign in which it counts any."""
        selector, key = self._counts[counter]
        shared = self.index.everyone if selector.shared is None else self.index.having(selector.shared, key)
        return shared & self.index.mask(Candidates(selector.where, label=selector.label))

    def local(self, *, customer: str | None, tenant: str | None) -> "Local":
        """The windows and hours read off a clock; there are few clocks, so each is set once."""
        zones = customer, tenant
        if zones not in self._locals:
            self._locals[zones] = Local(self, customer=customer, tenant=tenant)
        return self._locals[zones]

    @property
    def routes(self) -> dict[Hashable, Route]:
        """What `route` has worked out so far."""
        return self._routes

    def _possible(self, contact: Contact) -> Iterator[Contacts]:
        """The selectors that may include a contact: those bound to nothing, and those bound to one of its values."""
        yield from self._unbound
        for dimension, by_key in self._bound.items():
            yield from by_key.get(value_of(contact, dimension), ())

    def _remember(self, selector: Contacts) -> None:
        """Files a selector under what it is bound to, so that thousands bound to other things cost nothing."""
        if selector in self._selectors:
            return
        if not selector.where:
            self._unbound.append(selector)
            return
        dimension, keys = selector.where[0]
        for key in keys:
            self._bound[dimension][key].append(selector)

    def _place(self, number: int, mask: int) -> None:
        test = self.limits[number].limit.test
        match test:
            case AtMost():
                self.window_of[number] = self._window(test.window)
                if test.n:
                    self._remember(test.contacts)
                    self._selectors[test.contacts].append((test.n, self.window_of[number], number))
                else:
                    self.always.append((number, mask))
            case Blocked():
                self.always.append((number, mask))
            case NotIn():
                self.outside_segments.append((test, number, mask))
            case Open():
                self.hours.append((test, number, mask))
            case Spend():
                self._place_budget(test, number, mask)
            case Exempt():
                self.overrides.append((number, mask))

    def _place_budget(self, test: Spend, number: int, mask: int) -> None:
        each: dict[TotalKey, int] = defaultdict(int)
        if test.dimension is None or test.target is not None:
            each[test.field, test.dimension, test.target] = mask
        else:
            for key in {getattr(candidate, test.dimension) for candidate in self.index.candidates}:
                each[test.field, test.dimension, key] = mask & self.index.having(test.dimension, key)
        for total, share in each.items():
            if share:
                shares = self.index.by_cost(share) if test.field == "spend" else [(0, share)]
                blocked = [(test.exhausted_at(cost), mask) for cost, mask in shares]
                self.budgets.append((total, number, blocked))

    def _window(self, window: Window) -> int:
        if window not in self.windows:  # few rules, few windows
            self.windows.append(window)
        return self.windows.index(window)

    def _counter(self, selector: Contacts, key: int | None) -> int | None:
        """The counter's number; None when no candidate shares the key, or there is no key to share."""
        asked = selector, key
        if asked not in self._numbers:
            caps = self._caps(selector, key)
            self._numbers[asked] = len(self.counters) if caps else None
            if caps:
                self.counters.append((min(n for n, *_ in caps), caps))
                self._counts.append(asked)
        return self._numbers[asked]

    def _caps(self, selector: Contacts, key: int | None) -> tuple[Cap, ...]:
        if selector.shared is None:
            sharing = self.index.everyone
        elif key is None:
            return ()
        else:
            sharing = self.index.having(selector.shared, key)
        caps = ((n, window, number, self.masks[number] & sharing) for n, window, number in self._selectors[selector])
        return tuple(cap for cap in caps if cap[3])


class Local:
    """A program's windows and hours read off one clock."""

    def __init__(self, program: Program, *, customer: str | None, tenant: str | None) -> None:
        self.windows: list[Window] = [window.localised(customer=customer, tenant=tenant) for window in program.windows]
        self.hours: list[Open] = [test.localised(customer=customer, tenant=tenant) for test, _, _ in program.hours]
        self._closed: dict[int, list[int]] = {}

    def since(self, now: int) -> list[int]:
        """The first instant inside each window."""
        return [window.since(now) for window in self.windows]

    def closed(self, now: int) -> list[int]:
        """The numbers of the hours that are closed; within a minute the hour on the wall does not change."""
        if now < WHOLE_MINUTES_SINCE:
            return [door for door, test in enumerate(self.hours) if not test.is_open(now)]
        minute = now // MINUTE
        if minute not in self._closed:
            if len(self._closed) >= MOST_MINUTES:
                self._closed.clear()
            self._closed[minute] = [door for door, test in enumerate(self.hours) if not test.is_open(now)]
        return self._closed[minute]
