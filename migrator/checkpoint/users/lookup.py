"""Which stored users a person may mean by an id, an address or a name."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import ColumnElement, func, select

from migrator.checkpoint.db.tables import login, source_user
from migrator.checkpoint.users.rows import pages
from migrator.checkpoint.users.stored_user import STORED_COLUMNS, StoredUser
from migrator.core.fields import login_hash
from migrator.core.model import canonical_json

if TYPE_CHECKING:
    from collections.abc import Iterator

    from migrator.checkpoint.db.checkpoint import Checkpoint


def users_by_id_or_login(checkpoint: Checkpoint, who: str) -> list[StoredUser]:
    """Those with this Docebo id; or else this Descope id; or else this login id, in any spelling. With `raw`."""
    theirs = select(login.c.user_id).where(checkpoint.owns(login), login.c.login_key == login_hash(who))
    for means in (source_user.c.user_id == who, source_user.c.target_id == who, source_user.c.user_id.in_(theirs)):
        if found := list(_stored(checkpoint, means)):
            return found
    return []


def users_with_value(checkpoint: Checkpoint, value: str) -> Iterator[StoredUser]:
    """Those in whose record any field may have this value, in any case of its letters. With `raw`; reads every record.

    Users whose records were erased are not among them.
    """
    means = func.lower(source_user.c.raw).contains(canonical_json(value.lower()), autoescape=True)
    # The records' text is ASCII, so that no database knows the case of other letters there.
    yield from _stored(checkpoint, means if value.isascii() else source_user.c.raw.is_not(None))


def _stored(checkpoint: Checkpoint, means: ColumnElement[bool]) -> Iterator[StoredUser]:
    """Those users; memory stays flat, as a value may be everybody's."""
    columns = (*STORED_COLUMNS[1:], source_user.c.raw)
    return (StoredUser.of(row) for page in pages(checkpoint, columns, means) for row in page)
