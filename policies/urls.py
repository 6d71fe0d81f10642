"""The addresses of the contact policies."""

from kaireon.api.viewsets import collection_urls
from policies.viewsets import ContactPolicyViewSet

urlpatterns = collection_urls("contact-policies", ContactPolicyViewSet)
