"""Creatives' content as templates, by version; an old version is found in its history."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Any

from creatives.models import Creative
from creatives.rendering import Template, compile_content

Versioned = tuple[int, int]  # a creative's key and its version


def templates(wanted: Iterable[Versioned]) -> dict[Versioned, Template]:
    """The templates of these versions: one query for those that are current, one more for each that is history."""
    missing = dict(wanted)
    found: dict[Versioned, Template] = {}
    columns = ("pk", "version", "content", "personalization", "template_type")
    for key, version, *content in Creative.everything.filter(pk__in=missing).values_list(*columns):
        if missing.get(key) == version:
            found[key, version] = compile_content(*content[:2], template_type=content[2])
    for key, version in missing.items():
        if (key, version) not in found:
            found[key, version] = _historic(key, version)
    return found


@lru_cache(maxsize=1000)
def _historic(key: int, version: int) -> Template:
    history: Any = Creative.history
    row = history.filter(id=key, version=version).order_by("history_id").first()
    return compile_content(row.content, row.personalization, template_type=row.template_type)


def sources_of(attributes: Mapping[str, Any], personalization: Mapping[str, Any], customer: Mapping[str, Any]) -> Any:
    """Where tokens take their values from."""
    return {"customer": customer, "attributes": attributes, "personalization": personalization}
