"""Users inside Docebo whose login ids are, or look, the same."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import groupby
from typing import TYPE_CHECKING, Any

from sqlalchemy import ColumnElement, Row, and_, bindparam, func, literal, or_, select, tuple_

from migrator.checkpoint.db.tables import login, source_user
from migrator.checkpoint.users.moves import move_to
from migrator.checkpoint.users.rows import mine
from migrator.core.fields import SentFields
from migrator.core.model import State, TargetUser
from migrator.core.reasons import Reason

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from migrator.checkpoint.db.checkpoint import Checkpoint

# Login keys of this kind group login ids that only look alike; they never set anybody aside.
LOOK_ALIKE = "look:"


_PAGE = 5000


@dataclass(frozen=True, slots=True)
class CollidingUser:
    """One user of a group whose login ids collide; `key` is the group's.

    `arrived` says that the user is in Descope, `holds` that this very login is among those sent for it.
    """

    user_id: str
    state: State
    login_ids: tuple[str, ...]
    email: str
    created: str
    last_login: str
    key: str = ""
    arrived: bool = False
    holds: bool = False


def takes_part(checkpoint: Checkpoint, *, look: bool = False) -> ColumnElement[bool]:
    """Whether a row of `login` joined with `source_user` counts in the collisions of that kind."""
    return and_(
        mine(checkpoint),
        login.c.login_key.startswith(LOOK_ALIKE) if look else login.c.login_key.not_like(f"{LOOK_ALIKE}%"),
        source_user.c.state.not_in((State.VANISHED, State.REJECTED)),
        or_(source_user.c.reason.is_(None), source_user.c.reason != Reason.NOT_INCLUDED),
    )


def colliding_users(checkpoint: Checkpoint, *, look: bool = False) -> Iterator[CollidingUser]:
    """Users whose login ids are the same after the strong fold, group by group (docs/decisions/0008).

    Memory stays flat.

    Args:
        look: groups whose login ids only look alike, for a person to check; groups of equal ones may be among them.
    """
    counted = takes_part(checkpoint, look=look)
    joined = login.join(
        source_user,
        and_(login.c.migration == source_user.c.migration, login.c.user_id == source_user.c.user_id),
    )
    keys = (
        select(login.c.login_key).select_from(joined).where(counted).group_by(login.c.login_key)
        .having(func.count() > 1).order_by(login.c.login_key).limit(_PAGE)
    )  # fmt: skip
    columns = (
        login.c.login_key, source_user.c.user_id, source_user.c.state, source_user.c.profile, source_user.c.target_id,
        source_user.c.source_created, source_user.c.source_last_login, source_user.c.sent_fields,
    )  # fmt: skip
    query = (
        select(*columns)
        .select_from(joined)
        .where(counted)
        .order_by(login.c.login_key, source_user.c.user_id)
        .limit(_PAGE)
    )
    after = ("", "")
    while True:
        behind = tuple_(login.c.login_key, login.c.user_id) > tuple_(*map(literal, after))
        some = query.where(behind, login.c.login_key.in_(keys.where(login.c.login_key >= after[0])))
        rows = checkpoint.read(lambda c, some=some: c.execute(some).all())  # type: ignore[misc]
        yield from map(_member, rows)
        if len(rows) < _PAGE:
            return
        after = (rows[-1].login_key, rows[-1].user_id)


def _member(row: Row[Any]) -> CollidingUser:
    profile = TargetUser.from_json(row.profile) if row.profile else None
    state, sent = State(row.state), SentFields.from_json(row.sent_fields)
    arrived = row.target_id is not None
    return CollidingUser(
        row.user_id,
        state,
        profile.all_login_ids if profile else (),
        profile.email if profile else "",
        row.source_created or "",
        row.source_last_login or "",
        row.login_key,
        arrived,
        # If a user arrived before sent logins were recorded, the login is assumed to have been sent.
        arrived and (row.login_key in sent.logins if sent is not None and sent.logins else True),
    )


def collision_groups(members: Iterator[CollidingUser]) -> Iterator[tuple[str, Iterator[CollidingUser]]]:
    """Each group's key and members; read a group completely before asking for the next one."""
    return groupby(members, key=lambda member: member.key)


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
    aside = move_to(checkpoint, State.CONFLICT, losing).values(reason=bindparam("b_reason"))
    rows = [
        {"b_key": key, "b_reason": reason, "b_winner": winner or "", "b_everybody": int(not newcomers)}
        for key, reason, winner, newcomers in groups
    ]
    if rows:
        checkpoint.write(lambda c: c.execute(aside, rows))
