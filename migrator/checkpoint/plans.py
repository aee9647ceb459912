"""The planning side of the checkpoint: collisions, scope, and one decision per pending user."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection, and_, delete, func, insert, or_, select, update

from migrator.checkpoint.tables import known_mark, login, migration, source_user
from migrator.model import Decision, State, TargetUser

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from migrator.checkpoint.checkpoint import Checkpoint

DUPLICATES = ("duplicate_email", "duplicate_login")
# A stranger found while planning: stored like a decision, because only a real run makes it a final state.
CONFLICT = "conflict"


@dataclass(frozen=True, slots=True)
class Candidate:
    """A pending user: the target it should become, and the Descope user it is known to be, if any."""

    target: TargetUser
    hash: str
    target_id: str | None
    attempts: int = 0

    @property
    def user_id(self) -> str:
        """The Docebo user id."""
        return self.target.user_id


@dataclass(frozen=True, slots=True)
class Member:
    """One user of a group whose login ids collide."""

    user_id: str
    state: State
    login_ids: tuple[str, ...]
    email: str
    created: str
    last_login: str


@dataclass(frozen=True, slots=True)
class Planned:
    """The decision on one user: `decision` is a `Decision` or "conflict" with a reason.

    `changes` is {field: [before, after]} for an update.
    """

    user_id: str
    decision: str
    target_id: str | None = None
    reason: str | None = None
    changes: dict[str, list[Any]] | None = None


def _mine(checkpoint: Checkpoint) -> Any:  # noqa: ANN401 -- a SQL condition
    return source_user.c.migration == checkpoint.key


def reopen(checkpoint: Checkpoint, *, policy_changed: bool) -> None:
    """Forget earlier decisions on users that are still open.

    Collisions are judged anew each time (it costs no call); a person's conflict at Descope only when
    the policy that made it was changed.
    """
    reasons = DUPLICATES if not policy_changed else (*DUPLICATES, "login_taken")
    blank = {"decision": None, "changes": None, "decided_at": None, "reason": None, "detail": None}

    def work(connection: Connection) -> None:
        connection.execute(
            update(source_user).where(_mine(checkpoint), source_user.c.state == State.PENDING).values(**blank)
        )
        connection.execute(
            update(source_user)
            .where(_mine(checkpoint), source_user.c.state == State.CONFLICT, source_user.c.reason.in_(reasons))
            .values(state=State.PENDING, **blank)
        )

    checkpoint.write(work)


def collisions(checkpoint: Checkpoint) -> list[list[Member]]:
    """Groups of users whose login ids are the same after the strong fold (matrix D1, B2.12)."""
    takes_part = and_(
        _mine(checkpoint),
        source_user.c.state.not_in((State.VANISHED, State.REJECTED)),
        or_(source_user.c.reason.is_(None), source_user.c.reason != "not_included"),
        source_user.c.profile.is_not(None) | source_user.c.target_id.is_not(None),
    )
    joined = login.join(
        source_user,
        and_(login.c.migration == source_user.c.migration, login.c.user_id == source_user.c.user_id),
    )
    keys = (
        select(login.c.login_key)
        .select_from(joined)
        .where(takes_part)
        .group_by(login.c.login_key)
        .having(func.count() > 1)
    )
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


def set_aside(checkpoint: Checkpoint, user_ids: Iterable[str], state: State, reason: str) -> None:
    """Move pending users to `conflict` or `skipped` with a reason."""

    def work(connection: Connection) -> None:
        for user_id in user_ids:
            connection.execute(
                update(source_user)
                .where(_mine(checkpoint), source_user.c.user_id == user_id, source_user.c.state == State.PENDING)
                .values(state=state, reason=reason)
            )

    checkpoint.write(work)


def keep_only(checkpoint: Checkpoint, *, limit: int | None, seen_since: int | None) -> None:
    """Leave pending users out of this run: all but the first `limit`, all not seen since a sweep."""
    pending = and_(_mine(checkpoint), source_user.c.state == State.PENDING)
    order = (func.length(source_user.c.user_id), source_user.c.user_id)

    def work(connection: Connection) -> None:
        if seen_since is not None:
            connection.execute(
                update(source_user)
                .where(pending, source_user.c.seen_sweep < seen_since)
                .values(state=State.SKIPPED, reason="search_text")
            )
        if limit is not None:
            kept = select(source_user.c.user_id).where(pending).order_by(*order).limit(limit).scalar_subquery()
            connection.execute(
                update(source_user)
                .where(pending, source_user.c.user_id.not_in(kept))
                .values(state=State.SKIPPED, reason="limit")
            )

    checkpoint.write(work)


def undecided(checkpoint: Checkpoint, after: str, limit: int) -> list[Candidate]:
    """Pending users without a decision, in the order of their id text, behind user id `after`."""
    query = (
        select(source_user.c.user_id, source_user.c.profile, source_user.c.hash, source_user.c.target_id)
        .where(
            _mine(checkpoint),
            source_user.c.state == State.PENDING,
            source_user.c.decision.is_(None),
            source_user.c.user_id > after,
        )
        .order_by(source_user.c.user_id)
        .limit(limit)
    )

    def work(connection: Connection) -> list[Candidate]:
        return [
            Candidate(TargetUser.from_json(row.profile), row.hash, row.target_id) for row in connection.execute(query)
        ]

    return checkpoint.read(work)


def store(checkpoint: Checkpoint, planned: Sequence[Planned]) -> None:
    """Store decisions on pending users."""
    now = checkpoint.clock.time()

    def work(connection: Connection) -> None:
        for plan in planned:
            connection.execute(
                update(source_user)
                .where(
                    _mine(checkpoint),
                    source_user.c.user_id == plan.user_id,
                    source_user.c.state == State.PENDING,
                )
                .values(
                    decision=plan.decision,
                    reason=plan.reason,
                    target_id=plan.target_id or source_user.c.target_id,
                    changes=json.dumps(plan.changes) if plan.changes else None,
                    decided_at=now,
                )
            )

    checkpoint.write(work)


def settle_without_sending(checkpoint: Checkpoint) -> None:
    """Make the decisions that need no request final: `unchanged` and `conflict`."""

    def work(connection: Connection) -> None:
        pending = and_(_mine(checkpoint), source_user.c.state == State.PENDING)
        connection.execute(
            update(source_user)
            .where(pending, source_user.c.decision == Decision.UNCHANGED)
            .values(state=State.UNCHANGED, sent_hash=source_user.c.hash, decision=None)
        )
        connection.execute(
            update(source_user)
            .where(pending, source_user.c.decision == CONFLICT)
            .values(state=State.CONFLICT, decision=None)
        )

    checkpoint.write(work)


# --- marks of an earlier checkpoint --------------------------------------------------------------


def marks_read(checkpoint: Checkpoint) -> bool:
    """Whether the marks that were in the project before this checkpoint are known."""
    query = select(migration.c.marks_read).where(migration.c.key == checkpoint.key)
    return bool(checkpoint.read(lambda c: c.execute(query).scalar_one()))


def store_marks(checkpoint: Checkpoint, marks: Iterable[tuple[str, str]], *, last: bool) -> None:
    """Store (Docebo user id, Descope user id) pairs; `last` says that these were the last ones."""
    rows = [
        {"migration": checkpoint.key, "user_id": user_id, "target_id": target_id}
        for user_id, target_id in dict.fromkeys(marks)
    ]

    def work(connection: Connection) -> None:
        for row in rows:
            same = [known_mark.c[name] == value for name, value in row.items()]
            connection.execute(delete(known_mark).where(*same))
        if rows:
            connection.execute(insert(known_mark), rows)
        if last:
            connection.execute(update(migration).where(migration.c.key == checkpoint.key).values(marks_read=1))

    checkpoint.write(work)


def marks_of(checkpoint: Checkpoint, user_ids: Sequence[str]) -> dict[str, list[str]]:
    """The Descope user ids that carried the mark of each of these Docebo users."""
    query = select(known_mark.c.user_id, known_mark.c.target_id).where(
        known_mark.c.migration == checkpoint.key, known_mark.c.user_id.in_(user_ids)
    )

    def work(connection: Connection) -> dict[str, list[str]]:
        found: dict[str, list[str]] = {}
        for row in connection.execute(query):
            found.setdefault(row.user_id, []).append(row.target_id)
        return found

    return checkpoint.read(work)
