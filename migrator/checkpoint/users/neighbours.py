"""Who is related to a user: Docebo users with the same login, and the Docebo user behind a Descope user."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import func, select

from migrator.checkpoint.db.tables import login, source_user
from migrator.checkpoint.users.collisions import takes_part
from migrator.checkpoint.users.holders import MOST_HOLDERS
from migrator.checkpoint.users.rows import LOGINS, mine

if TYPE_CHECKING:
    from collections.abc import Sequence

    from migrator.checkpoint.db.checkpoint import Checkpoint

LARGE = 100  # groups of at least this size are counted once and kept


@dataclass(frozen=True, slots=True)
class LoginGroup:
    """One group of users that share a login: the ids of the first of them, and the number of all."""

    first: tuple[str, ...]
    users: int


class SharedLogins:
    """Finds the groups of users, a few hundred at a time, with a single query for each large group."""

    def __init__(self, checkpoint: Checkpoint) -> None:
        self._checkpoint = checkpoint
        self._large: dict[str, LoginGroup] = {}

    def of(self, user_ids: Sequence[str]) -> dict[str, list[LoginGroup]]:
        """The groups of each user, one for each login it shares with another user."""
        query = select(login.c.user_id, login.c.login_key).where(
            self._checkpoint.owns(login), login.c.user_id.in_(user_ids)
        )
        pairs = self._checkpoint.read(lambda c: c.execute(query).all()) if user_ids else []
        found = self._groups({pair.login_key for pair in pairs})
        groups: dict[str, list[LoginGroup]] = {}
        for pair in pairs:
            if pair.login_key in found:
                groups.setdefault(pair.user_id, []).append(found[pair.login_key])
        return groups

    def _groups(self, keys: set[str]) -> dict[str, LoginGroup]:
        place = func.row_number().over(
            partition_by=login.c.login_key, order_by=(func.length(login.c.user_id), login.c.user_id)
        )
        users = func.count().over(partition_by=login.c.login_key)
        numbered = (
            select(login.c.login_key, login.c.user_id, place.label("place"), users.label("users"))
            .select_from(LOGINS)
            .where(takes_part(self._checkpoint), login.c.login_key.in_(keys - self._large.keys()))
            .subquery()
        )
        query = (
            select(numbered)
            .where(numbered.c.users > 1, numbered.c.place <= MOST_HOLDERS + 1)
            .order_by(numbered.c.login_key, numbered.c.place)
        )
        ids: dict[str, list[str]] = {}
        sizes: dict[str, int] = {}
        for row in self._checkpoint.read(lambda c: c.execute(query).all()):
            ids.setdefault(row.login_key, []).append(row.user_id)
            sizes[row.login_key] = row.users
        found = {key: LoginGroup(tuple(first), sizes[key]) for key, first in ids.items()}
        self._large |= {key: group for key, group in found.items() if group.users >= LARGE}
        return self._large | found


def docebo_ids(checkpoint: Checkpoint, target_ids: Sequence[str]) -> dict[str, str]:
    """Descope user id to Docebo user id, for those that this migration brought or knows."""
    query = select(source_user.c.target_id, source_user.c.user_id).where(
        mine(checkpoint), source_user.c.target_id.in_(target_ids)
    )
    rows = checkpoint.read(lambda c: c.execute(query).all()) if target_ids else []
    return {row.target_id: row.user_id for row in rows}
