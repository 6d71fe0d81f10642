"""What is known about one customer at the moment of a decision."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from policies.limits import Total, TotalKey
from policies.scope import IMPRESSION


@dataclass(frozen=True, kw_only=True, slots=True)
class Contact:
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


@dataclass(frozen=True, kw_only=True)
class Facts:
    """One customer's interactions in any order, segments and zone, and the totals over all customers.

    `totals` is keyed by (budget field, dimension or None for the tenant, key); money is in micro-units and an absent
    total is zero.
    """

    contacts: Sequence[Contact] = ()
    segments: frozenset[str] = frozenset()
    timezone: str | None = None
    totals: Mapping[TotalKey, Total] = field(default_factory=dict)
