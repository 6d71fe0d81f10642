"""The app that holds the shared mechanism."""

from django.apps import AppConfig


class KaireonConfig(AppConfig):
    """Tenants, lifecycle, audit and the API's machinery."""

    name = "kaireon"
    verbose_name = "Access"
