"""How many calls Descope takes of each kind (docs/contract/descope.md 7)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from migrator.descope.trail import AUDIT_LIMIT
from migrator.http.pace import Limit

if TYPE_CHECKING:
    from migrator.config.servers import DescopeConfig

MINUTE: Final = 60.0  # seconds over which Descope counts


def descope_limits(config: DescopeConfig) -> dict[str, Limit]:
    """The limit of each bucket; none where nothing is to be paced."""
    limits = {**config.limits, "audit": AUDIT_LIMIT} if config.limits else {}
    return {name: Limit(calls, MINUTE, config.leave) for name, calls in limits.items()}
