"""Whom `migrator undo` may look at, is about to undo, and has undone (docs/decisions/0024)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import ColumnElement, Connection, and_, null, update

from migrator.checkpoint.db.tables import source_user
from migrator.checkpoint.runs.actions import count_actions
from migrator.checkpoint.users.moves import move_to
from migrator.checkpoint.users.pre_images import forget_pre_images, kept_ids
from migrator.checkpoint.users.rows import count_where, mine
from migrator.checkpoint.users.stored_user import stored_pages
from migrator.checkpoint.users.sweeps import ERASED_RECORD
from migrator.core.model import State
from migrator.core.reasons import Reason

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence

    from migrator.checkpoint.db.checkpoint import Checkpoint
    from migrator.checkpoint.users.stored_user import StoredUser

# What is about to be done to a user, as column `undoing` says.
DELETING, RESTORING = "delete", "restore"


def undoable_pages(checkpoint: Checkpoint, size: int) -> Iterator[list[StoredUser]]:
    """Users who are in Descope by this migration, in any state, page by page; `size` is the most on one."""
    return stored_pages(checkpoint, *_undoable(), size=size)


def count_undoable(checkpoint: Checkpoint) -> int:
    """How many users that is."""
    return count_where(checkpoint, *_undoable())


def _undoable() -> tuple[ColumnElement[bool], ...]:
    # A plan that nobody confirmed may have found a target; what was never sent to it cannot be undone.
    came = (source_user.c.target_id.is_not(None), source_user.c.sent_hash.is_not(None))
    return (*came, source_user.c.undoing.is_(None), source_user.c.state != State.SENDING)


def being_undone_pages(checkpoint: Checkpoint, intent: str, size: int) -> Iterator[list[StoredUser]]:
    """Users with this intent and no outcome, page by page."""
    return stored_pages(checkpoint, source_user.c.undoing == intent, size=size)


def count_being_undone(checkpoint: Checkpoint) -> int:
    """How many users have an intent and no outcome."""
    return count_where(checkpoint, source_user.c.undoing.is_not(None))


def store_undo_intent(checkpoint: Checkpoint, user_ids: Collection[str], intent: str) -> None:
    """Note before the request that these users are about to be deleted or restored."""
    _set(checkpoint, user_ids, {"undoing": intent})


def drop_undo_intent(checkpoint: Checkpoint, user_ids: Collection[str]) -> None:
    """Note that the request did nothing to these users."""
    _set(checkpoint, user_ids, {"undoing": None})


def _set(checkpoint: Checkpoint, user_ids: Collection[str], values: dict[str, Any]) -> None:
    these = and_(mine(checkpoint), source_user.c.user_id.in_(user_ids))
    if user_ids:
        checkpoint.write(lambda c: c.execute(update(source_user).where(these).values(values)))


# What is known of a user whom this migration has brought to Descope. All of it goes, as if nobody had.
_FORGOTTEN = (
    "undoing", "target_id", "sent_hash", "sent_fields", "origin", "verdict", "disabled_by_us", "still_enabled",
    "refusals", "retry", "decision", "changes", "decided_at", "found_fingerprint", "predicted_state", "adopt_id",
    "detail", "sso_seen",
)  # fmt: skip


def store_undone(checkpoint: Checkpoint, users: Sequence[StoredUser], counted: Mapping[str, int]) -> None:
    """Note that Descope is for these users as if they had never been migrated; the next run plans them afresh.

    Args:
        counted: how many of them were sent, by kind.
    """
    values = {**dict.fromkeys(_FORGOTTEN, null()), "attempts": 0}
    these = source_user.c.user_id.in_([one.user_id for one in users])
    # Whoever has left Docebo stays known as gone: to come back they must be seen again.
    gone = and_(mine(checkpoint), these, source_user.c.state == State.VANISHED)
    # What is erased here leaves the bytes when profiles are erased next: an empty record asks for that.
    ids = [one.target_id for one in users if one.target_id]
    erased = and_(mine(checkpoint), these, source_user.c.target_id.in_(kept_ids(checkpoint, ids)))
    marked = update(source_user).where(erased, source_user.c.raw.is_(None)).values(raw=ERASED_RECORD)

    def work(connection: Connection) -> None:
        connection.execute(marked)
        connection.execute(update(source_user).where(gone).values(values))
        present = source_user.c.state != State.VANISHED
        aside = move_to(checkpoint, State.SKIPPED, these, present, reason=Reason.UNDONE)
        connection.execute(aside.values(values))
        forget_pre_images(connection, checkpoint, ids)
        count_actions(connection, checkpoint, counted)

    if users:
        checkpoint.write(work)
