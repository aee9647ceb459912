"""Which users are planned again, and how a command that is not confirmed leaves nothing of that behind.

Everything a command opens is stored beside its old state. `keep_opened` makes it permanent; `restore_unconfirmed`
undoes it: at the end of a plan, after a "no", or in the next command if this one was killed. The same applies to rows
that a mapping overwrote.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import ColumnElement, Connection, and_, case, false, or_, select, true, update

from migrator.checkpoint.db.tables import source_user
from migrator.checkpoint.users.holders import may_let_go
from migrator.checkpoint.users.moves import move_to, put_back
from migrator.checkpoint.users.rows import mine
from migrator.checkpoint.users.stored_user import AGAIN, REJUDGE
from migrator.checkpoint.users.trial_mapping import forget_snapshots, restore_snapshots
from migrator.core.model import ARRIVED_STATES, Decision, State
from migrator.core.reasons import JUDGED_ANEW, Reason

if TYPE_CHECKING:
    from collections.abc import Collection

    from migrator.checkpoint.db.checkpoint import Checkpoint

DUPLICATE_REASONS = (Reason.DUPLICATE_EMAIL, Reason.DUPLICATE_LOGIN)

_BLANK = {"decision": None, "changes": None, "decided_at": None, "reason": None, "detail": None, "adopt_id": None}
_KEPT = ("reason", "detail", "attempts", "retry")


def _noted() -> dict[str, Any]:
    """The columns that keep the earlier values, unless an earlier step of this command already stored them."""
    first = source_user.c.was_state.is_(None)
    values = {f"was_{name}": case((first, source_user.c[name]), else_=source_user.c[f"was_{name}"]) for name in _KEPT}
    return {"was_state": case((first, source_user.c.state), else_=source_user.c.was_state), **values}


_FORGOTTEN = dict.fromkeys(("was_state", *(f"was_{name}" for name in _KEPT)))


def mark_for_retry(checkpoint: Checkpoint, asked: ColumnElement[bool]) -> int:
    """Note that a person wants these users to be planned again; returns their number."""
    statement = update(source_user).where(mine(checkpoint), asked).values(retry=AGAIN, **_noted())
    return checkpoint.write(lambda c: c.execute(statement).rowcount)


def rejudge_given(checkpoint: Checkpoint, kinds: Collection[str]) -> None:
    """Plan whoever was given tenants or roles again, whose record is the same: the policy may take them back now.

    Args:
        kinds: the fields of `core.grants` about which the policy says so.
    """
    given = (source_user.c.sent_fields.contains(f'"{kind}.', autoescape=True) for kind in kinds)
    asked = and_(source_user.c.state.in_(ARRIVED_STATES), source_user.c.retry.is_(None), or_(false(), *given))
    statement = update(source_user).where(mine(checkpoint), asked).values(retry=REJUDGE, **_noted())
    checkpoint.write(lambda c: c.execute(statement))


def reopen_users(checkpoint: Checkpoint, asked: int = 0, *, keep_decisions: bool = False) -> None:
    """Forget earlier decisions on users that are still open.

    Collisions are judged again each time (it costs no call), and so are users who were given up on, set aside as
    drifted, or kept waiting by a login that may be released. Every other conflict or failure stays until its Docebo
    record changes, a person asks for it, or the policy changes.

    Args:
        asked: `stored_user.AGAIN` or `stored_user.REJUDGE` opens every conflict and failure.
        keep_decisions: this run has already planned; only its conflicts are judged again, because others may have left.
    """
    may_be_over = source_user.c.reason.in_(JUDGED_ANEW) | may_let_go(source_user.c.detail)
    again = move_to(
        checkpoint,
        State.PENDING,
        source_user.c.state.in_((State.CONFLICT, State.FAILED)),
        source_user.c.profile.is_not(None),
        true() if asked else or_(may_be_over, source_user.c.retry.is_not(None)),
    )
    pending = and_(mine(checkpoint), source_user.c.state == State.PENDING)
    if keep_decisions:
        pending = and_(pending, source_user.c.decision == Decision.CONFLICT)
        again = again.where(source_user.c.reason != Reason.GAVE_UP)
    values: dict[str, Any] = {
        # Users who were given up on are tried once more, after all others and alone, not from the start.
        "attempts": case((source_user.c.reason == Reason.GAVE_UP, source_user.c.attempts), else_=0),
        **_BLANK,
        **_noted(),
    }
    if asked:
        values["retry"] = case((source_user.c.retry == AGAIN, AGAIN), else_=asked)

    def work(connection: Connection) -> None:
        decided = or_(*(source_user.c[name].is_not(None) for name in _BLANK))
        connection.execute(update(source_user).where(pending, decided).values(**_BLANK))
        connection.execute(again.values(**values))

    checkpoint.write(work)


def keep_opened(connection: Connection, checkpoint: Checkpoint) -> None:
    """Keep what was opened, in the caller's transaction."""
    noted = and_(mine(checkpoint), source_user.c.was_state.is_not(None))
    connection.execute(update(source_user).where(noted).values(**_FORGOTTEN))
    forget_snapshots(connection, checkpoint)


def keep_opened_users(checkpoint: Checkpoint, user_ids: Collection[str]) -> None:
    """Keep what was opened of these users alone."""
    noted = and_(mine(checkpoint), source_user.c.was_state.is_not(None), source_user.c.user_id.in_(user_ids))
    checkpoint.write(lambda c: c.execute(update(source_user).where(noted).values(**_FORGOTTEN)))


def restore_unconfirmed(checkpoint: Checkpoint) -> None:
    """Undo what an unconfirmed command opened or overwrote."""
    restore_snapshots(checkpoint)
    noted = and_(mine(checkpoint), source_user.c.was_state.is_not(None))
    was = {name: source_user.c[f"was_{name}"] for name in _KEPT}
    undo = put_back(checkpoint, source_user.c.was_state, noted)
    undo = undo.values(**was, decision=None, changes=None, adopt_id=None, **_FORGOTTEN)
    if checkpoint.read(lambda c: c.execute(select(source_user.c.user_id).where(noted).limit(1)).first()) is not None:
        checkpoint.write(lambda c: c.execute(undo))
