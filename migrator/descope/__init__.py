"""The destination: the Descope management API."""
