"""Turns what Descope shows into a user's outcome. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from migrator.checkpoint.users.holders import holders_text
from migrator.core.fields import SentFields
from migrator.core.model import MARK_PLATFORM
from migrator.core.outcomes import UserCreated, UserInConflict
from migrator.core.reasons import Reason

if TYPE_CHECKING:
    from migrator.checkpoint.users.stored_user import StoredUser
    from migrator.descope.user import DescopeUser


def is_ours(user: StoredUser, found: DescopeUser) -> bool:
    """Whether the user found carries exactly this user's mark."""
    return found.mark() == (user.target.attributes[MARK_PLATFORM], user.user_id)


def created_or_taken(user: StoredUser, found: DescopeUser) -> UserCreated | UserInConflict:
    """The user who has our login id after a create: ours, or somebody who was there first."""
    if is_ours(user, found):
        sent, disabled = SentFields.of(user.target), user.target.status == "disabled"
        return UserCreated(user.user_id, found.user_id, sent, disabled=disabled)
    return UserInConflict(user.user_id, Reason.LOGIN_TAKEN, holders_text("", [found.user_id]))
