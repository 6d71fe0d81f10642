"""What can be said about a creative's tokens and their mappings: where they stand, and what is suspicious."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from creatives.rendering import SOURCES, path_of, tokens_in
from creatives.template_types import TemplateType

Mappings = Sequence[Mapping[str, Any]]

STARTS = tuple(f"{source}." for source in SOURCES)


def token_warnings(content: Any, mappings: Mappings) -> list[str]:
    """What is legal but suspicious, as the API and the editor say it.

    Of two mappings of one token the later holds, so only that one is looked at for its fallback.
    """
    return [*_of_tokens(content, mappings), *_of_mappings(content, mappings)]


def places_of_tokens(content: Mapping[str, Any]) -> dict[str, list[str]]:
    """The keys of the content in which each token stands, tokens in the order of their first appearance."""
    places: dict[str, list[str]] = {}
    for key, value in content.items():
        for name in tokens_in(value):
            places.setdefault(name, []).append(key)
    return places


def places_said(content: Mapping[str, Any], template: TemplateType) -> dict[str, str]:
    """Where each token stands, in the words of the template type's fields: "in Subject, Body"."""
    labels = {field.key: field.label for field in template.fields}
    places = places_of_tokens(content)
    return {token: f"in {', '.join(labels.get(key, key) for key in keys)}" for token, keys in places.items()}


def example_values(mappings: Mappings) -> dict[str, Any]:
    """Sources in which every mapped path has a value made of its own name: `customer.first_name` is "First name"."""
    sources: dict[str, Any] = {name: {} for name in SOURCES}
    for mapping in mappings:
        if path := path_of(mapping.get("source")):
            _put(sources, path, path[-1].replace("_", " ").capitalize())
    return sources


def _put(place: dict[str, Any], path: Sequence[str], value: str) -> None:
    """Puts a value at the end of a path, unless something else lies in the way."""
    for step in path[:-1]:
        inner = place.setdefault(step, {})
        if not isinstance(inner, dict):
            return
        place = inner
    place.setdefault(path[-1], value)


def _of_tokens(content: Any, mappings: Mappings) -> Iterator[str]:
    mapped = {mapping["variable"]: mapping for mapping in mappings}
    tokens = tokens_in(content)
    for name in tokens:
        if name not in mapped:
            yield f"The token {{{name}}} has no mapping in personalization and will stay visible."
    for name in tokens:
        if name in mapped and mapped[name].get("fallback") is None:
            yield f"The token {{{name}}} has no fallback; nothing will show where its source has no value."


def _of_mappings(content: Any, mappings: Mappings) -> Iterator[str]:
    tokens, seen = set(tokens_in(content)), set()
    for mapping in mappings:
        name, source = mapping["variable"], mapping.get("source")
        if source and not source.startswith(STARTS):
            starts = ", ".join(STARTS)
            yield f"The source of {{{name}}} starts with none of {starts}; its fallback will show."
        if name in seen:
            yield f"The token {{{name}}} has several mappings; the last one holds."
        elif name not in tokens:
            yield f"The mapping of {{{name}}} is not used: the content has no such token."
        seen.add(name)
