"""Trying limits on the past: which of the contacts that happened they would have refused.

A customer's contacts are taken in the order of time and held against the limits one by one. A refused contact does not
happen, so it counts nowhere later; what customers did themselves (a click, a complaint) stays as it was. The limits
stand alone: no other policy, no override and no mandatory offer sets them aside.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import takewhile

import numpy as np
from numpy.typing import NDArray

from decisioning.engine.facts import Contact
from policies.limits import AtMost
from policies.rule import Limit
from policies.windows import Calendar, Window

Ints = NDArray[np.int64]
Flags = NDArray[np.bool_]

Counted = tuple[int, int]  # the instant and the decision of what was counted
_Laid = tuple["_Test", list[bool], list[bool], list[int], list[int], dict[int, list[Counted]]]

NOBODY = -1  # no decision, or no key to share
LONGEST = 1 << 60


@dataclass(frozen=True, kw_only=True)
class Past:
    """Interactions as columns of one length, customer by customer, each customer's in the order of time.

    `who` numbers the customers, `at` is in UTC ms, `trace` tells which of `traces` happened: everything else that is
    known of it, at no instant. Customers do few different things, so what a limit makes of a trace is worked out once.
    `decision` is what it was recommended by, or NOBODY. `zones` holds each customer's time zone, None where unknown.
    """

    who: Ints
    at: Ints
    trace: Ints
    decision: Ints
    traces: Sequence[Contact]
    zones: Sequence[str | None] = ()

    def chosen(self, verdicts: Iterable[bool]) -> Flags:
        """The interactions whose trace was chosen."""
        return np.fromiter(verdicts, np.bool_, len(self.traces))[self.trace]


@dataclass(frozen=True)
class Replayed:
    """Of every interaction whether it was tried at all, and whether it would have been refused."""

    tried: Flags
    refused: Flags


def replay(past: Past, limits: Iterable[Limit], *, outcome: str, since: int, tenant_timezone: str | None) -> Replayed:
    """Tries the interactions that ended in `outcome` from the instant `since` on; earlier ones only count.

    Every limit's test must be an `AtMost`. O(interactions) for each limit.
    """
    happened = past.chosen(contact.outcome == outcome for contact in past.traces) & (past.at >= since)
    tests = [_Test(past, limit, happened, tenant_timezone) for limit in limits]
    tried = np.zeros(len(past.at), np.bool_)
    for test in tests:
        tried |= test.concerned
    refused = np.zeros(len(past.at), np.bool_)
    refused[_refused(past, tests, tried)] = True
    return Replayed(tried, refused)


class _Test:
    """One limit laid out over the past: what it counts, under which key, what it is asked about, how far it looks."""

    def __init__(self, past: Past, limit: Limit, happened: Flags, tenant_timezone: str | None) -> None:
        if not isinstance(limit.test, AtMost):
            raise TypeError(f"{type(limit.test).__name__} counts no contacts, so there is nothing to replay")
        contacts = limit.test.contacts
        keys = [contacts.key(contact) for contact in past.traces]
        self.n = limit.test.n
        self.counts_siblings = limit.test.counts_siblings
        self.concerned = past.chosen(limit.concerns.include(contact) for contact in past.traces) & happened
        self.counted = past.chosen(
            contacts.include(contact) and (contacts.shared is None or key is not None)
            for contact, key in zip(past.traces, keys, strict=True)
        )
        self.key = np.array([NOBODY if key is None else key for key in keys], np.int64)[past.trace]
        self.since = _since(past, limit.test.window, tenant_timezone)

    def laid(self, rows: Ints) -> "_Laid":
        """The test with its columns at these rows, and room for what it counts of one customer, by key."""
        concerned, counted, key, since = (
            column[rows].tolist() for column in (self.concerned, self.counted, self.key, self.since)
        )
        return self, concerned, counted, key, since, {}

    def breached(self, past: Past) -> Ints:
        """The positions of what the test would refuse if all before had happened, recommended together or not."""
        if not self.n:
            return np.flatnonzero(self.concerned)
        if self.n > len(past.at):  # which may be more than a column can hold
            return np.empty(0, np.int64)
        order = np.lexsort((self.key, past.who))  # stable: of one customer and key in the order of time
        who, key, counted = past.who[order], self.key[order], self.counted[order]
        begins = np.flatnonzero(np.append(True, (np.diff(who) != 0) | (np.diff(key) != 0))[: len(order)])
        before: Ints = np.cumsum(counted) - counted  # how many were counted earlier, those of others included
        first: Ints = np.repeat(before[begins], np.diff(np.append(begins, len(order))))
        asked = np.flatnonzero(self.concerned[order] & (before - first >= self.n))
        nth = past.at[order][counted][before[asked] - self.n]
        reached: Ints = order[asked[nth >= self.since[order[asked]]]]
        return reached

    def reached(self, counted: Sequence[Counted], since: int, decision: int) -> bool:
        """Whether as many as are allowed lie in the window, of at least as many counted before."""
        if self.counts_siblings or decision == NOBODY:
            return not self.n or counted[-self.n][0] >= since
        inside = takewhile(lambda contact: contact[0] >= since, reversed(counted))
        return sum(by != decision for _, by in inside) >= self.n


def _suspected(past: Past, tests: Sequence[_Test]) -> Flags:
    """The interactions of customers of whom some test might refuse something; the others need not be gone through.

    As long as nothing is refused, everything before has happened: so a customer's first refusal is one by what truly
    happened, and who has none by that has none at all.
    """
    suspects = np.zeros(int(past.who.max(initial=NOBODY)) + 1, np.bool_)
    for test in tests:
        suspects[past.who[test.breached(past)]] = True
    return suspects[past.who]


def _refused(past: Past, tests: Sequence[_Test], tried: Flags) -> Ints:
    """The positions of what some test refuses."""
    touched = tried.copy()
    for test in tests:
        touched |= test.counted
    rows = np.flatnonzero(touched & _suspected(past, tests))
    whose, ats, decisions = (column[rows].tolist() for column in (past.who, past.at, past.decision))
    laid = [test.laid(rows) for test in tests]
    refused, turn = [], NOBODY
    for row, who in enumerate(whose):
        if who != turn:
            turn = who
            for *_, inside in laid:
                inside.clear()
        at, decision = ats[row], decisions[row]
        for test, concerned, _, keys, since, inside in laid:
            if concerned[row]:
                counted = inside.get(keys[row], ())
                if len(counted) >= test.n and test.reached(counted, since[row], decision):
                    refused.append(row)
                    break
        else:
            for _, _, counts, keys, _, inside in laid:
                if counts[row]:
                    inside.setdefault(keys[row], []).append((at, decision))
    return rows[np.array(refused, np.int64)]


def _since(past: Past, window: Window, tenant_timezone: str | None) -> Ints:
    """The first instant inside the window at each interaction's own instant."""
    if not isinstance(window, Calendar):
        # What is longer than any history is as good as ever, and fits into a column.
        return np.maximum(past.at + max(window.since(0), -LONGEST), -LONGEST)
    if not window.clock.customers:
        return _starts(window.localised(customer=None, tenant=tenant_timezone), past.at)
    numbers: dict[str | None, int] = {}
    zone = np.array([numbers.setdefault(name, len(numbers)) for name in past.zones], np.int64)[past.who]
    since = np.empty_like(past.at)
    for name, number in numbers.items():
        here = zone == number
        since[here] = _starts(window.localised(customer=name, tenant=tenant_timezone), past.at[here])
    return since


def _starts(window: Calendar, at: Ints) -> Ints:
    """The beginnings of the days, weeks or months that the instants lie in."""
    if not len(at):
        return at
    begun, last = window.since(int(at.min())), int(at.max())
    starts = [begun]
    while (following := window.leaves(starts[-1])) is not None and following <= last:
        starts.append(following)
    edges = np.array(starts, np.int64)
    return edges[np.searchsorted(edges, at, side="right") - 1]
