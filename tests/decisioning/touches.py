"""A month of advertising for tests: the file, the catalogue it is imported into, and its import.

The month is a real one where the shared data set is at hand, and otherwise one generated in the same shape.
"""

from __future__ import annotations

import csv
import os
import random
from collections.abc import Iterable
from decimal import Decimal
from pathlib import Path
from typing import Any

from kaireon.tenancy import Tenant
from tests.conftest import Door
from tests.decisioning.brute_force import Thing, text_of
from tests.decisioning.importing import imported

CHANNELS = ["Facebook", "Instagram", "Online Display", "Online Video", "Paid Search"]
COSTS = {name: Decimal(cost) for name, cost in zip(CHANNELS, ["0.02", "0.013", "0.4", "1.25", "0"], strict=True)}
REAL = Path(os.environ.get("KAIREON_DATA", Path(__file__).parents[3] / "shared" / "data")) / "ad_touches.csv"
SOURCE = "real touches" if REAL.is_file() else "generated touches"
COLLECTIONS = {
    "category": "categories",
    "subcategory": "sub-categories",
    "channel": "channels",
    "offer": "offers",
    "creative": "creatives",
}


def at_hand(directory: Path) -> Path:
    """The real file, or one generated in the directory."""
    return REAL if REAL.is_file() else generated(directory / "touches.csv")


def generated(path: Path) -> Path:
    """A file of the real one's shape, the same every time."""
    rng = random.Random(2018)
    with path.open("w", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow(["customer_id", "time", "interaction", "conversion", "conversion_value", "channel"])
        for customer in range(1000):
            times = rng.sample(range(1_530_450_000, 1_533_080_000), rng.randint(1, 20))
            for at in times:
                won = at == max(times) and rng.random() < 0.3
                kind, value = ("conversion", rng.randint(5, 90) / 10) if won else ("impression", 0)
                when = (text_of(at * 1000) or "").replace(".000", "")
                writer.writerow([f"A{customer:06}", when, kind, int(won), value, rng.choice(CHANNELS)])
    return path


class World:
    """A catalogue made through the API: a creative for every thing, and whatever else the things name."""

    def __init__(self, admin: Door, things: Iterable[Thing], *, mandatory: str | None = None) -> None:
        self.admin = admin
        self.ids: dict[tuple[str, str | None], str] = {}
        self.candidates = {thing.creative: thing for thing in things}
        self.mandatory = mandatory
        for thing in self.candidates.values():
            self._make_once("category", thing.category)
            self._make_once("subcategory", thing.subcategory, categoryId=self.ids.get(("category", thing.category)))
            self._make_once("channel", thing.channel, costPerContact=float(COSTS[thing.channel]))
            self._make_once("offer", thing.offer, **self._offer(thing))
            offer, channel = self.ids["offer", thing.offer], self.ids["channel", thing.channel]
            self._make_once("creative", thing.creative, offerId=offer, channelId=channel)

    def _offer(self, thing: Thing) -> dict[str, Any]:
        fields: dict[str, Any] = {"category": thing.label}
        if thing.category is not None:
            fields["categoryId"] = self.ids["category", thing.category]
        if thing.subcategory is not None:
            fields["subCategoryId"] = self.ids["subcategory", thing.subcategory]
        if thing.offer == self.mandatory:
            fields |= {"mandatory": True, "mandatoryReason": "law", "mandatoryExpiresAt": "2999-01-01T00:00:00Z"}
        return fields

    def _make_once(self, kind: str, name: str | None, **fields: Any) -> None:
        if name is not None and (kind, name) not in self.ids:
            self.ids[kind, name] = self.admin.make(COLLECTIONS[kind], name=name, status="active", **fields)["id"]

    def add_policy(self, policy: dict[str, Any], *, status: str) -> str:
        """Creates the policy, its names exchanged for ids."""
        scopes = [{**scope, "scopeId": self._id(scope["scope"], scope["scopeId"])} for scope in policy["scopes"]]
        config = dict(policy["config"])
        for key, kind in (("categoryId", "category"), ("subCategoryId", "subcategory")):
            if key in config:
                config[key] = self.ids[kind, config[key]]
        for key, kind in (("excludeOfferIds", "offer"), ("appliesAcross", "channel")):
            if key in config:
                config[key] = [self.ids[kind, name] for name in config[key]]
        made = self.admin.make("contact-policies", **policy | {"scopes": scopes, "config": config, "status": status})
        return str(made["id"])

    def _id(self, kind: str, name: str | None) -> str | None:
        return name if name in (None, "*") else self.ids[kind, name]


def import_touches(path: Path, tenant: Tenant, *, rejects: Path) -> str:
    """Imports the file by the command and answers its summary; every row is the creative named like its channel."""
    columns = "customerId=customer_id,timestamp=time,outcome=interaction,conversionValue=conversion_value"
    columns += ",channel=channel,creative=channel,campaignId=channel"
    return imported(path, into=tenant.key, columns=[columns], map_outcome=["conversion=convert"], rejects=rejects)


def shown(result: dict[str, Any]) -> Any:
    """An answer in the brute force's words."""
    reasons = [(reason["policyName"], reason["lifted"], reason["freeAt"]) for reason in result["reasons"]]
    return result["allowed"], result["freeAt"], sorted(reasons, key=str)
