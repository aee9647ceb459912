"""Users who arrived, have left in the source, and whom no ordinary update reaches.

The rules: docs/decisions/0013 and docs/decisions/0023.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import ColumnElement, Connection, and_, bindparam, or_, select, update

from migrator.checkpoint.db.tables import login, source_user
from migrator.checkpoint.runs.actions import DISABLE, count_actions
from migrator.checkpoint.users.collisions import LOOK_ALIKE
from migrator.checkpoint.users.rows import LOGINS, count_where, mine, this_user
from migrator.checkpoint.users.stored_user import stored_pages
from migrator.core.fields import STATUS, SentFields
from migrator.core.model import Origin, State

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence

    from migrator.checkpoint.db.checkpoint import Checkpoint
    from migrator.checkpoint.users.stored_user import StoredUser

_NEED_NOBODY = (State.SKIPPED, State.VANISHED)
_STUCK = (State.REJECTED, State.SKIPPED, State.CONFLICT, State.FAILED)


def leaver_pages(
    checkpoint: Checkpoint, statuses: Collection[str], size: int, *, vanished: bool = False
) -> Iterator[list[StoredUser]]:
    """Leavers whose suspension was not sent yet, page by page; users whom we only linked keep their status.

    Args:
        statuses: the Docebo statuses of users who must be disabled.
        vanished: whether users who are gone from Docebo must be, too; but for those whose login another Docebo user has
            now, who may be the same person under another id.
    """
    stuck = and_(source_user.c.state.in_(_STUCK), source_user.c.source_status.in_(statuses))
    gone = source_user.c.state == State.VANISHED
    came = and_(source_user.c.target_id.is_not(None), source_user.c.origin.is_distinct_from(Origin.LINKED))
    for page in stored_pages(checkpoint, came, or_(stuck, gone) if vanished else stuck, size=size):
        some = [one for one in page if one.sent is None or not one.sent.had(STATUS, "disabled")]
        heirs = _with_heirs(checkpoint, [one.user_id for one in some if one.state == State.VANISHED])
        if rest := [one for one in some if one.user_id not in heirs]:
            yield rest


def _with_heirs(checkpoint: Checkpoint, user_ids: Sequence[str]) -> set[str]:
    """Those of these users one of whose login ids somebody has who is in Docebo."""
    theirs = select(login.c.user_id, login.c.login_key).where(
        checkpoint.owns(login), login.c.user_id.in_(user_ids), login.c.login_key.not_like(f"{LOOK_ALIKE}%")
    )
    pairs = checkpoint.read(lambda c: c.execute(theirs).all()) if user_ids else []
    still_used = (
        select(login.c.login_key)
        .select_from(LOGINS)
        .where(
            mine(checkpoint),
            login.c.login_key.in_({pair.login_key for pair in pairs}),
            source_user.c.state != State.VANISHED,
        )
    )
    used = set(checkpoint.read(lambda c: c.execute(still_used).scalars().all())) if pairs else set()
    return {pair.user_id for pair in pairs if pair.login_key in used}


def as_before(checkpoint: Checkpoint, users: Sequence[StoredUser]) -> list[StoredUser]:
    """Those of these users who are in the same state still: who signs in beside a run may have come back."""
    query = select(source_user.c.user_id, source_user.c.state).where(
        mine(checkpoint), source_user.c.user_id.in_([one.user_id for one in users])
    )
    now = checkpoint.read(lambda c: {one.user_id: one.state for one in c.execute(query)})
    return [one for one in users if now.get(one.user_id) == one.state]


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
    """How many users whose state needs no person have left in the source and are enabled in Descope."""
    return count_where(checkpoint, is_still_enabled(checkpoint))


def is_still_enabled(checkpoint: Checkpoint) -> ColumnElement[bool]:
    """The users whom `count_still_enabled` counts, as a condition."""
    return and_(mine(checkpoint), source_user.c.still_enabled == 1, source_user.c.state.in_(_NEED_NOBODY))


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
