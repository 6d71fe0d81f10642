"""The editor of creatives: fields of the template type, tokens, constraints, and a preview beside them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django import forms
from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from creatives import viewsets
from creatives.admin.catalogue import NamedAdmin
from creatives.admin.filters import TemplateTypeFilter
from creatives.admin.forms import CONSTRAINT_LABELS, CreativeForm, creative_form, laid_out
from creatives.admin.preview import PreviewPages
from creatives.admin.template_type_field import ASKS_FIELDS, SHOWN, TemplateTypeWidget
from creatives.fields import CONSTRAINTS
from creatives.models import Creative
from creatives.previewing import draft_of
from creatives.rendering import shown
from creatives.template_types import DEFAULT_TYPE, TemplateType, template_type_of
from kaireon.admin.columns import column
from kaireon.admin.filters import DeletedFilter, SearchedRowFilter
from kaireon.admin.forms import LifecycleForm
from kaireon.admin.paging import CappedPaginator

GENERAL, WHERE = ("name", "description", "status"), ("offer", "channel", "placement")


class CreativePaginator(CappedPaginator):
    """A million creatives are not counted; nobody turns two hundred pages."""

    most = 10_000


@admin.register(Creative)
class CreativeAdmin(PreviewPages, NamedAdmin):
    """Offers' content for channels."""

    resource = viewsets.CreativeViewSet
    icon = "palette"
    change_form_template = "admin/creatives/creative_form.html"
    list_display = ("name", "offer", "channel", "placement", "type_label", "state_of", "weight")
    list_filter: Any = (
        DeletedFilter,
        "status",
        TemplateTypeFilter,
        ("offer", SearchedRowFilter),
        ("channel", SearchedRowFilter),
        ("placement", SearchedRowFilter),
    )
    words = {
        "content": ("Other keys (JSON)", "What the content holds besides the fields above; empty for most creatives."),
        "constraints": ("Other keys (JSON)", "Kept with the creative and without effect on decisions."),
        "ab_test_variant": ("A/B test variant", "A label such as “control”; reports group by it."),
        "weight": ("Weight", "From 0 to 100; 0 is never chosen. Variants of one offer, channel and placement share."),
        "placement": ("Placement", "Empty: a candidate for every placement of the channel."),
    }
    autocomplete_fields = WHERE
    sortable_by = ("name",)  # the one order besides the newest first that an index has
    paginator = CreativePaginator

    class Media:
        css = {"all": ("creatives/creative_form.css",)}
        js = (forms.Script("creatives/creative_form.js", type="module"),)

    # -- columns -------------------------------------------------------------------------------------------------

    @column("Template type", ordering="template_type")
    def type_label(self, row: Creative) -> str:
        return template_type_of(row.template_type).label

    @column("Content")
    def content_shown(self, row: Creative) -> SafeString | str:
        labels = {field.key: field.label for field in template_type_of(row.template_type).fields}
        return _listed((labels.get(key, key), shown(value)) for key, value in row.content.items())

    @column("Tokens")
    def tokens_shown(self, row: Creative) -> SafeString | str:
        return _listed(
            (f"{{{it['variable']}}}", f"{it.get('source') or 'no source'}, else “{shown(it.get('fallback'))}”")
            for it in row.personalization
        )

    @column("Limits")
    def constraints_shown(self, row: Creative) -> SafeString | str:
        labels = {key: label for key, (label, _) in CONSTRAINT_LABELS.items()}
        return _listed((labels.get(key, key), shown(value)) for key, value in row.constraints.items())

    # -- the form ------------------------------------------------------------------------------------------------

    def may_write(self, request: HttpRequest, obj: Any) -> bool:
        """Whether the page is a form."""
        return self.has_change_permission(request, obj) if obj else self.has_add_permission(request)

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        machines = ("For machines", {"fields": ("metrics",), "classes": ["collapse"]})
        if not self.may_write(request, obj):
            content = ("type_label", "content_shown", "tokens_shown")
            limits = ("ab_test_variant", "weight", "constraints_shown")
            named = ((None, GENERAL), ("Where", WHERE), ("Content", content), ("Variants and limits", limits))
            return [*((title, {"fields": fields}) for title, fields in named), machines]
        keys = [f"content.{field.key}" for field in self.template(request, obj).fields]
        bounds = [f"constraints.{key}" for key in CONSTRAINTS]
        return [
            (None, {"fields": GENERAL}),
            ("Where", {"fields": WHERE}),
            ("Content", {"fields": ("template_type", *keys, "content"), "classes": ["content-fields"]}),
            ("Personalization", {"fields": ("personalization",)}),
            ("Rotation", {"fields": ("weight", "ab_test_variant")}),
            ("Limits of this creative", {"fields": (*bounds, "constraints")}),
            machines,
        ]

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Sequence[str]:
        computed = ("type_label", "content_shown", "tokens_shown", "constraints_shown")
        return () if self.may_write(request, obj) else computed

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any) -> Any:
        writes = self.may_write(request, obj)
        kwargs["form"] = creative_form(self.template(request, obj)) if writes else LifecycleForm
        return super().get_form(request, obj, change, **kwargs)

    def template(self, request: HttpRequest, obj: Any) -> TemplateType:
        """The type whose fields the page shows: the one it was sent with, the one asked for, or the row's own."""
        slugs = (request.POST.get(f"template_type{SHOWN}"), request.GET.get("template_type"))
        return template_type_of(next((slug for slug in slugs if slug), obj.template_type if obj else DEFAULT_TYPE.slug))

    def changeform_view(
        self, request: HttpRequest, object_id: Any = None, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        """A page that asks for another type's fields is laid out for them first."""
        if request.method == "POST" and ASKS_FIELDS in request.POST:
            chosen = TemplateTypeWidget("").value_from_datadict(request.POST, None, "template_type")
            shown_type = template_type_of(request.POST.get(f"template_type{SHOWN}", DEFAULT_TYPE.slug))
            request.POST = laid_out(request.POST, shown=shown_type, chosen=template_type_of(chosen))
        response: HttpResponse = super().changeform_view(request, object_id, form_url, extra_context)
        return response

    def render_change_form(self, request: HttpRequest, context: Any, *args: Any, **kwargs: Any) -> HttpResponse:
        form = context["adminform"].form
        draft = form.draft() if isinstance(form, CreativeForm) else draft_of(kwargs["obj"])
        context |= self.preview_context(request, draft) | {"writes": isinstance(form, CreativeForm)}
        return super().render_change_form(request, context, *args, **kwargs)


def _listed(pairs: Any) -> SafeString | str:
    lines = format_html_join("", "<dt class='font-semibold'>{}</dt><dd class='mb-2 difference'>{}</dd>", pairs)
    return format_html("<dl>{}</dl>", lines) if lines else "-"
