"""The app that holds the shared mechanism."""

from django.apps import AppConfig
from django.contrib.admin import apps as django_admin


class KaireonConfig(AppConfig):
    """Tenants, lifecycle, audit and the API's machinery."""

    name = "kaireon"
    verbose_name = "Access"
    default = True


class AdminConfig(django_admin.AdminConfig):
    """Django's admin with Kaireon's site."""

    default = False
    default_site = "kaireon.admin.site.AdminSite"

    def ready(self) -> None:
        """Registers what lies beside the site: importing it with the site would register it with no site yet."""
        super().ready()
        from kaireon.admin import access, audit  # noqa: F401
