"""Configurations as bytes, and back, so that a decision can be made again after everything changed."""

from __future__ import annotations

import json
import zlib
from dataclasses import asdict
from datetime import datetime
from typing import Any

from decisioning.engine.candidates import Candidate
from decisioning.engine.snapshot import Policy
from decisioning.in_force.configuration import (
    ChannelFacts,
    Configuration,
    FlowFacts,
    Item,
    PlacementFacts,
    StoredPolicy,
)
from decisioning.in_force.naming import id_of
from kaireon import clock
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
            "flows": [asdict(flow) for flow in configuration.flows],
            "rows": [[kind, key, id_of(kind, key), name] for (kind, key), name in configuration.names.items()],
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
        flows=tuple(FlowFacts(**flow) for flow in stored["flows"]),
    )


def _item(item: Item) -> dict[str, Any]:
    return asdict(item) | {
        "public_id": item.public_id,
        "starts": item.starts and clock.text(item.starts),
        "ends": item.ends and clock.text(item.ends),
    }


def _item_from(stored: dict[str, Any]) -> Item:
    instants: dict[str, datetime | None] = {
        name: None if stored[name] is None else clock.parse(stored[name]) for name in ("starts", "ends")
    }
    own = {**stored, **instants, "candidate": Candidate(**stored["candidate"]), "amiss": tuple(stored["amiss"])}
    return Item(**{name: own[name] for name in own.keys() - {"public_id"}})


def _policy_from(stored: dict[str, Any]) -> StoredPolicy:
    assignments = tuple(Assignment(**assignment) for assignment in stored["policy"]["assignments"])
    policy = Policy(**{**stored["policy"], "assignments": assignments})
    return StoredPolicy(policy=policy, active=stored["active"], warnings=tuple(stored["warnings"]))
