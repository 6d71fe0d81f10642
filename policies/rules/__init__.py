"""The registry of rule types, in documented order."""

from policies.rule import Rule
from policies.rules.allow_override import AllowOverride
from policies.rules.budget_exhausted import BudgetExhausted
from policies.rules.category_suppression import CategorySuppression
from policies.rules.cooldown import Cooldown
from policies.rules.cross_channel_cap import CrossChannelCap
from policies.rules.customer_total_cap import CustomerTotalCap
from policies.rules.frequency_cap import FrequencyCap
from policies.rules.mutual_exclusion import MutualExclusion
from policies.rules.offer_category_cap import OfferCategoryCap
from policies.rules.outcome_based import OutcomeBased
from policies.rules.segment_exclusion import SegmentExclusion
from policies.rules.time_window import TimeWindow

RULES: tuple[type[Rule], ...] = (
    FrequencyCap,
    Cooldown,
    BudgetExhausted,
    OutcomeBased,
    SegmentExclusion,
    TimeWindow,
    MutualExclusion,
    CrossChannelCap,
    CustomerTotalCap,
    OfferCategoryCap,
    AllowOverride,
    CategorySuppression,
)

_BY_SLUG = {rule.slug: rule for rule in RULES}


def rule_for(slug: str) -> type[Rule]:
    """The rule of a slug; raises `KeyError` for one that is not registered."""
    return _BY_SLUG[slug]


def slugs() -> tuple[str, ...]:
    return tuple(_BY_SLUG)
