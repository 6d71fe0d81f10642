"""Creatives' content as templates, by version; an old version is found in its history."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from creatives.models import Creative
from creatives.rendering import Template, compile_content

MOST_KEPT = 10_000

Versioned = tuple[int, int]  # a creative's key and its version

# A version never changes, so what this process knows of it stays true.
_kept: dict[Versioned, Template] = {}


def forget_contents() -> None:
    """Drops what was kept; for tests, which give a creative's key to another creative."""
    _kept.clear()


def templates(wanted: Iterable[Versioned]) -> dict[Versioned, Template]:
    """The templates of these versions; of those not seen before, one query for the current and one for each old one."""
    found = {versioned: _kept.get(versioned) for versioned in wanted}
    missing = {key: version for (key, version), template in found.items() if template is None}
    if missing:
        if len(_kept) >= MOST_KEPT:
            _kept.clear()
        _kept.update(_read(missing))
    return {versioned: template or _kept[versioned] for versioned, template in found.items()}


def _read(versions: dict[int, int]) -> dict[Versioned, Template]:
    columns = ("pk", "version", "content", "personalization", "template_type")
    found = {
        (key, version): compile_content(*content[:2], template_type=content[2])
        for key, version, *content in Creative.everything.filter(pk__in=versions).values_list(*columns)
    }
    return {versioned: found.get(versioned) or _historic(*versioned) for versioned in versions.items()}


def _historic(key: int, version: int) -> Template:
    history: Any = Creative.history
    row = history.filter(id=key, version=version).order_by("history_id").first()
    return compile_content(row.content, row.personalization, template_type=row.template_type)
