"""The app of the catalogue."""

from django.apps import AppConfig


class CreativesConfig(AppConfig):
    """What can be said, where, and in whose name."""

    name = "creatives"
    verbose_name = "Catalogue"
