"""From what Descope shows to what became of a user. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from migrator.checkpoint.holders import detail_of
from migrator.checkpoint.sends import Result
from migrator.fields import SentFields
from migrator.model import MARK_PLATFORM, State

if TYPE_CHECKING:
    from migrator.checkpoint.plans import Candidate
    from migrator.descope.user import DescopeUser

REFUSED = "refused"


def is_ours(user: Candidate, found: DescopeUser) -> bool:
    """Whether the user found carries exactly this user's mark."""
    return found.mark() == (user.target.attributes[MARK_PLATFORM], user.user_id)


def created(user: Candidate, found: DescopeUser) -> Result:
    """The user answering to our login id after a create: ours, or somebody who was there first."""
    if is_ours(user, found):
        sent = SentFields.of(user.target)
        disabled = user.target.status == "disabled"
        return Result(
            user.user_id, State.CREATED, target_id=found.user_id, sent=sent, origin="created", disabled=disabled
        )
    return Result(user.user_id, State.CONFLICT, reason="login_taken", detail=detail_of("", [found.user_id]))


def refused(user: Candidate, code: str) -> Result:
    """Descope will not take this user as it is."""
    return Result(user.user_id, State.FAILED, reason=REFUSED, detail=code or None)


def unknown(user: Candidate) -> Result:
    """Nobody knows yet; only reading back will tell."""
    return Result(user.user_id, State.SENDING)


def untouched(user: Candidate) -> Result:
    """The request certainly did nothing to this user."""
    return Result(user.user_id, State.PENDING)
