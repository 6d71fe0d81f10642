"""The cross-channel cap: how often one offer reaches a customer, over all channels."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import ClassVar

from policies.limits import AtMost, Finding, whole
from policies.options import Choice, Number, Ref, TextList
from policies.preview import OwnConfig
from policies.rule import Explanation, Limit, option
from policies.scope import Assignment, Contacts, Namer, Subject, Voice
from policies.windowed import Windowed


@dataclass(frozen=True, kw_only=True)
class CrossChannelCap(Windowed):
    """Limits the contacts a customer gets about one offer, added up over all channels or the listed ones.

    Each offer has its own count; the policy's scope only says which candidates are held to it. Without a period all
    time counts. It holds for mandatory offers too.
    """

    slug: ClassVar[str] = "cross_channel_cap"
    label: ClassVar[str] = "Cross-channel cap"
    summary: ClassVar[str] = "At most so many contacts per offer over all channels."
    icon: ClassVar[str] = "hub"
    examples = (
        {"maxTotal": 3, "periodType": "weekly"},
        {"maxTotal": 1, "periodType": "daily", "appliesAcross": ["ch_email", "ch_push"]},
    )
    stands_for_mandatory: ClassVar[bool] = True
    preview: ClassVar = OwnConfig()

    maximum: float = option(
        "maxTotal",
        Number(minimum=0),
        label="At most",
        unit="contacts",
        help="Contacts allowed about one offer.",
        required=True,
    )
    period: str = option(
        "periodType",
        Choice(choices=("daily", "weekly", "monthly")),
        label="Period",
        help="How far back contacts count; all time if left out.",
        default="alltime",
    )
    channels: tuple[Ref, ...] = option(
        "appliesAcross",
        TextList(least=0, widget="channels", reference="channel"),
        label="Across channels",
        help="Counts contacts on these channels; on every channel if empty.",
        default=(),
    )

    def periods(self) -> set[str]:
        return {self.period}

    def limits_in(self, assignment: Assignment) -> Iterator[Limit]:
        # Channels that no longer exist stay in the list as key 0: dropping the last would count every channel.
        across = frozenset(ref.key for ref in self.channels)
        counted = Contacts(where=(("channel", across),) if across else (), shared="offer")
        test = AtMost(whole(self.maximum), counted, self.window(self.period))
        yield Limit(test, assignment.candidates(), assignment, partial(self._explain, test))

    def warnings(self, assignments: Sequence[Assignment] = ()) -> Iterator[str]:
        yield from super().warnings(assignments)
        if self.maximum == 0:
            yield "maxTotal is 0: it allows no contact at all"

    def sentence(self, name: Namer) -> str:
        channels = " and ".join(name("channel", ref.public_id) for ref in self.channels) or "all channels"
        return self.at_most(self.maximum, self.period, f"per offer over {channels}")

    def _explain(self, test: AtMost, finding: Finding, candidate: Subject, voice: Voice) -> Explanation:
        channels = ", ".join(voice.name("channel", ref.key) for ref in self.channels if ref.key) or "all channels"
        what = f"contacts for {voice.name('offer', candidate.offer)} over {channels}"
        return self.counted(test=test, period=self.period, what=what, maximum=self.maximum, finding=finding)
