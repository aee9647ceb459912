"""Which conflicts and failures are planned again, and how a plan leaves none of that behind."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from sqlalchemy import ColumnElement, Connection, and_, bindparam, case, or_, select, true, update

from migrator.checkpoint.plans import AGAIN, DRIFTED, HELD_BY_OURS
from migrator.checkpoint.tables import source_user
from migrator.model import State

if TYPE_CHECKING:
    from migrator.checkpoint.checkpoint import Checkpoint

DUPLICATES = ("duplicate_email", "duplicate_login")
# Column `retry`: the policy changed, and the user is to be judged anew; nobody asked for it to be sent again.
REJUDGE = 2
# What may be over by itself; judging it costs few calls.
JUDGED_ANEW = (*DUPLICATES, DRIFTED, "gave_up", "recreated")


def _mine(checkpoint: Checkpoint) -> Any:  # noqa: ANN401 -- a SQL condition
    return source_user.c.migration == checkpoint.key


_BLANK = {"decision": None, "changes": None, "decided_at": None, "reason": None, "detail": None, "adopt_id": None}
_BEFORE_PLAN = ("state", "reason", "detail", "attempts")


def reopen(checkpoint: Checkpoint, *, asked: int = 0, restorable: bool = False) -> None:
    """Forget earlier decisions on users that are still open.

    Collisions are judged anew each time (it costs no call), and so is who was given up, set aside as drifted, or
    kept waiting by another user of this migration. Every other conflict or failure stays until its Docebo record
    changes, a person asks for it or the policy changes (column `retry`).

    Args:
        asked: AGAIN or REJUDGE opens every conflict and failure.
        restorable: a plan asks: `restore` undoes it, so that no later command builds on it.
    """
    may_be_over = source_user.c.reason.in_(JUDGED_ANEW) | (source_user.c.detail == HELD_BY_OURS)
    again = and_(
        _mine(checkpoint),
        source_user.c.state.in_((State.CONFLICT, State.FAILED)),
        source_user.c.profile.is_not(None),
        true() if asked else or_(may_be_over, source_user.c.retry.in_((AGAIN, REJUDGE))),
    )
    pending = and_(_mine(checkpoint), source_user.c.state == State.PENDING)
    # Who was given up is tried once more, behind all others and alone, not from the start.
    tried = case((source_user.c.reason == "gave_up", source_user.c.attempts), else_=0)

    def work(connection: Connection) -> None:
        connection.execute(update(source_user).where(pending).values(**_BLANK))
        if restorable:
            _remember(connection, checkpoint, again)
        values: dict[str, Any] = {
            "state": State.PENDING,
            "attempts": tried,
            **_BLANK,
            **({"retry": asked} if asked else {}),
        }
        connection.execute(update(source_user).where(again).values(**values))

    checkpoint.write(work)


def _remember(connection: Connection, checkpoint: Checkpoint, reopened: ColumnElement[bool]) -> None:
    columns = [source_user.c[name] for name in ("user_id", "retry", *_BEFORE_PLAN)]
    rows = [
        {"b_user": row.user_id, "b_before": json.dumps({name: getattr(row, name) for name in ("retry", *_BEFORE_PLAN)})}
        for row in connection.execute(select(*columns).where(reopened))
    ]
    if rows:
        this = and_(_mine(checkpoint), source_user.c.user_id == bindparam("b_user"))
        connection.execute(update(source_user).where(this).values(before_plan=bindparam("b_before")), rows)


def restore(checkpoint: Checkpoint) -> None:
    """Undo what a plan reopened, whether that plan came to its end or was killed."""
    planned = and_(_mine(checkpoint), source_user.c.before_plan.is_not(None))
    query = select(source_user.c.user_id, source_user.c.before_plan).where(planned)

    def work(connection: Connection) -> None:
        rows = [
            {"b_user": row.user_id} | {f"b_{name}": value for name, value in json.loads(row.before_plan).items()}
            for row in connection.execute(query)
        ]
        if rows:
            was: dict[str, Any] = {name: bindparam(f"b_{name}") for name in ("retry", *_BEFORE_PLAN)}
            this = and_(_mine(checkpoint), source_user.c.user_id == bindparam("b_user"))
            blank = {"decision": None, "changes": None, "adopt_id": None, "before_plan": None}
            connection.execute(update(source_user).where(this).values(**was, **blank), rows)

    if checkpoint.read(lambda c: c.execute(query.limit(1)).first()) is not None:
        checkpoint.write(work)


def ask_for_everybody(connection: Connection, checkpoint: Checkpoint, asked: int) -> None:
    """Note on every conflict and failure that it is to be planned again, in the caller's transaction."""
    unfinished = and_(_mine(checkpoint), source_user.c.state.in_((State.CONFLICT, State.FAILED)))
    open_ones = source_user.c.retry.is_distinct_from(AGAIN)
    connection.execute(update(source_user).where(unfinished, open_ones).values(retry=asked))
