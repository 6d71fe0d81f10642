"""Where Django looks for the app's models."""

from kaireon.access import ApiKey, Membership
from kaireon.audit import AuditEntry, ConfigurationHead
from kaireon.tenancy import Tenant

__all__ = ["ApiKey", "AuditEntry", "ConfigurationHead", "Membership", "Tenant"]
