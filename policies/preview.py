"""How a rule is previewed: the config a preview of it takes, and what that config tries on the past."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, ClassVar, Protocol, cast

from policies.options import Whole
from policies.rule import Rule, option
from policies.scope import IMPRESSION

LONGEST_LOOKBACK = 365


@dataclass(frozen=True, kw_only=True)
class Trial(Rule):
    """A rule as a preview tries it: its limits are held against what happened in the last `looked_back` days.

    Tried are the interactions that ended in `tried_outcome`. `counts_earlier` says whether what happened before the
    lookback counts in the limits' windows, as it would if the policy had come into force on that day. The names of the
    fields are such as no rule has.
    """

    counts_earlier: ClassVar[bool] = True

    looked_back: int = option(
        "periodDays",
        Whole(minimum=1, maximum=LONGEST_LOOKBACK),
        label="Lookback in days",
        help="How far back the policy is tried on what happened.",
        required=True,
    )
    tried_outcome: str = IMPRESSION


class Preview(Protocol):
    """How a rule wants to be previewed; `needs_days` says whether somebody has to choose how far to look back."""

    needs_days: bool

    def trial_of(self, rule: type[Rule]) -> type[Trial]:
        """The config a preview of the rule takes."""
        ...

    def asked(self, config: Mapping[str, Any], *, days: int) -> dict[str, Any]:
        """What to ask about a policy with this config; `days` is a lookback for rules that do not imply one."""
        ...


class OwnConfig:
    """The preview of a rule by its own config and a lookback."""

    needs_days = True

    def trial_of(self, rule: type[Rule]) -> type[Trial]:
        return _looking_back(cast(Any, rule))

    def asked(self, config: Mapping[str, Any], *, days: int) -> dict[str, Any]:
        return {**config, "periodDays": days}


@cache
def _looking_back(rule: type[Rule]) -> type[Trial]:
    """The rule with the option of a trial; what it declares and means stays its own."""
    kind = type(f"{rule.__name__}Trial", (Trial, rule), {"__doc__": rule.__doc__, "__module__": __name__})
    return cast(type[Trial], dataclass(frozen=True, kw_only=True)(kind))
