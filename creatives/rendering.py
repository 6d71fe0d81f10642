"""Tokens in a creative's content: `{name}` is filled, `{{name}}` prints `{name}`, every other brace is text.

What a value becomes depends on where it lands, told by the name of the field (the nearest one that says something) and
the creative's template type:

- in an address (`url`, `*Url`, `deepLink`, `href`) it is percent-encoded, reserved characters included: a value can be
  a part of an address, never a whole one, so nobody's data decides where a link leads;
- in plain text it is itself: `subject`, `preheader`, `previewText`, `plainText`, `altText` everywhere, and everything
  of a push notification, a text message, a WhatsApp template or a webhook;
- in HTML it is escaped: `html` and `*Html` everywhere, everything else of an email, a modal, a banner or a card, and in
  template types of the client's own any string that contains a tag.
"""

import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from html import escape
from typing import Any
from urllib.parse import quote

from creatives.template_types import template_type_of

TOKEN = re.compile(r"\{\{[A-Za-z0-9_]+\}\}|\{([A-Za-z0-9_]+)\}")
SOURCES = ("customer", "attributes", "personalization")

_ADDRESS = re.compile(r"(?:^|_)url$|U(?:rl|RL)$|^deep_?[lL]ink$|^href$")
_PLAIN = re.compile(r"^(?:subject|preheader|preview_?[tT]ext|plain_?[tT]ext|alt_?[tT]ext)$")
_HTML = re.compile(r"(?:^|_)html$|H(?:tml|TML)$")
_TAG = re.compile(r"</?[A-Za-z][^<]*>")

Encoding = Callable[[str], str]
Values = Mapping[str, str]
# The same values in every encoding a template needs, and what fills a part of the content with them.
Encoded = Mapping[Encoding, Values]
Filling = Callable[[Encoded], Any]


def tokens_in(content: Any) -> list[str]:
    """The names of the tokens in every string of a JSON value, each once, in the order of their first appearance."""
    return list(dict.fromkeys(_tokens(content)))


def render(
    content: Any,
    mappings: Iterable[Mapping[str, Any]],
    sources: Mapping[str, Any],
    *,
    template_type: str = "email_html",
) -> Any:
    """A creative's content with its tokens filled from `sources`, whose keys are those of `SOURCES`."""
    template = compile_content(content, mappings, template_type=template_type)
    return template.render(template.token_values(sources))


def compile_content(
    content: Any, mappings: Iterable[Mapping[str, Any]] = (), *, template_type: str = "email_html"
) -> "Template":
    """One version of a creative, ready to be rendered for many customers."""
    return Template(content, mappings, template_type)


class Template:
    """A creative's content cut at its tokens, to be joined again for each customer.

    It depends on nothing but one version of one creative. So (creative, version, token values) is all that has to be
    kept of what a customer was shown: `render` makes the same content of the same values again.
    """

    def __init__(self, content: Any, mappings: Iterable[Mapping[str, Any]], template_type: str) -> None:
        self.tokens = tuple(tokens_in(content))
        used = {str(mapping["variable"]): mapping for mapping in mappings if mapping["variable"] in self.tokens}
        self._paths = [
            (name, path_of(mapping.get("source")), shown(mapping.get("fallback"))) for name, mapping in used.items()
        ]
        self._encodings: dict[Encoding, set[str]] = {}
        self._constant, self._filling = self._cut(content, _encoding_of_type(template_type))

    def token_values(self, sources: Mapping[str, Any]) -> dict[str, str]:
        """The text of every token that has a mapping; of two mappings of one token the later holds."""
        values = {}
        for name, path, fallback in self._paths:
            value: Any = sources if path else None
            for step in path:
                value = value.get(step) if isinstance(value, Mapping) else None
            values[name] = fallback if value is None else shown(value)
        return values

    def render(self, values: Values) -> Any:
        """The content with these values; a token without one stays visible.

        Parts without tokens are shared between all results, so nobody may change a result in place.
        """
        if self._filling is None:
            return self._constant
        return self._filling(
            {
                encode: _Visible({name: encode(values[name]) for name in names if name in values})
                for encode, names in self._encodings.items()
            }
        )

    def _cut(self, value: Any, encode: Encoding | None) -> tuple[Any, Filling | None]:
        """The value as it is without tokens, and what fills it if there are any."""
        if isinstance(value, str):
            return self._cut_text(value, encode)
        if isinstance(value, dict):
            parts = {key: self._cut(item, _encoding_of_field(key, encode)) for key, item in value.items()}
            return _assembled({key: constant for key, (constant, _) in parts.items()}, parts.items())
        if isinstance(value, list):
            items = [self._cut(item, encode) for item in value]
            return _assembled([constant for constant, _ in items], enumerate(items))
        return value, None

    def _cut_text(self, text: str, encode: Encoding | None) -> tuple[str, Filling | None]:
        if not any(match[1] for match in TOKEN.finditer(text)):
            return TOKEN.sub(lambda match: match[0][1:-1], text), None
        encoding = encode or (escape if _TAG.search(text) else _itself)
        self._encodings.setdefault(encoding, set()).update(match[1] for match in TOKEN.finditer(text) if match[1])
        # The percent operator fills a text in one go and never looks at what it has filled in.
        pattern = TOKEN.sub(lambda match: f"%({match[1]})s" if match[1] else match[0][1:-1], text.replace("%", "%%"))
        return "", lambda encoded: pattern % encoded[encoding]


def shown(value: Any) -> str:
    """A JSON value as a token shows it: text as it is, nothing as nothing, all else as compact JSON."""
    if isinstance(value, str):
        return value
    return "" if value is None else json.dumps(value, ensure_ascii=False, separators=(",", ":"), default=str)


class _Visible(dict[str, str]):
    """Values among which a token without one stays what it was."""

    def __missing__(self, name: str) -> str:
        return f"{{{name}}}"


def _assembled(constant: Any, parts: Iterable[tuple[Any, tuple[Any, Filling | None]]]) -> tuple[Any, Filling | None]:
    """A list or an object of which only the parts with tokens are made anew."""
    fillings = [(key, filling) for key, (_, filling) in parts if filling is not None]

    def filled(encoded: Encoded) -> Any:
        result = constant.copy()
        for key, filling in fillings:
            result[key] = filling(encoded)
        return result

    return constant, filled if fillings else None


def path_of(source: str | None) -> Sequence[str]:
    """The steps to a value; none where the source names none of the three."""
    steps = (source or "").split(".")
    return steps if len(steps) > 1 and steps[0] in SOURCES else ()


def _itself(text: str) -> str:
    return text


def _percent(text: str) -> str:
    return quote(text, safe="", errors="replace")


def _encoding_of_type(template_type: str) -> Encoding | None:
    """What a template type says of its fields; None leaves it to each string."""
    html = template_type_of(template_type).html
    return None if html is None else escape if html else _itself


def _encoding_of_field(name: str, inherited: Encoding | None) -> Encoding | None:
    if _ADDRESS.search(name):
        return _percent
    if _PLAIN.search(name):
        return _itself
    return escape if _HTML.search(name) else inherited


def _tokens(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield from (match[1] for match in TOKEN.finditer(value) if match[1])
    elif isinstance(value, list):
        for item in value:
            yield from _tokens(item)
    elif isinstance(value, dict):
        for item in value.values():
            yield from _tokens(item)
