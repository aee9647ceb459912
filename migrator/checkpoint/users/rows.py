"""The rows of `source_user` that belong to this migration: the condition for that, and reading them page by page."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import ColumnElement, Connection, Row, and_, bindparam, func, select

from migrator.checkpoint.db.tables import login, source_user

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from migrator.checkpoint.db.checkpoint import Checkpoint

_SIZE = 1000

# Login keys with the users who have them.
LOGINS: Final = login.join(
    source_user, and_(login.c.migration == source_user.c.migration, login.c.user_id == source_user.c.user_id)
)


def mine(checkpoint: Checkpoint) -> ColumnElement[bool]:
    """Whether a row belongs to this migration: part of every condition on users."""
    return checkpoint.owns(source_user)


def this_user(checkpoint: Checkpoint) -> ColumnElement[bool]:
    """Whether a row is the user of parameter `b_user`, for a statement that runs once for each of many users."""
    return and_(mine(checkpoint), source_user.c.user_id == bindparam("b_user"))


def count_where(checkpoint: Checkpoint, *where: ColumnElement[bool]) -> int:
    """How many users of this migration meet these conditions."""
    query = select(func.count()).select_from(source_user).where(mine(checkpoint), *where)
    return checkpoint.read(lambda c: c.execute(query).scalar_one())


def pages(
    checkpoint: Checkpoint,
    columns: Iterable[ColumnElement[Any]],
    *where: ColumnElement[bool],
    size: int = _SIZE,
    growing: bool = False,
) -> Iterator[Sequence[Row[Any]]]:
    """Users of this migration in the order of their id text, `size` at a time; memory stays flat.

    Each page is read separately, after the last id of the previous one, when it is asked for: the code that handles
    a page may change its users.

    Args:
        columns: what to read besides `user_id`.
        growing: users may be added while a page is handled, so a short page does not count as the last one.

    Yields:
        Pages that are not empty.
    """
    behind = source_user.c.user_id > bindparam("b_after")
    query = select(source_user.c.user_id, *columns).where(mine(checkpoint), *where, behind)
    query = query.order_by(source_user.c.user_id).limit(size)
    after = ""

    def work(connection: Connection) -> Sequence[Row[Any]]:
        return connection.execute(query, {"b_after": after}).all()

    while rows := checkpoint.read(work):
        yield rows
        if len(rows) < size and not growing:
            return
        after = rows[-1].user_id
