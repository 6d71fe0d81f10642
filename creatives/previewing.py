"""What the editor shows beside the form: the content as a customer would get it, from values that may be unsaved."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from creatives.models import Creative
from creatives.rendering import SOURCES, render, shown
from creatives.samples import attributes_of
from creatives.sms import Messages, messages_of
from creatives.template_types import TemplateType, template_type_of
from creatives.tokens import Mappings, example_values, token_warnings
from creatives.variants import Place
from kaireon.tenancy import Tenant

EXAMPLE, FALLBACKS, CUSTOMER = "example", "fallbacks", "customer"


@dataclass(frozen=True, kw_only=True)
class Draft:
    """A creative as the form says it at the moment, valid or not; `place` is None until there are offer and channel."""

    key: int | None
    name: str
    template_type: str
    content: Mapping[str, Any]
    personalization: Mappings
    weight: int
    place: Place | None = None
    faults: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Sample:
    """For whom a preview is: the kind of sample, the customer's id where it is one, and the values of the sources."""

    kind: str
    customer_id: str
    sources: Mapping[str, Any]
    note: str = ""


@dataclass(frozen=True, kw_only=True)
class Preview:
    """Rendered content with what its frame needs.

    `outside` are texts beside the content, `values` the strings of keys that have fields, `rest` what has none.
    """

    template: TemplateType
    content: Any
    outside: list[tuple[str, str]]
    values: dict[str, str]
    rest: str
    messages: Messages | None
    warnings: list[str]


def draft_of(row: Creative) -> Draft:
    """A creative as it is stored."""
    return Draft(
        key=row.pk,
        name=row.name,
        template_type=row.template_type,
        content=row.content,
        personalization=row.personalization,
        weight=row.weight,
        place=Place(offer=row.offer_id, channel=row.channel_id, placement=row.placement_id),
    )


def sample_for(tenant: Tenant, mappings: Mappings, *, kind: str, customer_id: str) -> Sample:
    """The values for a preview: of a stored customer, of nobody, or made up."""
    if kind == CUSTOMER and customer_id:
        attributes = attributes_of(tenant, customer_id)
        if attributes is None:
            note = f"There is no customer “{customer_id}”; the fallbacks are shown."
            return Sample(kind=kind, customer_id=customer_id, sources={}, note=note)
        note = "Only customer.* is known here; the other sources come with each request, so their fallbacks are shown."
        asked = any(not (mapping.get("source") or "customer.").startswith("customer.") for mapping in mappings)
        return Sample(kind=kind, customer_id=customer_id, sources={"customer": attributes}, note=note if asked else "")
    if kind == FALLBACKS:
        return Sample(kind=kind, customer_id=customer_id, sources={name: {} for name in SOURCES})
    note = "Choose a customer; until then example values are shown." if kind == CUSTOMER else ""
    kind = kind if kind == CUSTOMER else EXAMPLE
    return Sample(kind=kind, customer_id=customer_id, sources=example_values(mappings), note=note)


def preview_of(draft: Draft, sources: Mapping[str, Any]) -> Preview:
    """The draft rendered by the code that renders decisions."""
    template = template_type_of(draft.template_type)
    content = render(draft.content, draft.personalization, sources, template_type=draft.template_type)
    known = {field.key: field for field in template.fields}
    values = {key: shown(content.get(key)) for key in known}
    rest = {key: value for key, value in content.items() if key not in known}
    return Preview(
        template=template,
        content=content,
        outside=[(field.label, values[key]) for key, field in known.items() if field.outside],
        values=values,
        rest=json.dumps(rest, indent=2, ensure_ascii=False) if rest else "",
        messages=messages_of(values[template.counted]) if template.counted else None,
        warnings=[*draft.faults, *token_warnings(draft.content, draft.personalization)],
    )
