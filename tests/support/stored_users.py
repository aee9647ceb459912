"""Users as the checkpoint would hand them out, for tests of what is decided about them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from migrator.checkpoint.users.stored_user import StoredUser
from migrator.core.model import State

if TYPE_CHECKING:
    from migrator.core.model import TargetUser


def waiting(target: TargetUser, **columns: Any) -> StoredUser:
    """A pending user that is to become `target`."""
    return StoredUser(target.user_id, State.PENDING, "hash", target.to_json(), **columns)


def in_trouble(user_id: str, state: State, reason: str, detail: str | None = None, **columns: Any) -> StoredUser:
    """A user that needs a person."""
    return StoredUser(user_id, state, "hash", reason=reason, detail=detail, **columns)
