"""Logging: set-up, outputs, and what must never be shown."""
