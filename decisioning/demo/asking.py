"""What the demo was asked lately: simulated decisions, each made as of its instant from the history up to it."""

from __future__ import annotations

from datetime import datetime, timedelta
from random import Random
from time import perf_counter

from decisioning.deciding.lookup import Caller, inform
from decisioning.deciding.recommendations import Ask
from decisioning.deciding.recommending import draft, prepare
from decisioning.deciding.storing import store
from decisioning.engine.recommend import Wish
from decisioning.insight import tallies
from decisioning.insight.overview import DAYS
from kaireon import clock
from kaireon.tenancy import Role, Tenant

DECISIONS = 240  # enough for a picture; each looks at the whole history of a budget
# Not the website: being recommended there is a contact, and the past has its contacts already.
CHANNEL_TYPES = ("email", "email", "push", "sms", "in_app")
HOURS = (7, 22)  # UTC, when systems ask


def ask(tenant: Tenant, *, customers: int, seed: int, until: datetime) -> int:
    """Decides for random customers at random instants of the overview's days, and counts that; how many."""
    random = Random(seed)
    caller = Caller(tenant=tenant.pk, role=Role.DELIVERY)
    for at in _instants(random, until):  # in order: what is counted goes by the keys
        customer_id = f"C{random.randint(1, customers):05}"
        started = perf_counter()
        known, configuration = inform(caller, customer_id)
        wish = Wish(customer=customer_id, limit=3, channel_type=random.choice(CHANNEL_TYPES))
        drafted = draft(known, configuration, Ask(wish=wish, as_of=at), started=started)
        prepare(drafted)
        store(known, drafted.chosen, drafted.answer, drafted.recalled)
    return tallies.catch_up(tenant, now=until, explained=DECISIONS)


def _instants(random: Random, until: datetime) -> list[datetime]:
    """Instants of the last days, weekends quieter than the rest, all of them long enough ago to be counted."""
    found: list[datetime] = []
    while len(found) < DECISIONS:
        day = until - timedelta(days=random.randrange(DAYS))
        at = day.replace(hour=random.randrange(*HOURS), minute=random.randrange(60), second=random.randrange(60))
        if at < until - tallies.SETTLED and (at.weekday() < 5 or random.random() < 0.4):
            found.append(clock.cut(at))
    return sorted(found)
