"""Bodies whose length no header tells: sent in chunks, or over HTTP/2. Django would take them for empty."""

from __future__ import annotations

from collections.abc import Iterable
from io import BytesIO
from typing import Any
from wsgiref.types import StartResponse, WSGIApplication

WITH_BODIES = frozenset({"POST", "PUT", "PATCH"})


def measured(application: WSGIApplication, *, most: int) -> WSGIApplication:
    """The application, told how long such bodies are; of one above `most` bytes it is told one byte more than that.

    A server says with `wsgi.input_terminated` that its stream ends with the body; of any other it cannot be known.
    """

    def measuring(environ: dict[str, Any], start_response: StartResponse) -> Iterable[bytes]:
        untold = not environ.get("CONTENT_LENGTH") and environ["REQUEST_METHOD"] in WITH_BODIES
        if untold and environ.get("wsgi.input_terminated"):
            body = _read(environ["wsgi.input"], most + 1)
            environ |= {"CONTENT_LENGTH": str(len(body)), "wsgi.input": BytesIO(body)}
        return application(environ, start_response)

    return measuring


def _read(stream: Any, size: int) -> bytes:
    """Up to so many bytes; one call of `read` may give less than there is."""
    body = b""
    while len(body) < size and (part := stream.read(size - len(body))):
        body += part
    return body
