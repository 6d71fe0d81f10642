"""A large tenant. What is few is made by the verbs, what is many by the database itself."""

from dataclasses import dataclass
from typing import Any

from django.core.management.color import no_style
from django.db import connection

from creatives.models import Category, Channel, Creative, Offer
from decisioning.models.ledgers import NOTHING
from kaireon.access import create_tenant, operator
from kaireon.tenancy import Tenant
from kaireon.writing import writing
from policies.models import ContactPolicy

CHANNELS = ("email", "push", "sms", "web", "in_app", "direct_mail")
CATEGORIES = 50
PER_OFFER = 4  # creatives
PER_CUSTOMER = 20  # contacts
DAY = 86_400


@dataclass(frozen=True, kw_only=True)
class Size:
    """How many rows of each kind there are."""

    policies: int
    creatives: int
    interactions: int

    @property
    def offers(self) -> int:
        return max(self.creatives // PER_OFFER, 1)

    @property
    def customers(self) -> int:
        return max(self.interactions // PER_CUSTOMER, 1)


LIFECYCLE = "version, changed_in, created_at, updated_at, deleted_with"
NEW = "1, 1, {now}, {now}, ''"
OFFERS = f"""INSERT INTO creatives_offer (id, tenant_id, name, description, status, category_id, category_label,
        priority, business_value, mandatory, mandatory_reason, short_desc, tags, schedule, metadata, {LIFECYCLE})
    {{numbers}} SELECT n, {{tenant}}, 'Offer ' || n, '', 'active', {{category}} + n % {CATEGORIES},
        CASE n % 5 WHEN 0 THEN 'cards' ELSE 'loans' END, n % 101, 0, {{no}}, '', '', CAST('[]' AS {{json}}),
        CAST(CASE n % 3 WHEN 0 THEN '{{{{"startsAt": "2026-01-01T00:00:00.000Z"}}}}' ELSE '{{{{}}}}' END AS {{json}}),
        CAST('{{{{}}}}' AS {{json}}), {NEW} FROM numbers"""
CREATIVES = f"""INSERT INTO creatives_creative (id, tenant_id, name, description, status, offer_id, channel_id,
        template_type, content, personalization, constraints, weight, metrics, {LIFECYCLE})
    {{numbers}} SELECT n, {{tenant}}, 'Creative ' || n, '', 'active', 1 + (n - 1) / {PER_OFFER},
        {{channel}} + n % {len(CHANNELS)}, 'email_html', CAST('{{{{"subject": "Hello"}}}}' AS {{json}}),
        CAST('[]' AS {{json}}),
        CAST(CASE n % 20 WHEN 0 THEN '{{{{"cooldownHours": 24}}}}' ELSE '{{{{}}}}' END AS {{json}}),
        100, CAST('{{{{}}}}' AS {{json}}), {NEW} FROM numbers"""
POLICIES = f"""INSERT INTO policies_contactpolicy (id, tenant_id, name, description, status, rule_type, config,
        priority, {LIFECYCLE})
    {{numbers}} SELECT n, {{tenant}}, 'Policy ' || n, '', 'active',
        {{rule_types}}, CAST({{configs}} AS {{json}}), n % 101, {NEW} FROM numbers"""
SCOPES = """INSERT INTO policies_policyscope (tenant_id, policy_id, scope, target, each, position, created_at)
    {numbers} SELECT {tenant}, n, {scopes}, {targets}, {no}, 0, {now} FROM numbers"""
INTERACTIONS = f"""INSERT INTO decisioning_interaction (tenant_id, customer_id, at, outcome, offer_key, creative_key,
        channel_key, category_key, label, cost_micros, value_micros, recorded_at, void, direction)
    {{numbers}} SELECT {{tenant}}, 'customer ' || n * 7919 % {{customers}}, {{ago}},
        CASE n % 20 WHEN 0 THEN 'click' WHEN 1 THEN 'complaint' ELSE 'impression' END,
        1 + n * 31 % {{creatives}} / {PER_OFFER}, 1 + n * 31 % {{creatives}}, {{channel}} + n % {len(CHANNELS)},
        {{category}} + n % {CATEGORIES}, CASE n % 5 WHEN 0 THEN 'cards' ELSE 'loans' END, 0, 0, {{now}}, {{no}}, ''
    FROM numbers"""
# Ledgers as an import leaves them, so that history itself is read.
LEDGERS = """INSERT INTO decisioning_contactledger (tenant_id, customer_id, records, older, holds, recent_from,
        complete_from, revision)
    {numbers} SELECT {tenant}, 'customer ' || (n - 1), {nothing}, {nothing}, {nothing}, {never}, {never}, 0
    FROM numbers"""
CUSTOMERS = """INSERT INTO decisioning_customer (tenant_id, customer_id, attributes, timezone, version, created_at,
        updated_at)
    {numbers} SELECT {tenant}, 'customer ' || (n - 1), CAST('{{"name": "Ada"}}' AS {json}), '', 1, {now}, {now}
    FROM numbers"""
# Of a hundred policies 95 are about one offer or creative each: rule type, config, what they are assigned to.
NARROW = (
    ("frequency_cap", '{"maxPerDay": 1, "maxPerWeek": 3}', "offer"),
    ("cooldown", '{"cooldownHours": 24}', "offer"),
    ("outcome_based", '{"afterOutcome": ["complaint"], "suppressForDays": 30}', "offer"),
    ("cross_channel_cap", '{"maxTotal": 4, "periodType": "weekly"}', "offer"),
    ("frequency_cap", '{"maxPerMonth": 8}', "creative"),
)
WIDE = (
    ("frequency_cap", '{"maxPerWeek": 20}', "channel"),
    ("time_window", '{"startHour": 8, "endHour": 20}', "channel"),
    ("cooldown", '{"cooldownHours": 1}', "category"),
    ("offer_category_cap", '{"targetCategory": "cards", "maxTotal": 40, "periodType": "monthly"}', "category"),
    ("customer_total_cap", '{"maxTotal": 400, "periodType": "monthly"}', "global"),
    ("mutual_exclusion", '{"excludeOfferIds": ["off_none"]}', "offer"),
)
KINDS = [*NARROW * 19, *WIDE]


def fill(size: Size) -> Tenant:
    """Writes everything into an empty database."""
    tenant = create_tenant(key="large", name="Large")
    with writing(operator(tenant, "benchmark")) as unit:
        categories = [Category(name=f"Category {number}") for number in range(CATEGORIES)]
        channels = [Channel(name=name, channel_type=name, status="active") for name in CHANNELS]
        for row in (*categories, *channels):
            unit.create(row)
    first = {"category": categories[0].pk, "channel": channels[0].pk}
    words = spelling() | cases(size, **first) | first
    words |= {"tenant": tenant.pk, "customers": size.customers, "creatives": size.creatives}
    for statement, most in (
        (OFFERS, size.offers),
        (CREATIVES, size.creatives),
        (POLICIES, size.policies),
        (SCOPES, size.policies),
        (INTERACTIONS, size.interactions),
        (LEDGERS, size.customers),
        (CUSTOMERS, size.customers),
    ):
        numbers = NUMBERS.format(most)
        words |= {"numbers": numbers, "ago": ago(most)}
        run(statement.format(**words))
    for model in (Offer, Creative, ContactPolicy):
        for sql in connection.ops.sequence_reset_sql(no_style(), [model]):
            run(sql)
    run("ANALYZE")
    return tenant


NUMBERS = "WITH RECURSIVE numbers(n) AS (SELECT CAST(1 AS bigint) UNION ALL SELECT n + 1 FROM numbers WHERE n < {})"


def run(sql: str) -> None:
    """Carries out a statement."""
    with connection.cursor() as cursor:
        cursor.execute(sql)


def spelling() -> dict[str, Any]:
    """What the databases spell differently."""
    postgres = connection.vendor == "postgresql"
    return {
        "now": "now()" if postgres else "strftime('%Y-%m-%d %H:%M:%f', 'now')",
        "no": "false" if postgres else "0",
        "json": "jsonb" if postgres else "text",
        "nothing": "''::bytea" if postgres else "x''",
        "never": NOTHING,
    }


def ago(most: int) -> str:
    """When the n-th of so many contacts happened: the last one now, the first one 90 days ago."""
    seconds = f"(({most} - n) * {90 * DAY} / {most} + n * 48271 % 3000)"
    if connection.vendor == "postgresql":
        return f"now() - {seconds} * interval '1 second'"
    return f"strftime('%Y-%m-%d %H:%M:%f', 'now', '-' || {seconds} || ' seconds')"


def cases(size: Size, *, channel: int, category: int) -> dict[str, str]:
    """The kinds of policies, as what CASEs over their number say."""
    targets = {
        "global": "NULL",
        "offer": f"1 + n % {size.offers}",
        "creative": f"1 + n % {size.creatives}",
        "channel": f"{channel} + n / {len(KINDS)} % {len(CHANNELS)}",
        "category": f"{category} + n / {len(KINDS)} % {CATEGORIES}",
    }
    columns = {
        "rule_types": [f"'{rule_type}'" for rule_type, _, _ in KINDS],
        "configs": [f"'{config}'" for _, config, _ in KINDS],
        "scopes": [f"'{scope}'" for _, _, scope in KINDS],
        "targets": [targets[scope] for _, _, scope in KINDS],
    }
    return {
        name: f"CASE n % {len(KINDS)} {' '.join(f'WHEN {at} THEN {value}' for at, value in enumerate(values))} END"
        for name, values in columns.items()
    }
