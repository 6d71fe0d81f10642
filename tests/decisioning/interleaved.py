"""A world in which everything happens in any order, and what has to be true of it after every step."""

from __future__ import annotations

import json
from datetime import timedelta
from io import StringIO
from typing import Any

from django.core.management import call_command
from django.db import transaction
from django.db.models import F
from hypothesis import strategies as st

from decisioning.contacts import summaries
from decisioning.contacts.ledgers import faults, refill
from decisioning.models import Interaction, Reservation
from kaireon import clock
from kaireon.access import create_tenant
from tests.conftest import Door, door_for
from tests.decisioning.plain_counts import HOUR, Book, Contact, Line, Ware
from tests.decisioning.summing import expected_summaries, walked

CUSTOMERS = ("ada", "bob", "d/e f")
COMMANDS = ("expire_reservations", "rebuild_ledgers", "backfill_interaction_summaries")
SCOPES = [
    [{"scope": "global", "scopeId": None}],
    [{"scope": "channel", "scopeId": "*"}],
    [{"scope": "offer", "scopeId": "*"}],
    [{"scope": "offer", "scopeId": "Sale"}, {"scope": "channel", "scopeId": "Email"}],
]
RULES: dict[str, Any] = {
    "a day": lambda n: ("frequency_cap", {"maxPerDay": n}),
    "a week": lambda n: ("frequency_cap", {"maxPerWeek": n}),
    "a day and in all": lambda n: ("frequency_cap", {"maxPerDay": n, "maxTotal": n + 2}),
    "pause": lambda n: ("cooldown", {"cooldownHours": 6 * n}),
    "of everything": lambda n: ("customer_total_cap", {"maxTotal": n + 1, "periodType": "weekly"}),
    "on all channels": lambda n: ("cross_channel_cap", {"maxTotal": n, "periodType": "daily"}),
    "impressions": lambda n: ("budget_exhausted", {"budgetField": "impressions", "threshold": 2 * n}),
    "spend": lambda n: ("budget_exhausted", {"budgetField": "spend", "threshold": n}),
}

Step = tuple[Any, ...]
customers = st.sampled_from(CUSTOMERS)
numbers = st.integers(0, 30)
described = (st.sampled_from(sorted(RULES)), st.integers(0, 4), st.integers(0, len(SCOPES) - 1))
recommending = st.tuples(
    st.just("recommend"),
    customers,
    st.sampled_from([True, 60, None]),
    st.integers(1, 3),
    st.sampled_from([None, "Email", "Web"]),
)
reporting = st.tuples(
    st.just("report"),
    numbers,
    st.sampled_from(["impression", "expired", "not_presented", "click"]),
    st.sampled_from([None, None, 1, 30]),
    st.booleans(),
)
steps = st.one_of(
    *[recommending, reporting] * 4,
    st.tuples(st.just("report_creative"), customers, st.integers(0, 3), st.integers(1, 40)),
    st.tuples(st.just("time_passes"), st.sampled_from([1 / 3600, 1 / 4, 1, 11, 24, 80])),
    st.tuples(st.just("run"), st.sampled_from(COMMANDS)),
    st.tuples(st.just("make_policy"), *described),
    st.tuples(st.just("change_policy"), numbers, *described),
    st.tuples(st.just("switch_policy"), numbers, st.sampled_from(["paused", "active", "deleted"])),
)
stories = st.lists(steps, min_size=16, max_size=30)


