"""The admin's mechanism, and the admin of access and audit themselves."""
