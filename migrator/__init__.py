"""Moves every user of a Docebo LMS into a Descope project."""

__version__ = "0.1.0"
