"""Descope's credentials: the project id and a management key in one header (docs/contract/descope.md 1)."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from migrator.config.servers import DescopeConfig


class KeyAuth:
    """The credentials of calls to Descope: a management key never changes, so a 401 is final."""

    def __init__(self, config: DescopeConfig) -> None:
        self._header = f"Bearer {config.project_id}:{config.management_key.get_secret_value()}"

    def header(self) -> str:
        """The Authorization header's value."""
        return self._header

    def refused(self, used: str) -> bool:  # noqa: ARG002 -- the Auth protocol's signature
        """A refused key stays refused."""
        return False
