"""Small random worlds with limits, and the best a response could show in each, found by trying everything.

A **selection** is a set of candidates of different offers, each with a slot of its own, at most as many as the limit.
It is **feasible** when there is an order in which each of them may be shown after those before it, and that order is
the one SPEC 4.4 admits in: rank order, mandatory offers first. Who may be shown is asked of the oracle, the second
reading of SPEC section 4, for whom those before were contacts a moment ago and drew on the budgets. For most limits any
order is as good as any other. It matters where a candidate counts in a limit that it is not under itself (an override,
a mandatory offer, a scope that narrows): what ranks first counts first.

The best selection shows the mandatory offer if any feasible one does, and then has the highest total score. Worlds have
no cooldowns, which do not start within a response, and no atomic channels.
"""

from itertools import combinations

from decisioning.engine.assignment import Place
from decisioning.engine.recommend import Terms, Wish, recommend
from decisioning.engine.stock import Stock, Ware
from tests.decisioning.engine import oracle
from tests.decisioning.engine.worlds import DAY, HOUR, candidates_of, facts_of, snapshot_of

NOW = 1_760_000_000_000
EVERYTHING = {"scope": "global", "target": None, "dead": False}
HALF_A_UNIT = 500_000
PLAIN = {
    "now": NOW,
    "tenant_zone": None,
    "customer_zone": None,
    "segments": set(),
    "selected": None,
    "constraints": [],
    "totals": {},
    "contacts": [],
    "holds": [],
}
DIMENSIONS = ("offer", "creative", "channel", "category", "sub_category")


def world(rng):
    """4 to 7 creatives on one or two channels, 2 or 3 placements of 1 or 2 slots, 1 to 4 policies, some contacts."""
    channels, offers = rng.randint(1, 2), rng.randint(3, 7)
    places = [Place(10 + n, rng.randint(1, channels), rng.randint(1, 2)) for n in range(rng.randint(2, 3))]
    mandatory = rng.choice([None, None, None, rng.randint(1, offers)])
    candidates = {}
    for creative in range(1, 1 + rng.randint(4, 7)):
        own = candidate(rng, creative, rng.randint(1, offers), places, mandatory)
        # The only creative of its offer in its place, so that none rotates.
        candidates.setdefault((own["offer"], own["channel"], own["placement"]), own)
    return PLAIN | {
        "policies": [policy(rng, n, offers) for n in range(rng.randint(1, 4))],
        "holds": [],
        "contacts": [contact(rng, offers, channels) for _ in range(rng.choice([0, 0, 1, 2]))],
        "candidates": list(candidates.values()),
        "priorities": [100 if own["mandatory_until"] else rng.randint(1, 100) for own in candidates.values()],
        "places": places,
        "limit": rng.choice([None, None, None, 1, 2, 3]),
    }


def candidate(rng, creative, offer, places, mandatory):
    channel = rng.choice(places).channel
    return {
        "creative": creative,
        "offer": offer,
        "channel": channel,
        "placement": rng.choice([None, None, *(place.placement for place in places if place.channel == channel)]),
        "category": 1 + offer % 2,
        "sub_category": None,
        "label": "cards" if offer % 3 else None,
        "cost": HALF_A_UNIT * (creative % 4),
        "mandatory_until": NOW + HOUR if offer == mandatory else None,
    }


def policy(rng, n, offers):
    few, period = rng.randint(1, 3), rng.choice(["daily", "weekly", "monthly"])
    group = [f"off_{offer}" for offer in rng.sample(range(1, offers + 1), rng.randint(2, 3))]
    configs = {
        "frequency_cap": {"maxPerWeek": few},
        "mutual_exclusion": {"excludeOfferIds": group, "lookbackDays": 7},
        "customer_total_cap": {"maxTotal": few + 1, "periodType": period},
        "budget_exhausted": {"budgetField": rng.choice(["impressions", "spend"]), "threshold": few},
        "cross_channel_cap": {"maxTotal": few, "periodType": period},
        "offer_category_cap": {"targetCategory": "cards", "maxTotal": few, "periodType": period},
        "category_suppression": {"categoryId": f"cat_{rng.randint(1, 2)}", "suppressionDays": 7},
        "allow_override": {},
    }
    often = ["frequency_cap", "frequency_cap", "mutual_exclusion", "mutual_exclusion", "budget_exhausted"]
    kind = rng.choice([*configs, *often])
    kinds = ["offer"] if kind == "allow_override" else ["channel", "channel", "category", "offer"]
    targets = [1, 2] if kind == "mutual_exclusion" else ["*", 1, 2]
    narrow = {"scope": rng.choice(kinds), "target": rng.choice(targets), "dead": False}
    scope = narrow if kind == "allow_override" or rng.random() < 0.4 else EVERYTHING
    return {"id": f"cp_{n}", "type": kind, "config": configs[kind], "scopes": [scope], "priority": 0, "created": n}


