"""Users inside Docebo whose login ids are, or look, the same."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import Connection, and_, func, or_, select

from migrator.checkpoint.tables import login, source_user
from migrator.model import State, TargetUser
from migrator.normalize.identity import login_key

if TYPE_CHECKING:
    from migrator.checkpoint.checkpoint import Checkpoint

# Login keys of this kind group what only looks alike; they never set anybody aside.
LOOKS = "look:"


@dataclass(frozen=True, slots=True)
class Member:
    """One user of a group whose login ids collide."""

    user_id: str
    state: State
    login_ids: tuple[str, ...]
    email: str
    created: str
    last_login: str


def collisions(checkpoint: Checkpoint) -> list[list[Member]]:
    """Groups of users whose login ids are the same after the strong fold (matrix D1, B2.12)."""
    return _groups(checkpoint, look=False)


def look_alikes(checkpoint: Checkpoint) -> list[list[Member]]:
    """Groups whose login ids look alike (dots, similar letters) but are not the same: for a person's eye only."""
    groups = _groups(checkpoint, look=True)
    return [group for group in groups if len({login_key(m.login_ids[0]) for m in group if m.login_ids}) > 1]


def _groups(checkpoint: Checkpoint, *, look: bool) -> list[list[Member]]:
    kind = login.c.login_key.startswith(LOOKS) if look else login.c.login_key.not_like(f"{LOOKS}%")
    takes_part = and_(
        source_user.c.migration == checkpoint.key,
        kind,
        source_user.c.state.not_in((State.VANISHED, State.REJECTED)),
        or_(source_user.c.reason.is_(None), source_user.c.reason != "not_included"),
    )
    joined = login.join(
        source_user,
        and_(login.c.migration == source_user.c.migration, login.c.user_id == source_user.c.user_id),
    )
    keys = (
        select(login.c.login_key).select_from(joined).where(takes_part).group_by(login.c.login_key)
        .having(func.count() > 1)
    )  # fmt: skip
    columns = (
        login.c.login_key, source_user.c.user_id, source_user.c.state, source_user.c.profile,
        source_user.c.created, source_user.c.last_login,
    )  # fmt: skip
    query = (
        select(*columns)
        .select_from(joined)
        .where(takes_part, login.c.login_key.in_(keys))
        .order_by(login.c.login_key, source_user.c.user_id)
    )

    def work(connection: Connection) -> list[list[Member]]:
        groups: dict[str, list[Member]] = {}
        for row in connection.execute(query):
            profile = TargetUser.from_json(row.profile) if row.profile else None
            groups.setdefault(row.login_key, []).append(
                Member(
                    row.user_id,
                    State(row.state),
                    profile.all_login_ids if profile else (),
                    profile.email if profile else "",
                    row.created or "",
                    row.last_login or "",
                )
            )
        return list(groups.values())

    return checkpoint.read(work)
