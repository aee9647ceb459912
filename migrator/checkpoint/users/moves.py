"""The statements that write a user's `state`; nothing else does. Each makes only moves that `core.transitions` allows.

They write the history of the states, too, and the reason of a state that has one. A user that may not make the move is
not changed, as if the condition excluded it; `move_each` treats that as an error.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import ColumnElement, Connection, Insert, Update, insert, or_, update

from migrator.checkpoint.db.tables import source_user
from migrator.checkpoint.users.rows import mine
from migrator.checkpoint.users.state_history import with_change
from migrator.core.model import OPEN_STATES
from migrator.core.transitions import ALLOWED, FIRST_STATES, RESTORABLE

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from migrator.checkpoint.db.checkpoint import Checkpoint
    from migrator.core.model import State


class IllegalMove(RuntimeError):
    """A bug: a user was to move to a state that its present state does not lead to, or there is no such user."""


def move_to(
    checkpoint: Checkpoint,
    to: State,
    *where: ColumnElement[bool],
    reason: ColumnElement[str] | str | None = None,
) -> Update:
    """The statement that moves users of this migration to a state; `values` adds the other columns.

    Args:
        reason: the reason code; a column or parameter where the users have different ones. Without one, the history
            does not tell a move to an open state, and the reason of such a user stays.
    """
    come = _is_one_of(source_user.c.state, ALLOWED[to])
    moved = update(source_user).where(mine(checkpoint), come, *where).values(state=to)
    if reason is None and to in OPEN_STATES:
        return moved
    return moved.values(reason=reason, history=with_change(checkpoint, to, reason))


def insert_as(checkpoint: Checkpoint, state: State) -> Insert:
    """The statement that stores users who were not known, for rows with every other column.

    Raises:
        IllegalMove: no user begins in that state.
    """
    if state not in FIRST_STATES:
        raise IllegalMove(f"no user begins as {state}")
    return insert(source_user).values(migration=checkpoint.key, state=state)


def put_back(checkpoint: Checkpoint, state: ColumnElement[Any], *where: ColumnElement[bool]) -> Update:
    """The statement that undoes what a command did to users: it restores their earlier state.

    Args:
        state: the column or parameter that holds the earlier state.
    """
    undone = (_is_one_of(source_user.c.state, RESTORABLE), _is_one_of(state, RESTORABLE))
    return update(source_user).where(mine(checkpoint), *undone, *where).values(state=state)


def move_each(connection: Connection, statement: Update, rows: Sequence[dict[str, Any]]) -> None:
    """Run a statement once for each row of parameters; each one must find its user.

    Raises:
        IllegalMove: one did not, so the caller's transaction must not be committed.
    """
    found = connection.execute(statement, rows).rowcount if rows else 0
    if found != len(rows):
        raise IllegalMove(f"{len(rows) - found} of {len(rows)} users may not come from where they are")


def _is_one_of(state: ColumnElement[Any], states: Collection[State]) -> ColumnElement[bool]:
    # A list after IN cannot be bound if a statement runs for many rows.
    return or_(*(state == one for one in sorted(states)))
