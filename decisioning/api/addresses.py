"""Addresses that hold a customer's id, which may contain anything, slashes included.

A WSGI server decodes the path, after which `a%2Fb` and `a/b` are the same. Where it also hands over the request target
as it was sent (gunicorn, uWSGI, mod_wsgi), the id is taken from there. Granian does not: there the longest id that
makes sense is meant, one slash at the end is the address's own, and an id that ends like a sub-resource is reached by
the collection (`?customerId=`, or `customerId` in the body).
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import wraps
from typing import Any
from urllib.parse import unquote

from django.http import HttpRequest

RAW_TARGETS = ("RAW_URI", "REQUEST_URI")
COLLECTION = "/customers/"

View = Callable[..., Any]


def customer_in(request: HttpRequest, decoded: str) -> str:
    """The id that the address ends with; `decoded` is what the server makes of it."""
    raw = raw_end(request)
    return decoded if raw is None else unquote(raw.removesuffix("/"))


def raw_end(request: HttpRequest) -> str | None:
    """What follows `/customers/` in the address, still encoded; None where the server does not tell."""
    for name in RAW_TARGETS:
        target = re.sub(r"^https?://[^/]*", "", request.META.get(name, "")).partition("?")[0]
        _, found, end = target.partition(COLLECTION)
        if found and unquote(target) == request.path:  # a proxy may have rewritten one of the two
            return end
    return None


def below_customer(view: View, item: View, *, tail: str) -> View:
    """`view` answers below a customer; where the slash before `tail` (a regex) was sent as %2F, `item` does."""

    def below(request: HttpRequest) -> bool:
        raw = raw_end(request)
        return raw is None or re.fullmatch(rf"[^/]+(?:/[^/]+)*/{tail}/?", raw) is not None

    return _if(below, view, item)


def only(method: str, view: View, item: View) -> View:
    """`view` for one method; for every other the address is that of the customer who is called so."""
    return _if(lambda request: request.method == method, view, item)


def _if(chosen: Callable[[HttpRequest], bool], view: View, item: View) -> View:
    @wraps(view)  # with its attributes, which the schema and CSRF protection look at
    def either(request: HttpRequest, **kwargs: Any) -> Any:
        if chosen(request):
            return view(request, **kwargs)
        word = request.path.rstrip("/").rpartition("/")[2]
        return item(request, customer_id=kwargs.get("customer_id", word))

    return either
