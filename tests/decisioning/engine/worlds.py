"""Random worlds as plain dicts, dense in window edges and daylight-saving changes, and their form for the engine."""

from datetime import UTC, datetime

from hypothesis import strategies as st

from decisioning.engine.candidates import Candidate
from decisioning.engine.facts import Contact, Facts, Hold
from decisioning.engine.snapshot import Policy, Snapshot, compile_constraints, compile_policies
from policies.limits import Total
from policies.scope import Assignment

HOUR = 3_600_000
DAY = 24 * HOUR

ZONES = [
    "Europe/Berlin",
    "America/New_York",
    "America/Havana",  # goes back over its own midnight hour
    "America/Santiago",  # jumps over midnight
    "Africa/Cairo",
    "Antarctica/Troll",  # changes by two hours
    "Australia/Lord_Howe",  # changes by half an hour
    "Asia/Kolkata",
]
# Instants at which some zone above changes its clocks, and one ordinary day.
TURNS = [
    int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp()) * 1000
    for text in (
        "2024-03-31T01:00", "2024-10-27T01:00", "2024-03-10T07:00", "2024-11-03T06:00", "2024-03-10T05:00",
        "2024-11-03T05:00", "2024-04-25T22:00", "2024-10-31T21:00", "2024-04-06T15:00", "2024-10-05T15:30",
        "2024-04-07T03:00", "2024-09-08T04:00", "2024-06-12T12:00",
    )
]  # fmt: skip

jitter = st.sampled_from([-1, 0, 0, 0, 1])
key = st.integers(1, 3)
perhaps = st.one_of(st.none(), st.integers(1, 2))
few = st.integers(0, 3)
zone = st.sampled_from(ZONES)
aligned = {
    "windowType": st.sampled_from(["rolling", "calendar"]),
    "timezone": zone,
    "useCustomerTimezone": st.booleans(),
}


def config(required, **optional):
    return st.fixed_dictionaries(required, optional={**optional, "bypassable": st.booleans()})


def ids(prefix):
    return st.lists(key.map(lambda n: f"{prefix}_{n}"), min_size=1, max_size=3)


period = st.sampled_from(["daily", "weekly", "monthly"])
ever = st.sampled_from(["daily", "weekly", "monthly", "alltime"])
amount = st.sampled_from([0, 0.5, 1, 2, 7])
rest = st.sampled_from([0.5, 1, 2, 7])
maxima = {"maxPerDay": few, "maxPerWeek": few, "maxPerMonth": few, "maxTotal": few}
campaigns = {
    "withinCampaignId": st.sampled_from(["spring", "autumn"]),
    "excludeCampaignIds": st.sampled_from([["autumn"], ["autumn", "spring"]]),
}
hours = {
    "startHour": st.integers(0, 23),
    "endHour": st.integers(0, 24),
    "daysOfWeek": st.lists(st.one_of(st.integers(0, 6), st.sampled_from(["Monday", "sunday"])), max_size=3),
}
CONFIGS = {
    "frequency_cap": config({}, **maxima, **campaigns, **aligned).filter(lambda c: c.keys() & maxima.keys()),
    "cooldown": config({"cooldownHours": st.sampled_from([0, 0.5, 1, 24, 48])}),
    "budget_exhausted": config(
        {"budgetField": st.sampled_from(["impressions", "spend"]), "threshold": st.sampled_from([0, 2, 2.5, 3])}
    ),
    "outcome_based": config(
        {
            "afterOutcome": st.sampled_from(["complaint", ["dismiss"], ["complaint", "dismiss"]]),
            "suppressForDays": amount,
        }
    ),
    "segment_exclusion": config({"excludeSegments": st.sampled_from([["vip"], ["vip", "minors"], ["others"]])}),
    "time_window": config({}, **hours, timezone=zone, useCustomerTimezone=st.booleans()).filter(
        lambda c: c.keys() & hours.keys() and c.get("startHour", -1) != (c.get("endHour", -2) or 24)
    ),
    "mutual_exclusion": config({"excludeOfferIds": ids("off")}, lookbackDays=amount),
    "cross_channel_cap": config({"maxTotal": few}, periodType=period, appliesAcross=ids("ch"), **aligned),
    "customer_total_cap": config({"maxTotal": st.sampled_from([0, 1, 1.5, 3])}, periodType=ever, **aligned),
    "offer_category_cap": config({"targetCategory": st.just("cards"), "maxTotal": few}, periodType=ever, **aligned),
    "allow_override": config({}),
    "category_suppression": st.one_of(
        config({"categoryId": st.just("cat_1"), "suppressionDays": rest}),
        config({"subCategoryId": st.just("sub_1"), "suppressionDays": rest}, categoryId=st.just("cat_2")),
    ),
}

scope = st.one_of(
    st.just({"scope": "global", "target": None, "dead": False}),
    st.fixed_dictionaries(
        {
            "scope": st.sampled_from(["offer", "creative", "channel", "category", "subcategory"]),
            "target": st.one_of(st.just("*"), st.integers(1, 2)),
            "dead": st.sampled_from([False] * 5 + [True]),
        }
    ),
)


dimension = st.sampled_from(["offer", "creative", "channel", "category", "sub_category"])
entity = st.one_of(st.just((None, None)), st.tuples(dimension, key))
spent = st.sampled_from([0, 1, 2, 1_999_999, 2_000_000])
reserved = st.sampled_from([0, 0, 1, 500_000])
budget = st.tuples(st.sampled_from(["impressions", "spend"]), entity, st.tuples(spent, reserved))

