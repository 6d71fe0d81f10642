"""The rules' part of the OpenAPI document: one config schema per rule type, told apart by `ruleType`."""

from __future__ import annotations

from typing import Any

from policies.rule import Rule
from policies.rules import RULES

Schema = dict[str, Any]


def describe_rules(result: Schema, **kwargs: Any) -> Schema:
    """A postprocessing hook: a policy is sent as one variant per rule type, each with that rule's config."""
    schemas: Schema = result["components"]["schemas"]
    sent = schemas.get("ContactPolicyRequest")
    if sent is None:
        return result
    for rule in RULES:
        schemas[_config(rule)] = in_openapi(rule.json_schema())
        schemas[_variant(rule)] = _sent_as(rule, sent)
    schemas["ContactPolicyRequest"] = {
        "oneOf": [_reference(_variant(rule)) for rule in RULES],
        "discriminator": {
            "propertyName": "ruleType",
            "mapping": {rule.slug: _reference(_variant(rule))["$ref"] for rule in RULES},
        },
    }
    schemas["PatchedContactPolicyRequest"]["properties"]["config"] = {
        "anyOf": [*(_reference(_config(rule)) for rule in RULES), {"type": "object"}]
    }
    # What is shown may be a draft that lacks keys, so it is described more loosely than what is sent.
    schemas["ContactPolicy"]["properties"]["config"] = {
        "type": "object",
        "additionalProperties": {},
        "description": "The rule's config; see the schemas " + ", ".join(_config(rule) for rule in RULES) + ".",
    }
    schemas["ContactPolicy"]["properties"] |= _shown_scopes(schemas["ContactPolicy"]["properties"])
    return result


def _shown_scopes(properties: Schema) -> Schema:
    """Both forms of the assignments as they are shown."""
    scope_id = {"type": "string", "nullable": True}
    text = {"type": "string"}
    row = {"id": text, "contactPolicyId": text, "scope": properties["scope"], "scopeId": scope_id, "createdAt": text}
    return {
        "scopeId": scope_id,
        "scopes": {"type": "array", "items": {"type": "object", "properties": row, "required": list(row)}},
    }


def in_openapi(schema: Any) -> Any:
    """A JSON schema in the words of OpenAPI 3.0."""
    if isinstance(schema, list):
        return [in_openapi(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    said = {key: in_openapi(value) for key, value in schema.items() if key not in {"examples", "exclusiveMinimum"}}
    if "examples" in schema:
        said["example"] = schema["examples"][0]
    if "exclusiveMinimum" in schema:
        said |= {"minimum": schema["exclusiveMinimum"], "exclusiveMinimum": True}
    return said


def _sent_as(rule: type[Rule], sent: Schema) -> Schema:
    own = {"ruleType": {"type": "string", "enum": [rule.slug]}, "config": _reference(_config(rule))}
    required = {*sent.get("required", []), "ruleType"}
    if rule.json_schema().get("required") or rule.at_least_one:
        required.add("config")
    return {
        "type": "object",
        "description": rule.summary,
        "properties": {**sent["properties"], **own},
        "required": sorted(required),
    }


def _config(rule: type[Rule]) -> str:
    return f"{rule.__name__}Config"


def _variant(rule: type[Rule]) -> str:
    return f"{rule.__name__}Policy"


def _reference(component: str) -> Schema:
    return {"$ref": f"#/components/schemas/{component}"}
