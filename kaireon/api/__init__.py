"""The machinery of the REST API: what every resource shares."""
