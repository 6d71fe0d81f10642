"""Configurations and decisions as bytes, and back, so that a decision can be made again after everything changed."""

from __future__ import annotations

import json
import zlib
from dataclasses import asdict
from datetime import datetime
from typing import Any

from decisioning.configuration import ChannelFacts, Configuration, Item, PlacementFacts, StoredPolicy
from decisioning.engine.assignment import Place
from decisioning.engine.candidates import Candidate
from decisioning.engine.facts import Contact, Facts
from decisioning.engine.recommend import Terms, Wish
from decisioning.engine.snapshot import Policy
from decisioning.recommendations import Chosen, choose
from kaireon import clock
from policies.limits import Total
from policies.scope import Assignment


def packed(value: Any) -> bytes:
    """Compressed JSON."""
    return zlib.compress(json.dumps(value, separators=(",", ":")).encode(), 6)


def unpacked(data: bytes) -> Any:
    """What was packed."""
    return json.loads(zlib.decompress(data))


def manifest_of(configuration: Configuration) -> bytes:
    """Everything of a configuration that decisions depend on."""
    return packed(
        {
            "tenant": configuration.tenant,
            "version": configuration.version,
            "timezone": configuration.timezone,
            "items": [_item(item) for item in configuration.items.values()],
            "channels": [[key, asdict(facts)] for key, facts in configuration.channels.items()],
            "placements": [[key, asdict(facts)] for key, facts in configuration.placements.items()],
            "policies": [
                {"policy": asdict(stored.policy), "active": stored.active, "warnings": stored.warnings}
                for stored in configuration.policies.values()
            ],
            "rows": [
                [kind, key, public_id, configuration.names[kind, key]]
                for (kind, key), public_id in configuration.public_ids.items()
            ],
        }
    )


def configuration_from(data: bytes) -> Configuration:
    """The configuration a manifest was made of; it decides the same."""
    stored = unpacked(data)
    rows = stored["rows"]
    return Configuration(
        tenant=stored["tenant"],
        version=stored["version"],
        timezone=stored["timezone"],
        items={item["candidate"]["creative"]: _item_from(item) for item in stored["items"]},
        channels={key: ChannelFacts(**facts) for key, facts in stored["channels"]},
        placements={key: PlacementFacts(**facts) for key, facts in stored["placements"]},
        policies={policy["policy"]["public_id"]: _policy_from(policy) for policy in stored["policies"]},
        names={(kind, key): name for kind, key, _, name in rows},
        public_ids={(kind, key): public_id for kind, key, public_id, _ in rows},
        keys={public_id: (kind, key) for kind, key, public_id, _ in rows},
    )


def _item(item: Item) -> dict[str, Any]:
    return asdict(item) | {
        "starts": item.starts and clock.text(item.starts),
        "ends": item.ends and clock.text(item.ends),
    }


def _item_from(stored: dict[str, Any]) -> Item:
    instants: dict[str, datetime | None] = {
        name: None if stored[name] is None else clock.parse(stored[name]) for name in ("starts", "ends")
    }
    own = {**stored, **instants, "candidate": Candidate(**stored["candidate"]), "amiss": tuple(stored["amiss"])}
    return Item(**own)


def _policy_from(stored: dict[str, Any]) -> StoredPolicy:
    assignments = tuple(Assignment(**assignment) for assignment in stored["policy"]["assignments"])
    policy = Policy(**{**stored["policy"], "assignments": assignments})
    return StoredPolicy(policy=policy, active=stored["active"], warnings=tuple(stored["warnings"]))


def inputs_of(chosen: Chosen) -> dict[str, Any]:
    """What a decision was made of besides the configuration."""
    facts, terms = chosen.facts, chosen.terms
    return {
        "decidedAt": clock.text(chosen.decided_at),
        "flowVersion": chosen.flow_version,
        "contacts": facts.contacts,
        "segments": sorted(facts.segments),
        "timezone": facts.timezone,
        "totals": [[*key, total.spent, total.reserved] for key, total in facts.totals.items()],
        "wish": asdict(chosen.wish)
        | {
            "excluded_offers": sorted(chosen.wish.excluded_offers),
            "excluded_creatives": sorted(chosen.wish.excluded_creatives),
        },
        "terms": asdict(terms) | {"inventory": hex(terms.inventory), "skipped": sorted(terms.skipped)},
    }


def replayed(configuration: Configuration, inputs: dict[str, Any]) -> Chosen:
    """The same decision made again."""
    facts = Facts.of(
        [Contact(*contact) for contact in inputs["contacts"]],
        segments=frozenset(inputs["segments"]),
        timezone=inputs["timezone"],
        totals={(field, dim, key): Total(spent, reserved) for field, dim, key, spent, reserved in inputs["totals"]},
    )
    wish, terms = inputs["wish"], inputs["terms"]
    return choose(
        configuration,
        facts,
        Wish(
            **{
                **wish,
                "places": tuple(Place(*place) for place in wish["places"]),
                "excluded_offers": frozenset(wish["excluded_offers"]),
                "excluded_creatives": frozenset(wish["excluded_creatives"]),
            }
        ),
        Terms(**{**terms, "inventory": int(terms["inventory"], 16), "skipped": frozenset(terms["skipped"])}),
        decided_at=clock.parse(inputs["decidedAt"]),
        flow_version=inputs["flowVersion"],
    )