def contact(rng, offers, channels):
    offer = rng.randint(1, offers)
    return {
        "at": NOW - rng.choice([HOUR, 2 * DAY, 10 * DAY]),
        "outcome": "impression",
        "offer": offer,
        "creative": 99,
        "channel": rng.randint(1, channels),
        "category": 1 + offer % 2,
        "sub_category": None,
        "label": "cards" if offer % 3 else "",
        "campaign": None,
    }


def recommended(world, method="optimal"):
    """What the engine shows."""
    wares = [
        Ware(candidate=one, offer_id=f"off_{one.offer}", channel_type="web", priority=priority, age=one.offer)
        for one, priority in zip(candidates_of(world), world["priorities"], strict=True)
    ]
    stock = Stock(snapshot_of(world), wares, tenant=1)
    wish = Wish(customer="anybody", places=tuple(world["places"]), limit=world["limit"])
    terms = Terms(inventory=stock.everything, allocate=method)
    return recommend(stock, facts_of(world), wish, terms, now=NOW).placed


def worth(world, positions):
    """How many mandatory offers a selection shows, and its total score."""
    shown = [world["candidates"][n] for n in positions]
    return sum(one["mandatory_until"] is not None for one in shown), sum(
        world["priorities"][n] for n in positions
    ) / 100


def best(world):
    """The feasible selection that is worth most, in rank order."""
    by_worth = sorted(selections(world), key=lambda chosen: worth(world, chosen), reverse=True)
    return next((chosen for chosen in by_worth if seated(world, chosen) and feasible(world, chosen)), ())


def selections(world):
    """All sets of candidates of different offers that are not too many, each in rank order."""
    candidates, priorities = world["candidates"], world["priorities"]

    def rank(n):
        return candidates[n]["mandatory_until"] is None, -priorities[n], candidates[n]["offer"], n

    room = min(sum(place.slots for place in world["places"]), world["limit"] or len(candidates))
    for size in range(room + 1):
        for chosen in combinations(sorted(range(len(candidates)), key=rank), size):
            if len({candidates[n]["offer"] for n in chosen}) == size:
                yield chosen


def seated(world, chosen, taken=()):
    """Whether each finds a slot besides those of the places taken."""
    if not chosen:
        return True
    first, *others = chosen
    own = world["candidates"][first]
    return any(
        taken.count(n) < place.slots and seated(world, others, (*taken, n))
        for n, place in enumerate(world["places"])
        if own["channel"] == place.channel and own["placement"] in (None, place.placement)
    )


def feasible(world, in_order):
    """Whether each may be shown after those before it."""
    world = world | {"contacts": list(world["contacts"]), "totals": dict(world["totals"])}
    for position in in_order:
        candidate = world["candidates"][position]
        if not oracle.allowed(world, candidate, NOW):
            return False
        show(world, candidate)
    return True


def show(world, candidate):
    """The world after a candidate was shown."""
    seen = {dimension: candidate[dimension] for dimension in DIMENSIONS}
    label = candidate["label"] or ""
    world["contacts"].append(seen | {"at": NOW, "outcome": "impression", "label": label, "campaign": None})
    for field, amount in (("impressions", 1), ("spend", candidate["cost"])):
        for key in [(field, None, None), *((field, dimension, seen[dimension]) for dimension in DIMENSIONS)]:
            spent, reserved = world["totals"].get(key, (0, 0))
            world["totals"][key] = spent, reserved + amount
