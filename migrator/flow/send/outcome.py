"""From what Descope shows to what became of a user. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from migrator.checkpoint.users.holders import holders_text
from migrator.checkpoint.users.sends import SendResult
from migrator.core.fields import SentFields
from migrator.core.model import MARK_PLATFORM, State
from migrator.core.reasons import Reason

if TYPE_CHECKING:
    from migrator.checkpoint.users.plans import QueuedUser
    from migrator.descope.user import DescopeUser


def is_ours(user: QueuedUser, found: DescopeUser) -> bool:
    """Whether the user found carries exactly this user's mark."""
    return found.mark() == (user.target.attributes[MARK_PLATFORM], user.user_id)


def created_result(user: QueuedUser, found: DescopeUser) -> SendResult:
    """The user answering to our login id after a create: ours, or somebody who was there first."""
    if is_ours(user, found):
        sent = SentFields.of(user.target)
        disabled = user.target.status == "disabled"
        return SendResult(
            user.user_id, State.CREATED, target_id=found.user_id, sent=sent, origin="created", disabled=disabled
        )
    return SendResult(user.user_id, State.CONFLICT, reason=Reason.LOGIN_TAKEN, detail=holders_text("", [found.user_id]))


def refused_result(user: QueuedUser, code: str) -> SendResult:
    """Descope will not take this user as it is."""
    return SendResult(user.user_id, State.FAILED, reason=Reason.REFUSED, detail=code or None)


def unknown_result(user: QueuedUser) -> SendResult:
    """Nobody knows yet; only reading back will tell."""
    return SendResult(user.user_id, State.SENDING)


def untouched_result(user: QueuedUser) -> SendResult:
    """The request certainly did nothing to this user."""
    return SendResult(user.user_id, State.PENDING)
