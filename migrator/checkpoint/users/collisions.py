"""Users inside Docebo whose login ids are, or look, the same."""

from __future__ import annotations

from itertools import groupby
from operator import itemgetter
from typing import TYPE_CHECKING

from sqlalchemy import ColumnElement, Text, and_, bindparam, func, literal, or_, select, tuple_

from migrator.checkpoint.db.tables import login, source_user
from migrator.checkpoint.users.moves import move_to
from migrator.checkpoint.users.rows import LOGINS, mine
from migrator.checkpoint.users.stored_user import STORED_COLUMNS, StoredUser
from migrator.core.model import State
from migrator.core.reasons import Reason

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence

    from migrator.checkpoint.db.checkpoint import Checkpoint

# Login keys of this kind group login ids that only look alike; they never set anybody aside.
LOOK_ALIKE = "look:"


_PAGE = 5000


def takes_part(checkpoint: Checkpoint, *, look: bool = False) -> ColumnElement[bool]:
    """Whether a row of `login` joined with `source_user` counts in the collisions of that kind."""
    return and_(
        mine(checkpoint),
        login.c.login_key.startswith(LOOK_ALIKE) if look else login.c.login_key.not_like(f"{LOOK_ALIKE}%"),
        source_user.c.state.not_in((State.VANISHED, State.REJECTED)),
        or_(source_user.c.reason.is_(None), source_user.c.reason.not_in((Reason.NOT_INCLUDED, Reason.LEFT_OUT))),
    )


def colliding_users(checkpoint: Checkpoint, *, look: bool = False) -> Iterator[tuple[str, StoredUser]]:
    """Users whose login ids are the same after the strong fold, each behind its group's key (docs/decisions/0008).

    They come group by group; memory stays flat.

    Args:
        look: groups whose login ids only look alike, for a person to check; groups of equal ones may be among them.
    """
    counted = takes_part(checkpoint, look=look)
    # Most keys stand alone, which the keys themselves tell: only of the others is it looked up whether they count.
    every = login.alias("every_login")
    repeated = (
        select(every.c.login_key).where(every.c.migration == checkpoint.key, every.c.login_key >= bindparam("b_first"))
        .group_by(every.c.login_key).having(func.count() > 1)
    )  # fmt: skip
    keys = (
        select(login.c.login_key).select_from(LOGINS).where(counted, login.c.login_key.in_(repeated))
        .group_by(login.c.login_key).having(func.count() > 1).order_by(login.c.login_key).limit(_PAGE)
    )  # fmt: skip
    query = (
        select(login.c.login_key, *STORED_COLUMNS)
        .select_from(LOGINS)
        .where(counted)
        .order_by(login.c.login_key, source_user.c.user_id)
        .limit(_PAGE)
    )
    after = ("", "")
    while True:
        behind = tuple_(login.c.login_key, login.c.user_id) > tuple_(*map(literal, after))
        some = query.where(behind, login.c.login_key.in_(keys))
        rows = checkpoint.read(lambda c, some=some, first=after[0]: c.execute(some, {"b_first": first}).all())  # type: ignore[misc]
        yield from ((key, StoredUser.of(user)) for key, *user in rows)
        if len(rows) < _PAGE:
            return
        after = (rows[-1].login_key, rows[-1].user_id)


def users_sharing(checkpoint: Checkpoint, user_ids: Collection[str]) -> Iterator[tuple[str, StoredUser]]:
    """Of the groups of `colliding_users`, those that these users belong to, likewise."""
    theirs = select(login.c.login_key).where(checkpoint.owns(login), login.c.user_id.in_(user_ids))
    query = (
        select(login.c.login_key, *STORED_COLUMNS)
        .select_from(LOGINS)
        .where(takes_part(checkpoint), login.c.login_key.in_(theirs))
        .order_by(login.c.login_key, source_user.c.user_id)
    )
    rows = checkpoint.read(lambda c: c.execute(query).all())
    for key, group in groupby(rows, key=itemgetter(0)):
        members = list(group)
        if len(members) > 1:
            yield from ((key, StoredUser.of(user)) for _, *user in members)


def collision_groups(members: Iterator[tuple[str, StoredUser]]) -> Iterator[tuple[str, Iterator[StoredUser]]]:
    """Each group's key and members; read a group completely before asking for the next one."""
    return ((key, (user for _, user in group)) for key, group in groupby(members, key=itemgetter(0)))


def set_colliding_aside(checkpoint: Checkpoint, groups: Sequence[tuple[str, str, str | None, bool]]) -> None:
    """Move the pending users of collision groups to `conflict`.

    Args:
        groups: login key, reason code, the user id that is migrated, and whether only newcomers are set aside.
    """
    theirs = select(login.c.user_id).where(checkpoint.owns(login), login.c.login_key == bindparam("b_key"))
    losing = and_(
        source_user.c.state == State.PENDING,
        source_user.c.user_id.in_(theirs),
        source_user.c.user_id != bindparam("b_winner"),
        or_(source_user.c.target_id.is_(None), bindparam("b_everybody") == 1),
    )
    aside = move_to(checkpoint, State.CONFLICT, losing, reason=bindparam("b_reason", type_=Text)).values(
        decision=None, changes=None, adopt_id=None
    )
    rows = [
        {"b_key": key, "b_reason": reason, "b_winner": winner or "", "b_everybody": int(not newcomers)}
        for key, reason, winner, newcomers in groups
    ]
    if rows:
        checkpoint.write(lambda c: c.execute(aside, rows))
