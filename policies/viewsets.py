"""The contact policies as a resource."""

from typing import Any, cast

from kaireon.api.viewsets import CollectionViewSet
from kaireon.lifecycle import Lifecycle
from kaireon.tenancy import ADMINS
from policies.filters import ContactPolicyFilterSet
from policies.models import ContactPolicy, ghost_reference_finders
from policies.serializers import ContactPolicySerializer


class ContactPolicyViewSet(CollectionViewSet):
    """Limits on how often, when and under which conditions customers are contacted."""

    serializer_class = ContactPolicySerializer
    filterset_class = ContactPolicyFilterSet
    order = ("-priority", "-created_at", "-id")
    writers = ADMINS
    prefetches = ("assignments",)

    def deleted_body(self, row: Lifecycle) -> dict[str, Any]:
        return {"deleted": True, "warnings": ghost_references(cast(ContactPolicy, row))}


def ghost_references(policy: ContactPolicy) -> list[str]:
    """A warning for everything that still mentions the policy."""
    return [warning for find in ghost_reference_finders for warning in find(policy)]
