"""A second, deliberately slow reading of SPEC section 4: candidate x policy x contact over raw configs.

It shares no code with the engine. Worlds are plain dicts (see `worlds.py`), times UTC milliseconds, and public ids end
in the integer key ("off_3" is offer 3).
"""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

HOUR_MS = 60 * 60 * 1000
DAY_MS = 24 * HOUR_MS
DAY_NAMES = ["sunday", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday"]
FIELD = {
    "offer": "offer",
    "creative": "creative",
    "channel": "channel",
    "category": "category",
    "subcategory": "sub_category",
}


def blocks(world, candidate, at):
    """Every block at an instant as (policy id, scope, scope id, number or None, lifted), sorted.

    The number is the one its evidence turns on: what was counted or used, how long ago, which segments, what time.
    """
    in_force = everything_in_force(world)
    override = any(
        policy["type"] == "allow_override" and readable(policy) and concerned(scope, candidate)
        for policy in in_force
        for scope in scopes_in_force(world, policy)
    )
    until = candidate["mandatory_until"]
    mandatory = until is not None and at < until
    found = []
    for policy in in_force:
        for scope, number in breaches(world, policy, candidate, at):
            if policy["config"].get("bypassable", True) is not True:
                lifted = False
            elif policy["type"] in ("frequency_cap", "cross_channel_cap"):
                lifted = override
            else:
                lifted = override or mandatory
            found.append((policy["id"], scope["scope"], wire_id(scope), number, lifted))
    return sorted(found, key=repr)


def allowed(world, candidate, at):
    return all(block[-1] for block in blocks(world, candidate, at))


def everything_in_force(world):
    """The policies, then what creatives say of themselves, which acts like policies scoped to them."""
    return world["policies"] + [
        {
            "id": f"id_{own['creative']}",
            "type": rule,
            "config": {option: own[key]},
            "scopes": [{"scope": "creative", "target": own["creative"], "dead": False}],
        }
        for own in world["constraints"]
        for key, rule, option in (
            ("frequencyCapPerDay", "frequency_cap", "maxPerDay"),
            ("cooldownHours", "cooldown", "cooldownHours"),
        )
        if key in own
    ]


def breaches(world, policy, candidate, at):
    scopes = scopes_in_force(world, policy)
    if not readable(policy):
        return [(scope, None) for scope in scopes if concerned(scope, candidate)]
    if policy["type"] == "mutual_exclusion":
        return mutual_exclusion(world, policy, scopes, candidate, at)
    return [
        (scope, number)
        for scope in scopes
        if concerned(scope, candidate)
        for number in RULES[policy["type"]](world, policy["config"], scope, candidate, at)
    ]


def scopes_in_force(world, policy):
    selected = world["selected"]
    if selected is None or policy["id"] in selected:
        return policy["scopes"]
    return [scope for scope in policy["scopes"] if scope["scope"] != "global"]


def readable(policy):
    # The worlds break a config in one way only.
    return "broken" not in policy["config"].values()


def wire_id(scope):
    return scope["target"] if scope["target"] in (None, "*") else f"id_{scope['target']}"


def concerned(scope, candidate):
    if scope["dead"]:
        return False
    if scope["scope"] == "global":
        return True
    own = candidate[FIELD[scope["scope"]]]
    return own is not None and scope["target"] in ("*", own)


def in_scope(scope, candidate, contact):
    if scope["scope"] == "global":
        return True
    own = contact[FIELD[scope["scope"]]]
    wanted = candidate[FIELD[scope["scope"]]] if scope["target"] == "*" else scope["target"]
    return own is not None and own == wanted


def past(world, at, outcomes=("impression",)):
    """What counts at an instant: recorded by the decision's, `world["now"]`, or held; looking ahead adds nothing."""
    recorded = [c for c in world["contacts"] if c["at"] <= world["now"] and c["at"] <= at]
    # A place that is held might be used at any moment up to its lapse, so it is always a contact of just now.
    held = [{**hold, "at": at, "outcome": "impression"} for hold in world["holds"] if at < hold["until"]]
    return [contact for contact in recorded + held if contact["outcome"] in outcomes]


def age(contacts, at, unit):
    """How long before `at` the latest of some contacts was, to two decimals."""
    return round((at - max(contact["at"] for contact in contacts)) / unit, 2)


def local(t, zone):
    return (datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=t)).astimezone(ZoneInfo(zone))


def zone_of(world, config):
    if config.get("useCustomerTimezone") and world["customer_zone"] not in (None, "Nowhere/Atall"):
        return world["customer_zone"]
    return config.get("timezone") or world["tenant_zone"] or "UTC"


def inside(world, config, period, t, now):
    if period == "alltime":
        return t <= now
    if config.get("windowType", "rolling") == "rolling":
        return now - {"daily": 1, "weekly": 7, "monthly": 30}[period] * DAY_MS < t <= now
    zone = zone_of(world, config)
    ours, theirs = local(now, zone).date(), local(t, zone).date()
    if period == "daily":
        return t <= now and ours == theirs
    if period == "weekly":
        return t <= now and ours.isocalendar()[:2] == theirs.isocalendar()[:2]
    return t <= now and (ours.year, ours.month) == (theirs.year, theirs.month)


