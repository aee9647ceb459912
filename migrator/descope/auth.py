"""Descope's credentials: the project id and a management key in one header (docs/contract/descope.md 1)."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING

from migrator.core.errors import ConfigError, Refused

if TYPE_CHECKING:
    from migrator.config.servers import DescopeConfig

REFUSED_KEY = (HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN)


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


def key_refused(config: DescopeConfig, error: Refused) -> ConfigError:
    """A key belongs to a company and may be for some of its projects alone: 401 does not say which it is."""
    project, key = (config.place_of(f"descope.{name}") for name in ("project_id", "management_key"))
    why = "is wrong or has expired, or it belongs to another project"
    if error.status != HTTPStatus.UNAUTHORIZED:
        why = "is not permitted to do this, or not from this machine's address"
    return ConfigError(
        f"Descope refused the management key for project {config.project_id}: the key {why} ({error}).",
        fix=f"Check that {project} and {key} belong together, and in the Descope console the key's expiry,"
        " its projects, its roles and its permitted addresses.",
    )
