"""Columns are called what they hold: which hash, which state, and whose dates.

Revision: 0005, after 0004.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import sqlalchemy as sa
from alembic import op

if TYPE_CHECKING:
    from collections.abc import Mapping

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

_RENAMED = {
    "migration": {"mapping": "mapping_fingerprint", "policy": "policy_fingerprint"},
    "source_user": {
        "notes": "note_codes",
        "created": "source_created",
        "last_login": "source_last_login",
        "hash": "target_hash",
        "seen": "found_fingerprint",
        "predicted": "predicted_state",
    },
}
_AT_ONCE = 500


def upgrade() -> None:
    """Give the columns their new names."""
    for table, names in _RENAMED.items():
        _rename(table, names)
    _rename_in_snapshots(_RENAMED["source_user"])


def downgrade() -> None:
    """Give them their old names."""
    for table, names in _RENAMED.items():
        _rename(table, {new: old for old, new in names.items()})
    _rename_in_snapshots({new: old for old, new in _RENAMED["source_user"].items()})


def _rename(table: str, names: Mapping[str, str]) -> None:
    for old, new in names.items():
        op.alter_column(table, old, new_column_name=new)


def _rename_in_snapshots(names: Mapping[str, str]) -> None:
    """The rows that an unconfirmed mapping overwrote are kept as JSON, by column; a command that was killed left them.

    There may be one for each user, so they are read page by page.
    """
    user = sa.table("source_user", *map(sa.column, ("migration", "user_id", "was_row")))
    key = sa.tuple_(user.c.migration, user.c.user_id)
    query = sa.select(user).where(user.c.was_row.is_not(None)).order_by(user.c.migration, user.c.user_id)
    this = (user.c.migration == sa.bindparam("b_migration"), user.c.user_id == sa.bindparam("b_user"))
    renamed = sa.update(user).where(*this).values(was_row=sa.bindparam("b_row"))
    connection = op.get_bind()
    after = ("", "")
    while rows := connection.execute(query.where(key > sa.tuple_(*map(sa.literal, after))).limit(_AT_ONCE)).all():
        found = [(one, json.loads(one.was_row)) for one in rows]
        values = [
            {
                "b_migration": one.migration,
                "b_user": one.user_id,
                "b_row": json.dumps(was | {"row": {names.get(name, name): held for name, held in was["row"].items()}}),
            }
            for one, was in found
        ]
        connection.execute(renamed, values)
        after = (rows[-1].migration, rows[-1].user_id)