class World:
    """A tenant of its own with three offers on two channels, one of which is implicit; and the book kept of it."""

    made = 0

    def __init__(self) -> None:
        World.made += 1
        self.tenant = create_tenant(key=f"world{World.made}", name="World")
        self.door: Door = door_for(self.tenant, "admin")
        self.book = Book()
        self.wares: dict[str, Ware] = {}
        self.ids: dict[str, str] = {}
        self.paused: dict[str, Any] = {}
        self.keys = 0
        for name, cost, mode in (("Email", 0.25, "explicit"), ("Web", 0.5, "implicit")):
            self._make("channels", name, impressionMode=mode, costPerContact=cost)
        for offer in ("Sale", "Club", "Voucher"):
            self._make("offers", offer)
        for offer, channel in (("Sale", "Email"), ("Sale", "Web"), ("Club", "Email"), ("Voucher", "Web")):
            name = f"{offer} by {channel}"
            made = self._make("creatives", name, offerId=self.ids[offer], channelId=self.ids[channel])
            cost = 0.25 if channel == "Email" else 0.5
            self.wares[made] = Ware(made, offer, channel, cost, implicit=channel == "Web")

    def live(self, story: list[Step]) -> None:
        """Carries out one step after the other; whatever is wrong, the book and the history are compared after each."""
        for verb, *how in story:
            getattr(self, verb)(*how)
            self.is_right()
        for customer in CUSTOMERS:
            self._summaries_are_right(customer)

    def is_right(self) -> None:
        """Everybody is allowed exactly what the book says, and the ledgers say what history says."""
        for customer in CUSTOMERS:
            status, answer = self.door("POST", "decisions/filter", {"customerId": customer})
            assert status == 200, answer
            now = _ms(answer["decidedAt"])
            said = {result["creativeId"]: result["allowed"] for result in answer["results"]}
            expected = {key: not self.book.blocks(customer, ware, now) for key, ware in self.wares.items()}
            assert said == expected, (customer, answer)
        assert list(faults(self.tenant, CUSTOMERS)) == []
        counted = Interaction.objects.of(self.tenant).filter(outcome="impression", void=False).count()
        assert counted == sum(not contact.void for contact in self.book.contacts)

    # --- the steps ----------------------------------------------------------------------------------------------------

    def recommend(self, customer: str, reserve: Any, limit: int, channel: str | None) -> None:
        body = {"customerId": customer, "reserve": reserve, "limit": limit}
        if channel is not None:
            body["channelId"] = self.ids[channel]
        status, answer = self.door("POST", "recommend", body)
        assert status == 200, answer
        now, shown = _ms(answer["meta"]["decidedAt"]), list[Ware]()
        for line in answer["decisions"]:
            ware = self.wares[line["creativeId"]]
            assert self.book.blocks(customer, ware, now, shown) == [], "beyond a limit"
            shown.append(ware)
        offers = {ware.offer for ware in shown}
        left_out = [
            ware for ware in self.wares.values() if ware.offer not in offers and channel in (None, ware.channel)
        ]
        if len(shown) < limit:
            assert all(self.book.blocks(customer, ware, now, shown) for ware in left_out), "a place is lost"
        for line, ware in zip(answer["decisions"], shown, strict=True):
            self._note(customer, answer["recommendationId"], line, ware, now)

    def report(self, number: int, outcome: str, hours_ago: float | None, twice: bool) -> None:
        if not self.book.lines:
            return
        latest = self.book.lines[-5:] if number % 3 else self.book.lines
        line = latest[number % len(latest)]
        body = {"customerId": line.customer, "recommendationId": line.recommendation, "rank": line.rank}
        self.keys += 1
        body |= {"outcome": outcome, "idempotencyKey": f"key {self.keys}"}
        if hours_ago is not None:
            body["timestamp"] = clock.text(clock.now() - timedelta(hours=hours_ago))
        status, answer = self.door("POST", "respond", body)
        assert status in (200, 201), answer
        assert self.book.told(line, outcome, _ms(answer["timestamp"])) == (status == 200), answer
        if twice:
            assert self.door("POST", "respond", body) == (200, answer | {"duplicate": True})

    def report_creative(self, customer: str, number: int, many: int) -> None:
        """Many contacts at once in the past, more than a ledger holds if it happens twice; and as many clicks."""
        ware = list(self.wares.values())[number]
        at = clock.now() - timedelta(hours=100)
        about = {"customerId": customer, "creativeId": ware.creative}
        outcomes = [
            {**about, "outcome": outcome, "timestamp": clock.text(at + timedelta(hours=hour))}
            for hour in range(many)
            for outcome in (("impression", "click") if hour % 10 == 0 else ("click",))
        ]
        status, answer = self.door("POST", "respond/bulk", {"outcomes": outcomes})
        assert (status, answer["failed"]) == (200, 0), answer
        for told in outcomes:
            if told["outcome"] == "impression":
                self.book.contacts.append(Contact(customer, ware, _ms(told["timestamp"])))

    def time_passes(self, hours: float) -> None:
        """Everything was that much longer ago, which is the same."""
        length = timedelta(milliseconds=round(hours * HOUR))
        with transaction.atomic():
            happened = Interaction.objects.of(self.tenant)
            happened.update(at=F("at") - length, recorded_at=F("recorded_at") - length)
            places = Reservation.objects.of(self.tenant)
            places.update(reserved_at=F("reserved_at") - length, expires_at=F("expires_at") - length)
            refill(self.tenant, CUSTOMERS)
            summaries.redo(self.tenant, CUSTOMERS)
        self.book.time_passes(round(hours * HOUR))

    def run(self, command: str) -> None:
        """One of the commands that run beside everything."""
        call_command(command, tenant=self.tenant.key, verbosity=0, stdout=StringIO())

    def make_policy(self, rule: str, number: int, scopes: int) -> None:
        body, booked = self._policy(rule, number, scopes)
        made = self.door.make("contact-policies", name=f"Policy {len(self.ids)}", status="active", **body)["id"]
        self.ids[f"Policy {len(self.ids)}"] = made
        self.book.policies[made] = booked

    def change_policy(self, which: int, rule: str, number: int, scopes: int) -> None:
        """Another limit, another window, another rule."""
        if known := sorted(self.book.policies):
            body, booked = self._policy(rule, number, scopes)
            self._patch(known[which % len(known)], **body)
            self.book.policies[known[which % len(known)]] = booked

    def switch_policy(self, which: int, status: str) -> None:
        here, there = (self.paused, self.book.policies) if status == "active" else (self.book.policies, self.paused)
        if not here:
            return
        policy = sorted(here)[which % len(here)]
        booked = here.pop(policy)
        if status == "deleted":
            assert self.door("DELETE", f"contact-policies/{policy}")[0] == 200
            return
        self._patch(policy, status=status)
        there[policy] = booked

    # --- what they are made of ----------------------------------------------------------------------------------------

    def _make(self, kind: str, name: str, **fields: Any) -> str:
        self.ids[name] = self.door.make(kind, name=name, status="active", **fields)["id"]
        return self.ids[name]

    def _patch(self, policy: str, **fields: Any) -> None:
        status, answer = self.door("PATCH", f"contact-policies/{policy}", fields)
        assert status == 200, answer

    def _policy(self, rule: str, number: int, scopes: int) -> tuple[dict[str, Any], Any]:
        """As the API takes it, and as it is booked."""
        slug, config = RULES[rule](number)
        named = [{**each, "scopeId": self.ids.get(each["scopeId"] or "", each["scopeId"])} for each in SCOPES[scopes]]
        return {"ruleType": slug, "config": config, "scopes": named}, (slug, config, SCOPES[scopes])

    def _note(self, customer: str, recommendation: str, said: Any, ware: Ware, now: int) -> None:
        line = Line(customer, recommendation, said["rank"], ware)
        if said["reservedUntil"] is not None:
            line.held_until = _ms(said["reservedUntil"])
        assert (said["interactionId"] is not None) == ware.implicit
        if ware.implicit:
            line.contact = Contact(customer, ware, now)
            self.book.contacts.append(line.contact)
        self.book.lines.append(line)

    def _summaries_are_right(self, customer: str) -> None:
        found, _ = walked(self.door, "interaction-summaries", customerId=customer.replace("/", "%2F"), limit=100)
        expected = expected_summaries(self.tenant, customer)
        assert sorted(map(_shown, found)) == sorted(map(_shown, expected))


def _ms(text: str) -> int:
    return clock.milliseconds(clock.parse(text))


def _shown(row: dict[str, Any]) -> str:
    return json.dumps(row, sort_keys=True)
