"""What is known about one customer at the moment of a decision."""

from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from operator import attrgetter
from typing import Any, NamedTuple, Self

from policies.limits import Total, TotalKey
from policies.scope import IMPRESSION

Record = tuple[int, Hashable]


class Hold(NamedTuple):
    """A place some decision took: it counts as one contact in every window until `until` (UTC ms), then no more.

    `trace` is the one the record of its impression would bear.
    """

    until: int
    trace: Hashable


class Contact(NamedTuple):
    """One recorded interaction with the values it had at the time; with outcome "impression" it is a contact.

    `at` is in UTC milliseconds. A `label` of None was never recorded; "" is known to have been none.
    """

    at: int
    outcome: str = IMPRESSION
    offer: int | None = None
    creative: int | None = None
    channel: int | None = None
    placement: int | None = None
    category: int | None = None
    sub_category: int | None = None
    label: str | None = None
    campaign: str | None = None


def contact_of(at: int, trace: Any) -> Contact:
    """The contact of a record whose trace is the contact's other fields, in their order."""
    return Contact(at, *trace)


@dataclass(frozen=True, kw_only=True)
class Facts:
    """One customer's interactions newest first, open holds, segments and zone, and the totals over all customers.

    A record is (instant, trace): the trace is all else that is known of the interaction, in any hashable form that
    `contact` can turn into words. Customers do few different things, so what is worked out for a trace once serves
    every record that bears it. Holds come in any order, lapsed ones may be among them. `totals` is keyed by (budget
    field, dimension or None for the tenant, key); money is in micro-units and an absent total is zero.
    """

    records: Sequence[Record] = ()
    holds: Sequence[Hold] = ()
    contact: Callable[[int, Any], Contact] = contact_of
    segments: frozenset[str] = frozenset()
    timezone: str | None = None
    totals: Mapping[TotalKey, Total] = field(default_factory=dict)

    @property
    def contacts(self) -> list[Contact]:
        """The records in plain words."""
        return [self.contact(*record) for record in self.records]

    @classmethod
    def of(cls, contacts: Iterable[Contact], **known: Any) -> Self:
        """Facts from contacts in plain words, in any order."""
        newest_first = sorted(contacts, key=attrgetter("at"), reverse=True)
        return cls(records=[(contact.at, contact[1:]) for contact in newest_first], **known)
