"""The front door: each app's addresses, included by dotted name so that no import runs upward."""

from django.contrib import admin
from django.urls import URLPattern, URLResolver, include, path, re_path
from django.views.generic import RedirectView
from drf_spectacular.views import SpectacularAPIView, SpectacularSwaggerView

from kaireon.api import errors, views

api: list[URLPattern | URLResolver] = [
    path("", include("decisioning.urls")),  # first, because addresses are tried in order and its calls are many
    path("", include("creatives.urls")),
    path("", include("policies.urls")),
    re_path(r"^restore/?$", views.RestoreView.as_view(), name="restore"),
    re_path(r"^audit-logs/?$", views.AuditLogView.as_view(), name="audit-logs"),
    re_path(r"^audit-logs/verify/?$", views.AuditVerifyView.as_view(), name="audit-logs-verify"),
    re_path(r"^schema/?$", SpectacularAPIView.as_view(), name="schema"),
    re_path(r"^docs/?$", SpectacularSwaggerView.as_view(url_name="schema"), name="docs"),
    re_path(r"", errors.not_found),
]

urlpatterns = [
    path("api/v1/", include(api)),
    path("", RedirectView.as_view(pattern_name="admin:index"), name="home"),
    path("healthz", views.healthz, name="healthz"),
    path("readyz", views.readyz, name="readyz"),
    path("admin/", admin.site.urls),
]

handler400 = "kaireon.api.errors.bad_request"
handler500 = "kaireon.api.errors.failure"
