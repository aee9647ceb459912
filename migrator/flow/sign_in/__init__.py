"""Bringing people in as they sign in (docs/decisions/0032)."""
