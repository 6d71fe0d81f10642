"""What is in force: a tenant's configuration as decisions need it, loaded once for each version."""
