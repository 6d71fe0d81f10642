"""The app of the contact policies."""

from django.apps import AppConfig


class PoliciesConfig(AppConfig):
    """What must not be said, when, and why."""

    name = "policies"
    verbose_name = "Contact policies"

    def ready(self) -> None:
        from policies import checks  # noqa: F401  registers the system check
