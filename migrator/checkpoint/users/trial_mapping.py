"""Rows as they were before an unconfirmed mapping overwrote them (docs/decisions/0014).

A plan with another mapping reads everybody with that mapping. The rows it overwrites keep their old content, as JSON,
until the mapping is bound (`forget_snapshots`) or the command ends without that (`restore_snapshots`).
"""

from __future__ import annotations

import json
from functools import partial
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection, Text, and_, bindparam, delete, insert, select, update

from migrator.checkpoint.db.tables import login, source_user
from migrator.checkpoint.users.moves import move_each, put_back
from migrator.checkpoint.users.rows import mine, this_user

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from sqlalchemy import Row

    from migrator.checkpoint.db.checkpoint import Checkpoint

_AT_ONCE = 500
# Not derived from the record by the mapping: the key, and which reading last saw the user.
_NO_PART = ("migration", "user_id", "seen_sweep", "was_row")
_KEPT = tuple(column.name for column in source_user.c if column.name not in _NO_PART)


def login_keys(connection: Connection, checkpoint: Checkpoint, user_ids: Collection[str]) -> dict[str, list[str]]:
    """The login keys that the checkpoint has for these users."""
    query = select(login.c.user_id, login.c.login_key).where(checkpoint.owns(login), login.c.user_id.in_(user_ids))
    keys: dict[str, list[str]] = {}
    for user_id, key in connection.execute(query):
        keys.setdefault(user_id, []).append(key)
    return keys


def row_snapshot(row: Row[Any], keys: Iterable[str]) -> str:
    """What to restore, as column `was_row` holds it; the first snapshot counts, whatever overwrites the row later.

    Args:
        row: all columns of the user's row.
        keys: its login keys.
    """
    kept: str | None = row.was_row
    return kept or json.dumps({"row": {name: getattr(row, name) for name in _KEPT}, "logins": sorted(keys)})


def forget_snapshots(connection: Connection, checkpoint: Checkpoint) -> None:
    """Keep what was written, in the caller's transaction."""
    written = and_(mine(checkpoint), source_user.c.was_row.is_not(None))
    connection.execute(update(source_user).where(written).values(was_row=None))


def restore_snapshots(checkpoint: Checkpoint) -> None:
    """Restore every overwritten row, with its login keys; memory stays flat."""
    written = and_(mine(checkpoint), source_user.c.was_row.is_not(None))
    query = select(source_user.c.user_id, source_user.c.was_row).where(written).limit(_AT_ONCE)

    def restore(rows: list[tuple[str, str]], connection: Connection) -> None:
        was = {user_id: json.loads(text) for user_id, text in rows}
        undo = put_back(checkpoint, bindparam("b_state", type_=Text), this_user(checkpoint)).values(was_row=None)
        # A version that knew no hash of the record kept none; the hash of the trial would be a lie.
        rows_before = [
            {"b_user": user_id, "b_state": one["row"].pop("state"), "record_hash": None, **one["row"]}
            for user_id, one in was.items()
        ]
        move_each(connection, undo, rows_before)
        theirs = and_(checkpoint.owns(login), login.c.user_id.in_(was))
        connection.execute(delete(login).where(theirs))
        keys = [
            {"migration": checkpoint.key, "user_id": user_id, "login_key": key}
            for user_id, one in was.items()
            for key in one["logins"]
        ]
        if keys:
            connection.execute(insert(login), keys)

    while rows := [(row.user_id, row.was_row) for row in checkpoint.read(lambda c: c.execute(query).all())]:
        checkpoint.write(partial(restore, rows))
