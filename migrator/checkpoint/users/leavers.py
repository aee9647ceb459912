"""Users who arrived, have left in the source, and whom no ordinary update reaches (docs/decisions/0013)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import ColumnElement, Connection, and_, bindparam, update

from migrator.checkpoint.db.tables import source_user
from migrator.checkpoint.runs.actions import DISABLE, count_actions
from migrator.checkpoint.users.rows import count_where, mine, this_user
from migrator.checkpoint.users.stored_user import stored_pages
from migrator.core.fields import STATUS, SentFields
from migrator.core.model import State

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence

    from migrator.checkpoint.db.checkpoint import Checkpoint
    from migrator.checkpoint.users.stored_user import StoredUser

_STUCK = (State.REJECTED, State.SKIPPED, State.CONFLICT, State.FAILED)


def leaver_pages(checkpoint: Checkpoint, statuses: Collection[str], size: int) -> Iterator[list[StoredUser]]:
    """Leavers whose suspension was not sent yet, page by page; users whom we only linked keep their status.

    Args:
        statuses: the Docebo statuses of users who must be disabled.
    """
    stuck = and_(
        source_user.c.state.in_(_STUCK),
        source_user.c.target_id.is_not(None),
        source_user.c.origin.is_distinct_from("linked"),
        source_user.c.source_status.in_(statuses),
    )
    for page in stored_pages(checkpoint, stuck, size=size):
        if some := [one for one in page if one.sent is None or not one.sent.had(STATUS, "disabled")]:
            yield some


def store_disable_intent(checkpoint: Checkpoint, users: Sequence[StoredUser]) -> None:
    """Record before the request that we disable these users: after a kill, nobody could tell."""
    _set(checkpoint, [{"b_user": one.user_id} for one in users], {"disabled_by_us": 1})


def forget_still_enabled(checkpoint: Checkpoint) -> None:
    """Forget who was still enabled: if somebody disabled, deleted or brought back such a user, we were not notified."""
    noted = and_(mine(checkpoint), source_user.c.still_enabled.is_not(None))
    checkpoint.write(lambda c: c.execute(update(source_user).where(noted).values(still_enabled=None)))


def store_disabled(
    checkpoint: Checkpoint, disabled: Sequence[StoredUser], enabled: Sequence[StoredUser], unclear: Collection[str] = ()
) -> None:
    """Record who is disabled now, and who still is not.

    Args:
        unclear: target ids of users whom we may have disabled anyway; the record that it was us stays.
    """
    sent = [
        {"b_user": one.user_id, "b_sent": (one.sent or SentFields({})).with_status("disabled").to_json()}
        for one in disabled
    ]
    counted = {DISABLE: len(disabled)}
    _set(checkpoint, sent, {"sent_fields": bindparam("b_sent"), "still_enabled": None}, counted)
    _set(checkpoint, [{"b_user": one.user_id} for one in enabled], {"still_enabled": 1})
    _set(
        checkpoint, [{"b_user": one.user_id} for one in enabled if one.target_id not in unclear], {"disabled_by_us": 0}
    )


def count_still_enabled(checkpoint: Checkpoint) -> int:
    """How many skipped users have left in the source and are enabled in Descope; the others are counted anyway."""
    return count_where(checkpoint, is_still_enabled(checkpoint))


def is_still_enabled(checkpoint: Checkpoint) -> ColumnElement[bool]:
    """The users whom `count_still_enabled` counts, as a condition."""
    return and_(mine(checkpoint), source_user.c.still_enabled == 1, source_user.c.state == State.SKIPPED)


def _set(
    checkpoint: Checkpoint,
    rows: Sequence[dict[str, Any]],
    values: dict[str, Any],
    counted: Mapping[str, int] | None = None,
) -> None:
    def work(connection: Connection) -> None:
        connection.execute(update(source_user).where(this_user(checkpoint)).values(values), list(rows))
        count_actions(connection, checkpoint, counted or {})

    if rows:
        checkpoint.write(work)
