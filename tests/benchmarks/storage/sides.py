"""The sides: each is asked for a customer's allowed offers, once it has stored what happened.

Each answers in its own form: the engine with a mask of the offers' numbers, the rivals with the numbers themselves.
"""

from collections.abc import Callable
from datetime import timedelta
from time import time
from typing import Any

import redis
from django.db import connection
from limits import RateLimitItemPerDay, RateLimitItemPerHour
from limits.storage import RedisStorage
from limits.strategies import MovingWindowRateLimiter

from decisioning.deciding.histories import decoded, recall
from decisioning.deciding.lookup import Caller, inform
from decisioning.engine.candidates import positions
from decisioning.engine.evaluate import decide
from decisioning.in_force.loading import load_configuration
from decisioning.models import ContactLedger, Interaction
from decisioning.models.outcomes import IMPRESSION
from kaireon import clock
from kaireon.access import digest_of
from kaireon.database.statements import dialect, fetch
from tests.benchmarks.storage.world import OFFERS, World

Side = Callable[[str], Any]
DAY = 24 * 3600
MOST_PER_DAY, MOST_PER_WEEK = 3, 10


def whole_read(world: World) -> Side:
    """Ours as a decision begins: who asks, which version is in force, the customer, the ledger; then the caps."""
    caller = Caller(digest=digest_of(world.key))

    def allowed(customer: str) -> int:
        known, configuration = inform(caller, customer)
        stock = configuration.stock
        facts = recall(known, stock.snapshot).facts
        return decide(stock.snapshot, stock.program, facts, now=known.now).allowed

    return allowed


def ledger_alone(world: World) -> Side:
    """Ours as far as the rivals go: who asks and what is in force is known, the ledger is read, then the caps."""
    tenant, stock = world.tenant, load_configuration(world.tenant).stock
    sql = f"""SELECT records, holds, {dialect()["now_ms"]} FROM {ContactLedger._meta.db_table}
        WHERE tenant_id = %s AND customer_id = %s"""

    def allowed(customer: str) -> int:
        records, holds, now = fetch(sql, [tenant.pk, customer])[0]
        facts = decoded(tenant, records, holds=holds, now=now)
        return decide(stock.snapshot, stock.program, facts, now=now).allowed

    return allowed


def read(answer: Any) -> list[int]:
    """The numbers of the allowed offers; the wares of the stock lie in the order of the offers."""
    return positions(answer) if isinstance(answer, int) else sorted(answer)


def moving_window(world: World, address: str) -> Side:
    """The `limits` library; stored is what `hit` would have left of contacts that were all allowed."""
    storage = RedisStorage(address)
    limiter = MovingWindowRateLimiter(storage)
    items = [
        RateLimitItemPerHour(1, 24, namespace="pause"),
        RateLimitItemPerDay(MOST_PER_DAY, namespace="day"),
        RateLimitItemPerDay(MOST_PER_WEEK, 7, namespace="week"),
    ]
    client = redis.Redis.from_url(address)
    for customer, contacts in world.histories.items():
        for at, offer in contacts:
            for item in items:
                key = storage.prefixed_key(item.key_for(customer, str(offer)))
                client.lpush(key, at.timestamp())
                client.ltrim(key, 0, item.amount - 1)
    names = [str(offer) for offer in range(OFFERS)]

    def allowed(customer: str) -> set[int]:
        return {offer for offer, name in enumerate(names) if all(limiter.test(item, customer, name) for item in items)}

    return allowed


PLAIN_LUA = """
local now, allowed = tonumber(ARGV[1]), {}
for offer, key in ipairs(KEYS) do
    if redis.call('ZCOUNT', key, now - 86400, '+inf') < 3
        and redis.call('ZCOUNT', key, now - 604800, '+inf') < 10
        and redis.call('ZCOUNT', key, now - 86400, '+inf') < 1 then
        allowed[#allowed + 1] = offer - 1
    end
end
return allowed
"""
TUNED_LUA = """
local now, allowed = tonumber(ARGV[2]), {}
local call, prefix = redis.call, 'contacts:' .. ARGV[1] .. ':'
for offer = 0, 99 do
    local key = prefix .. offer
    local last = call('ZREVRANGE', key, 0, 0, 'WITHSCORES')[2]
    if not last or (tonumber(last) <= now - 86400 and call('ZCOUNT', key, now - 604800, '+inf') < 10) then
        allowed[#allowed + 1] = offer
    end
end
return allowed
"""


def lua(world: World, address: str, *, tuned: bool) -> Side:
    """One EVALSHA over a sorted set for each offer, whose members are contacts and whose scores are instants."""
    client = redis.Redis.from_url(address)
    for customer, contacts in world.histories.items():
        for number, (at, offer) in enumerate(contacts):
            client.zadd(f"contacts:{customer}:{offer}", {str(number): at.timestamp()})
    digest = client.script_load(TUNED_LUA if tuned else PLAIN_LUA)

    def plainly(customer: str) -> Any:
        keys = [f"contacts:{customer}:{offer}" for offer in range(OFFERS)]
        return client.evalsha(digest, OFFERS, *keys, time())

    return (lambda customer: client.evalsha(digest, 0, customer, time())) if tuned else plainly


def orm_counts(world: World) -> Side:
    """Three counts for every offer."""
    history = Interaction.objects.filter(tenant=world.tenant, outcome=IMPRESSION)

    def allowed(customer: str) -> list[int]:
        now, found = clock.now(), []
        for number, offer in enumerate(world.offers):
            contacts = history.filter(customer_id=customer, offer_key=offer)
            day = contacts.filter(at__gt=now - timedelta(days=1)).count()
            week = contacts.filter(at__gt=now - timedelta(days=7)).count()
            lately = contacts.filter(at__gt=now - timedelta(hours=24)).count()
            if day < MOST_PER_DAY and week < MOST_PER_WEEK and not lately:
                found.append(number)
        return found

    return allowed


def settle() -> None:
    """Leaves nothing to do for PostgreSQL's housekeeping while time is taken."""
    with connection.cursor() as cursor:
        cursor.execute("VACUUM (ANALYZE)")
