"""The app of the decisions."""

from django.apps import AppConfig


class DecisioningConfig(AppConfig):
    """Who, what happened to them before, and what remains."""

    name = "decisioning"
    verbose_name = "Decisions"

    def ready(self) -> None:
        from creatives.samples import sample_finders
        from decisioning.contacts import budgets
        from decisioning.flows import assembly, default_flow
        from decisioning.models import customers, flows, outcomes, segments
        from kaireon.access import on_tenant_created
        from kaireon.writing import after_writing
        from policies.directory import titles
        from policies.models import ghost_reference_finders
        from policies.serializers import known_names

        ghost_reference_finders.append(flows.mentions_of)
        sample_finders.append(customers.samples_from)
        after_writing.extend((default_flow.keep_one, assembly.log_assembly, budgets.keep_what_is_asked))
        on_tenant_created.append(outcomes.create_system_outcomes)
        known_names.update(segment=segments.names_in, outcome=outcomes.keys_in)
        titles.update(outcome=outcomes.names_by_key)
