"""What a person has decided about users (docs/decisions/0026): stored only when a plan is confirmed."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection, and_, case, delete, func, insert, select, update

from migrator.checkpoint.db.tables import login, source_user, user_choice
from migrator.checkpoint.users.collisions import takes_part
from migrator.checkpoint.users.rows import LOGINS, mine
from migrator.checkpoint.users.stored_user import REJUDGE, STORED_COLUMNS, StoredUser
from migrator.checkpoint.users.trial_mapping import login_keys, row_snapshot
from migrator.checkpoint.users.verdicts import known_users
from migrator.core.choices import Choice, UserChoice
from migrator.core.model import State

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence

    from sqlalchemy import ColumnElement, Select

    from migrator.checkpoint.db.checkpoint import Checkpoint

_AT_ONCE = 500


def load_choices(checkpoint: Checkpoint) -> dict[str, UserChoice]:
    """Every decision in force, by Docebo user id."""
    columns = (user_choice.c.user_id, user_choice.c.kind, user_choice.c.value)
    rows = checkpoint.read(lambda c: c.execute(select(*columns).where(checkpoint.owns(user_choice))).all())
    return {row.user_id: UserChoice(Choice(row.kind), row.value or "") for row in rows}


def store_choices(connection: Connection, checkpoint: Checkpoint, changed: Mapping[str, UserChoice | None]) -> None:
    """Store decisions in the caller's transaction; None takes one back."""
    for some in _parts(sorted(changed)):
        theirs = and_(checkpoint.owns(user_choice), user_choice.c.user_id.in_(some))
        connection.execute(delete(user_choice).where(theirs))
    rows = [
        {"migration": checkpoint.key, "user_id": user_id, "kind": one.kind, "value": one.value or None}
        for user_id, one in changed.items()
        if one is not None
    ]
    if rows:
        connection.execute(insert(user_choice), rows)


def open_chosen(checkpoint: Checkpoint, user_ids: Collection[str]) -> None:
    """Let these users be judged again; unless that is confirmed, `restore_unconfirmed` restores their rows."""
    blocked = and_(source_user.c.state.in_((State.CONFLICT, State.FAILED)), source_user.c.retry.is_(None))
    again = case((blocked, REJUDGE), else_=source_user.c.retry)

    def work(connection: Connection) -> None:
        for some in _parts(sorted(user_ids)):
            keys = login_keys(connection, checkpoint, some)
            rows = connection.execute(select(source_user).where(mine(checkpoint), source_user.c.user_id.in_(some)))
            for row in rows.all():
                this = and_(mine(checkpoint), source_user.c.user_id == row.user_id)
                before = row_snapshot(row, keys.get(row.user_id, ()))
                connection.execute(update(source_user).where(this).values(was_row=before, retry=again))

    if user_ids:
        checkpoint.write(work)


def stored_users(checkpoint: Checkpoint, user_ids: Collection[str]) -> dict[str, StoredUser]:
    """Those of these users whom the checkpoint knows."""
    found: dict[str, StoredUser] = {}
    for some in _parts(sorted(user_ids)):
        found |= known_users(checkpoint, some)
    return found


def keys_of(checkpoint: Checkpoint, user_ids: Collection[str]) -> dict[str, set[str]]:
    """The login keys of these users by which they can collide."""
    query = select(login.c.user_id, login.c.login_key).select_from(LOGINS).where(takes_part(checkpoint))
    keys: dict[str, set[str]] = {}
    for user_id, key in _rows(checkpoint, query, login.c.user_id, user_ids):
        keys.setdefault(user_id, set()).add(key)
    return keys


def users_with_keys(checkpoint: Checkpoint, keys: Collection[str]) -> dict[str, list[StoredUser]]:
    """Login key to the users who have it and can collide."""
    query = select(login.c.login_key, *STORED_COLUMNS).select_from(LOGINS).where(takes_part(checkpoint))
    query = query.order_by(func.length(login.c.user_id), login.c.user_id)
    found: dict[str, list[StoredUser]] = {}
    for key, *user in _rows(checkpoint, query, login.c.login_key, keys):
        found.setdefault(key, []).append(StoredUser.of(user))
    return found


def _rows(
    checkpoint: Checkpoint, query: Select[Any], column: ColumnElement[str], values: Collection[str]
) -> Iterator[Any]:
    """The rows of a query with one of these values in a column."""
    for some in _parts(sorted(values)):
        yield from checkpoint.read(partial(_all, query.where(column.in_(some))))


def _all(query: Select[Any], connection: Connection) -> Sequence[Any]:
    return connection.execute(query).all()


def _parts(some: Sequence[str]) -> Iterator[Sequence[str]]:
    """A few hundred at a time: a statement takes only so many parameters."""
    return (some[first : first + _AT_ONCE] for first in range(0, len(some), _AT_ONCE))
