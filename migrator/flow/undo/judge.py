"""What undoing does about one user: delete, restore, or spare for a reason. Pure."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING

from migrator.core.model import Origin, State
from migrator.flow.undo.compare import is_as_sent, is_edited, is_restored

if TYPE_CHECKING:
    from migrator.checkpoint.users.stored_user import StoredUser
    from migrator.core.pre_image import PreImage
    from migrator.descope.user import DescopeUser
    from migrator.flow.signs import SignsOfLife

# A create may write a record of its own into the audit trail, this many seconds behind it at most.
_CREATING = 60.0


class UndoVerdict(StrEnum):
    """What undoing does about a user; the last three are reasons to spare one."""

    DELETE = "delete"
    RESTORE = "restore"
    GONE = "gone"  # not in Descope any more
    SIGNED_IN = "signed_in"
    EDITED = "edited"
    UNKNOWN = "unknown"


SPARED = (UndoVerdict.SIGNED_IN, UndoVerdict.EDITED, UndoVerdict.UNKNOWN)


def judge_user(
    user: StoredUser,
    found: DescopeUser | None,
    image: PreImage | None,
    signs: SignsOfLife,
    platform: str,
    *,
    force: bool,
) -> UndoVerdict:
    """The verdict on a user who is in Descope by this migration.

    Args:
        found: as Descope shows it now; None if it is not there.
        image: what it was like before; None if nothing is kept.
        force: take somebody of whom nobody can tell for one without signs of life (`--force-unknown`).
    """
    if found is None:
        return UndoVerdict.GONE
    if image is None and user.origin == Origin.CREATED:
        return _judge_created(user, found, signs, platform, force=force)
    if image is None or image.moved:
        return UndoVerdict.UNKNOWN
    return _judge_changed(found, image, signs, (platform, user.user_id), force=force)


def _judge_created(
    user: StoredUser, found: DescopeUser, signs: SignsOfLife, platform: str, *, force: bool
) -> UndoVerdict:
    if found.has_credential or found.fresh is False or found.user_id in signs.signed_in:
        return UndoVerdict.SIGNED_IN
    if found.mark() != (platform, user.user_id):
        return UndoVerdict.EDITED
    if user.sent is None:  # older versions did not store what they sent
        return UndoVerdict.UNKNOWN
    if not is_as_sent(found, user.sent):
        return UndoVerdict.EDITED
    if _was_changed_by_others(user, found, signs):
        return UndoVerdict.EDITED
    return UndoVerdict.DELETE if force or signs.cover(found.created_at) else UndoVerdict.UNKNOWN


def _was_changed_by_others(user: StoredUser, found: DescopeUser, signs: SignsOfLife) -> bool:
    """Whether the audit trail shows a change of a user whom we have not changed ourselves since we created it."""
    at = signs.changed.get(found.user_id)
    untouched = user.state == State.CREATED and found.created_at is not None
    return untouched and at is not None and at > (found.created_at or 0.0) + _CREATING


def _judge_changed(
    found: DescopeUser, image: PreImage, signs: SignsOfLife, mark: tuple[str, str], *, force: bool
) -> UndoVerdict:
    if is_restored(found, image):
        return UndoVerdict.RESTORE
    # This person may have signed in before we came: only what is new since is a sign.
    newly_able = found.has_credential and not image.had_credential
    newly_used = found.fresh is False and not image.was_used
    signed_in = signs.signed_in.get(found.user_id)
    if newly_able or newly_used or (signed_in is not None and signed_in >= int(image.at)):
        return UndoVerdict.SIGNED_IN
    if found.mark() != mark or is_edited(found, image):
        return UndoVerdict.EDITED
    return UndoVerdict.RESTORE if force or signs.cover(image.at) else UndoVerdict.UNKNOWN