def frequency_cap(world, config, scope, candidate, at):
    keys = {"maxPerDay": "daily", "maxPerWeek": "weekly", "maxPerMonth": "monthly", "maxTotal": "alltime"}
    for key, period in keys.items():
        if key in config:
            count = 0
            for contact in past(world, at):
                within = config.get("withinCampaignId")
                if within is not None and contact["campaign"] != within:
                    continue
                if contact["campaign"] in config.get("excludeCampaignIds", []):
                    continue
                if in_scope(scope, candidate, contact) and inside(world, config, period, contact["at"], at):
                    count += 1
            if count >= config[key]:
                yield count


def cooldown(world, config, scope, candidate, at):
    since = at - config["cooldownHours"] * HOUR_MS
    recent = [c for c in past(world, at) if c["at"] > since and in_scope(scope, candidate, c)]
    if recent:
        yield age(recent, at, HOUR_MS)


def budget_exhausted(world, config, scope, candidate, at):
    field = config["budgetField"]
    if scope["scope"] == "global":
        key = (field, None, None)
    else:
        dimension = FIELD[scope["scope"]]
        key = (field, dimension, candidate[dimension])
    total = sum(world["totals"].get(key, (0, 0)))
    step, unit = (candidate["cost"], 1_000_000) if field == "spend" else (1, 1)
    threshold = config["threshold"] * unit
    if total >= threshold or total + step > threshold:
        yield total / unit


def outcome_based(world, config, scope, candidate, at):
    outcomes = config["afterOutcome"]
    since = at - config["suppressForDays"] * DAY_MS
    recorded = past(world, at, [outcomes] if isinstance(outcomes, str) else outcomes)
    recent = [c for c in recorded if c["at"] > since and in_scope(scope, candidate, c)]
    if recent:
        yield age(recent, at, DAY_MS)


def segment_exclusion(world, config, scope, candidate, at):
    matched = [name for name in config["excludeSegments"] if name in world["segments"]]
    if matched:
        yield matched


def time_window(world, config, scope, candidate, at):
    now = local(at, zone_of(world, config))
    start, end = config.get("startHour", 0), config.get("endHour", 24) or 24
    days = [DAY_NAMES.index(day.lower()) if isinstance(day, str) else day for day in config.get("daysOfWeek", [])]
    days = days or list(range(7))
    today = (now.weekday() + 1) % 7
    yesterday = (today - 1) % 7
    if start < end:
        is_open = today in days and start <= now.hour < end
    else:
        is_open = (today in days and now.hour >= start) or (yesterday in days and now.hour < end)
    if not is_open:
        yield now.replace(tzinfo=None).isoformat(timespec="milliseconds")


def mutual_exclusion(world, policy, scopes, candidate, at):
    config = policy["config"]
    on_offers = [scope for scope in scopes if scope["scope"] == "offer"]
    group = {int(ref.split("_")[1]) for ref in config["excludeOfferIds"]} | {scope["target"] for scope in on_offers}
    if not scopes or candidate["offer"] not in group:
        return []
    since = at - config.get("lookbackDays", 30) * DAY_MS
    others = group - {candidate["offer"]}
    recent = [contact for contact in past(world, at) if contact["at"] > since and contact["offer"] in others]
    if not recent:
        return []
    days = age(recent, at, DAY_MS)
    if len(on_offers) < len(scopes):
        return [(scope, days) for scope in scopes if scope["scope"] != "offer" and concerned(scope, candidate)]
    own = [scope for scope in on_offers if scope["target"] == candidate["offer"]]
    return [((own or on_offers)[0], days)]


def cross_channel_cap(world, config, scope, candidate, at):
    channels = [int(ref.split("_")[1]) for ref in config.get("appliesAcross", [])]
    yield from capped(
        world, config, at, lambda c: c["offer"] == candidate["offer"] and (not channels or c["channel"] in channels)
    )


def customer_total_cap(world, config, scope, candidate, at):
    yield from capped(world, config, at, lambda contact: True)


def offer_category_cap(world, config, scope, candidate, at):
    def carries(contact):
        if contact["label"] is None:
            return contact["offer"] is not None
        return contact["label"] == config["targetCategory"]

    if candidate["label"] == config["targetCategory"]:
        yield from capped(world, config, at, carries)


def capped(world, config, at, counts):
    period = config.get("periodType", "alltime")
    count = sum(counts(c) and inside(world, config, period, c["at"], at) for c in past(world, at))
    if count >= config["maxTotal"]:
        yield count


def category_suppression(world, config, scope, candidate, at):
    def belongs(subject):
        wanted = {"category": config.get("categoryId"), "sub_category": config.get("subCategoryId")}
        return all(ref is None or subject[field] == int(ref.split("_")[1]) for field, ref in wanted.items())

    since = at - config["suppressionDays"] * DAY_MS
    recent = [contact for contact in past(world, at) if contact["at"] > since and belongs(contact)]
    if belongs(candidate) and recent:
        yield age(recent, at, DAY_MS)


def allow_override(world, config, scope, candidate, at):
    return []


RULES = {
    function.__name__: function
    for function in (
        frequency_cap,
        cooldown,
        budget_exhausted,
        outcome_based,
        segment_exclusion,
        time_window,
        cross_channel_cap,
        customer_total_cap,
        offer_category_cap,
        category_suppression,
        allow_override,
    )
}
