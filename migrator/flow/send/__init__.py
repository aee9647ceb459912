"""Sending what was planned, and settling what became of it."""
