"""The pages beside a creative's form: its preview from unsaved values, and the customers to choose from."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.template.loader import render_to_string
from django.template.response import TemplateResponse
from django.urls import URLPattern, path

from creatives.previewing import CUSTOMER, EXAMPLE, FALLBACKS, Draft, draft_of, preview_of, sample_for
from creatives.samples import suggested
from creatives.tokens import places_said
from creatives.variants import Variant, variants_with
from kaireon.admin.charts import Part, ShareBar
from kaireon.admin.entrance import actor_of

SAMPLES = ((EXAMPLE, "Example values"), (FALLBACKS, "Nothing known: fallbacks"), (CUSTOMER, "A stored customer"))


class PreviewPages:
    """The preview of CreativeAdmin. It shows the tenant's rows and customers only, and writes nothing."""

    admin_site: Any
    get_form: Callable[..., Any]
    has_view_permission: Callable[..., bool]
    may_write: Callable[..., bool]
    row_of: Callable[..., Any]

    def get_urls(self) -> list[URLPattern]:
        wrap = self.admin_site.admin_view
        own = [
            path("samples/", wrap(self.samples_view), name="creatives_creative_samples"),
            path("<path:object_id>/preview/", wrap(self.preview_view), name="creatives_creative_preview"),
        ]
        return [*own, *super().get_urls()]  # type: ignore[misc]

    def samples_view(self, request: HttpRequest) -> HttpResponse:
        """The ids of customers that begin with `q`."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        return JsonResponse({"customers": suggested(actor_of(request).tenant, request.GET.get("q", ""))})

    def preview_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """GET: the creative as it is stored. POST: as the form sent says it; `add` in place of a key is a new one."""
        row = None if object_id == "add" else self.row_of(request, object_id)
        if row is None and object_id != "add":
            raise Http404
        if request.method == "POST" or row is None:
            if not self.may_write(request, row):
                raise PermissionDenied
            form = self.get_form(request, row, change=row is not None)
            draft = form(request.POST or None, instance=row).draft()
        else:
            draft = draft_of(row)
        context = self.preview_context(request, draft)
        return TemplateResponse(request, "admin/creatives/preview.html", context)

    def preview_context(self, request: HttpRequest, draft: Draft) -> dict[str, Any]:
        """What the preview's template needs."""
        said, tenant = request.POST if request.method == "POST" else request.GET, actor_of(request).tenant
        kind, customer_id = said.get("sample", EXAMPLE), said.get("sample_customer", "").strip()
        sample = sample_for(tenant, draft.personalization, kind=kind, customer_id=customer_id)
        preview = preview_of(draft, sample.sources)
        frame = f"admin/creatives/frames/{preview.template.frame}.html"
        variants = []
        if draft.place is not None:
            variants = variants_with(tenant, draft.place, key=draft.key, name=draft.name, weight=draft.weight)
        return {
            "preview": preview,
            "document": render_to_string(frame, {"values": preview.values, "rest": preview.rest}),
            "sample": sample,
            "samples": SAMPLES,
            "variants": variants,
            "shares": _drawn(variants),
            "tokens": places_said(draft.content, preview.template),
            "sources": _paths(sample.sources),
        }


def _drawn(variants: list[Variant]) -> ShareBar | None:
    """The variants' shares as a picture; nothing to draw while every weight is 0."""
    parts = [Part(label=it.name, value=it.weight, marked=it.own) for it in variants if it.weight]
    summary = "; ".join(f"{it.name} {it.share} %" for it in variants)
    title = "Shares of the variants"
    return ShareBar(key="shares", title=title, summary=summary, width=400, parts=parts) if parts else None


def _paths(sources: Any, start: str = "") -> list[str]:
    """Every path of the sources that holds a value: `customer.first_name`."""
    paths = []
    for name, value in sources.items():
        path_ = f"{start}{name}"
        paths += _paths(value, f"{path_}.") if isinstance(value, dict) and value else [path_] if start else []
    return paths