constraint = st.fixed_dictionaries(
    {"creative": key},
    optional={"frequencyCapPerDay": few, "cooldownHours": st.sampled_from([0, 0.5, 5, 24])},
)


@st.composite
def policy(draw, n):
    rule = draw(st.sampled_from(sorted(CONFIGS)))
    scopes = st.lists(scope, min_size=1, max_size=2, unique_by=lambda s: (s["scope"], s["target"]))
    if rule == "mutual_exclusion":
        scopes = scopes.filter(lambda given: all(s["target"] != "*" for s in given))
    written = draw(CONFIGS[rule])
    if draw(st.integers(0, 15)) == 0:
        written = {**written, "bypassable": "broken"}
    return {
        "id": f"cp_{n}",
        "type": rule,
        "config": written,
        "scopes": draw(scopes),
        "priority": draw(st.integers(0, 2)),
        "created": draw(st.integers(0, 2)),
    }


@st.composite
def contact(draw, now):
    back = draw(st.sampled_from([0, HOUR // 2, HOUR, 5 * HOUR, DAY, 2 * DAY, 7 * DAY, 30 * DAY, 31 * DAY]))
    outcome = draw(st.sampled_from(["impression"] * 4 + ["complaint", "dismiss"]))
    return {"at": now - back + draw(jitter), "outcome": outcome, **draw(traced())}


@st.composite
def hold(draw, now):
    ahead = draw(st.sampled_from([0, HOUR // 4, HOUR // 2, HOUR, 5 * HOUR, DAY, 2 * DAY, 8 * DAY]))
    return {"until": now + ahead + draw(jitter), **draw(traced())}


@st.composite
def traced(draw):
    """What contacts and holds have in common."""
    return {
        "offer": draw(st.one_of(st.none(), key)),
        "creative": draw(perhaps),
        "channel": draw(perhaps),
        "category": draw(perhaps),
        "sub_category": draw(perhaps),
        "label": draw(st.sampled_from([None, "", "cards", "loans"])),
        "campaign": draw(st.sampled_from([None, "spring", "autumn"])),
    }


@st.composite
def worlds(draw):
    quarter = HOUR // 4
    now = draw(st.sampled_from(TURNS)) + draw(st.integers(-96, 96)) * quarter + draw(jitter)
    candidate = st.fixed_dictionaries(
        {
            "creative": key,
            "offer": key,
            "channel": st.integers(1, 2),
            "category": perhaps,
            "sub_category": perhaps,
            "label": st.sampled_from([None, "cards"]),
            "cost": st.sampled_from([0, 500_000]),
            "mandatory_until": st.sampled_from([None, None, now, now + HOUR, now + 3 * DAY]),
        }
    )
    totals = {(field, *where): total for field, where, total in draw(st.lists(budget, max_size=6))}
    count = draw(st.integers(1, 5))
    return {
        "now": now,
        "tenant_zone": draw(st.one_of(st.none(), zone)),
        "customer_zone": draw(st.one_of(st.none(), st.just("Nowhere/Atall"), zone)),
        "segments": draw(st.sets(st.sampled_from(["vip", "minors"]))),
        "totals": totals,
        "policies": [draw(policy(n)) for n in range(count)],
        "constraints": draw(st.lists(constraint, max_size=2, unique_by=lambda own: own["creative"])),
        "selected": draw(st.one_of(st.none(), st.sets(st.integers(0, 4).map("cp_{}".format)))),
        "contacts": draw(st.lists(contact(now), max_size=8)),
        "holds": draw(st.lists(hold(now), max_size=3)),
        "candidates": draw(st.lists(candidate, min_size=1, max_size=3)),
    }


def snapshot_of(world):
    return Snapshot(
        version=1,
        tenant_timezone=world["tenant_zone"],
        limits=(
            *compile_policies([policy_of(p, n) for n, p in enumerate(world["policies"])], resolve),
            *(limit for own in world["constraints"] for limit in constraints_of(own)),
        ),
    )


def policy_of(raw, n):
    return Policy(
        public_id=raw["id"],
        name=f"Policy {n}",
        version=1,
        rule_type=raw["type"],
        config=raw["config"],
        assignments=tuple(assignment_of(scope) for scope in raw["scopes"]),
        priority=raw["priority"],
        created_at=raw["created"],
        key=n,
    )


def constraints_of(own):
    key = own["creative"]
    return compile_constraints(creative=key, public_id=f"id_{key}", name=f"Creative {key}", version=1, constraints=own)


def assignment_of(scope):
    target = scope["target"]
    if target in (None, "*"):
        return Assignment(scope["scope"], each=target == "*", dead=scope["dead"])
    return Assignment(scope["scope"], target, public_id=f"id_{target}", dead=scope["dead"])


def resolve(kind, public_id):
    return int(public_id.split("_")[1])


def facts_of(world):
    return Facts.of(
        contacts=[Contact(**contact) for contact in world["contacts"]],
        holds=[hold_of(hold) for hold in world["holds"]],
        segments=frozenset(world["segments"]),
        timezone=world["customer_zone"],
        totals={key: Total(*total) for key, total in world["totals"].items()},
    )


def hold_of(raw):
    traced = {name: value for name, value in raw.items() if name != "until"}
    return Hold(raw["until"], Contact(0, **traced)[1:])


def candidates_of(world):
    return [Candidate(**candidate) for candidate in world["candidates"]]
