"""What the rival reads for every request, through the ORM, and makes candidates, limits and facts of."""

from collections.abc import Iterable
from datetime import UTC, datetime

from django.db.models import Prefetch, Sum

from creatives.models import Category, Channel, Creative, Offer, SubCategory
from decisioning.engine.candidates import Candidate
from decisioning.engine.facts import Contact, Facts
from decisioning.engine.snapshot import Policy, Snapshot, compile_policies
from decisioning.models import BudgetTotal, Customer, DecisionFlow, Interaction, SegmentMember
from kaireon import clock
from kaireon.audit import ConfigurationHead
from kaireon.lifecycle import Status
from kaireon.tenancy import Tenant
from policies.limits import Spend, Total
from policies.models import ContactPolicy

COLUMNS = (
    *("name", "placement", "template_type", "ab_test_variant"),
    *("offer__name", "offer__priority", "offer__category_label", "offer__sub_category", "offer__category__name"),
    *("channel__name", "channel__cost_per_contact"),
)
REFERENCED = {"offer": Offer, "channel": Channel, "category": Category, "sub_category": SubCategory}


def on_sale(tenant: Tenant) -> list[tuple[Creative, Candidate]]:
    """The active creatives of active offers on active channels, in one query of no more columns than it takes."""
    active = {f"{of}status": Status.ACTIVE for of in ("", "offer__", "channel__")}
    live = {f"{of}deleted_at": None for of in ("offer__", "channel__", "placement__")}
    rows = Creative.objects.of(tenant).filter(**active, **live)
    return [(row, candidate_of(row)) for row in rows.select_related("offer__category", "channel").only(*COLUMNS)]


def candidate_of(creative: Creative) -> Candidate:
    """The creative with everything a policy may ask about it."""
    offer, channel = creative.offer, creative.channel
    return Candidate(
        creative=creative.pk,
        offer=offer.pk,
        channel=channel.pk,
        placement=creative.placement_id,
        category=offer.category_id,
        sub_category=offer.sub_category_id,
        label=offer.category_label,
        cost=int(channel.cost_per_contact * 1_000_000),
    )


def snapshot_of(tenant: Tenant) -> Snapshot:
    """The active policies, under the version in force."""
    version = ConfigurationHead.objects.get(tenant=tenant).version
    rows = ContactPolicy.objects.of(tenant).filter(status=Status.ACTIVE).prefetch_related("assignments")
    policies = [
        Policy(
            public_id=row.public_id,
            name=row.name,
            version=row.version,
            rule_type=row.rule_type,
            config=row.config,
            assignments=tuple(assignment.compiled() for assignment in row.ordered_assignments()),
            priority=row.priority,
            created_at=clock.milliseconds(row.created_at),
            key=row.pk,
        )
        for row in rows
    ]
    limits = compile_policies(policies, lambda kind, public_id: REFERENCED[kind].id_kind.decode(public_id) or 0)
    return Snapshot(version=version, limits=limits, tenant_timezone=tenant.timezone)


def flow_version(tenant: Tenant) -> int:
    """The published version of the default flow."""
    flow = DecisionFlow.objects.of(tenant).prefetch_related("versions").get(is_default=True)
    return flow.published()[0].version


def customer_of(tenant: Tenant, customer_id: str) -> Customer:
    """The customer with their segments; one nobody stored is made up."""
    memberships = Prefetch("memberships", SegmentMember.objects.select_related("segment"))
    rows = Customer.objects.of(tenant).filter(customer_id=customer_id)
    found = rows.prefetch_related(memberships).first() or Customer(customer_id=customer_id)
    found.tenant = tenant
    return found


def facts_of(customer: Customer, snapshot: Snapshot, now: int) -> Facts:
    """The customer's segments, their history as far back as some limit looks, and the totals the budgets ask for."""
    zone = customer.timezone or None
    since = datetime.fromtimestamp(snapshot.horizon(now, zone) / 1000, UTC)
    history = Interaction.objects.of(customer.tenant).filter(customer_id=customer.customer_id, at__gte=since)
    members = [each.segment for each in customer.memberships.all()] if customer.pk else []
    return Facts.of(
        [contact_of(row) for row in history.order_by("-at", "-pk")],
        segments=frozenset(segment.name for segment in members if segment.status == Status.ACTIVE),
        timezone=zone,
        totals=totals(customer.tenant, [placed.limit.test for placed in snapshot.limits]),
    )


def contact_of(row: Interaction) -> Contact:
    """An interaction as the evaluator reads it."""
    return Contact(
        at=clock.milliseconds(row.at),
        outcome=row.outcome,
        offer=row.offer_key,
        creative=row.creative_key,
        channel=row.channel_key,
        placement=row.placement_key,
        category=row.category_key,
        sub_category=row.sub_category_key,
        label=row.label,
        campaign=row.campaign_id,
    )


def totals(tenant: Tenant, tests: Iterable[object]) -> dict[tuple[str, str, int], Total]:
    """What the budgets of single rows were spent on, out of the totals that are kept."""
    budgets = [test for test in tests if isinstance(test, Spend)]
    dimensions, keys = {test.dimension for test in budgets}, {test.target for test in budgets}
    rows = BudgetTotal.objects.of(tenant).filter(dimension__in=dimensions, key__in=keys)
    sums = rows.values_list("dimension", "key").annotate(Sum("impressions"), Sum("micros"))
    found = {}
    for dimension, key, impressions, micros in sums:
        found["impressions", dimension, key] = Total(spent=impressions)
        found["spend", dimension, key] = Total(spent=micros)
    return found
