"""The shapes of the JSON documents that runs leave and reports read (README.md, "JSON"). Types alone."""

from __future__ import annotations

from typing import TypedDict


class MigrationDocument(TypedDict):
    """Whose users go where: Docebo's platform and the Descope project."""

    source: str
    project: str
