"""Rules that read a clock: in a zone of their own, in the customer's, or in the tenant's."""

from dataclasses import dataclass

from policies.options import Flag, Zone
from policies.rule import Rule, option
from policies.windows import Clock


@dataclass(frozen=True, kw_only=True)
class Zoned(Rule):
    """A rule that depends on what time it is somewhere."""

    timezone: str | None = option(
        "timezone", Zone(), label="Time zone", help="Whose clock is read; the tenant's if left out."
    )
    use_customer_timezone: bool = option(
        "useCustomerTimezone",
        Flag(),
        label="Use the customer's time zone",
        help="Prefers the customer's own time zone where it is known.",
        default=False,
    )

    @property
    def clock(self) -> Clock:
        return Clock(self.timezone, self.use_customer_timezone)
