"""The planning side of the checkpoint: collisions, scope, and one decision per pending user."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection, Select, and_, bindparam, func, select, update

from migrator.checkpoint.tables import source_user
from migrator.model import Decision, State, TargetUser

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from migrator.checkpoint.checkpoint import Checkpoint

DUPLICATES = ("duplicate_email", "duplicate_login")
DRIFTED = "drifted"
JUDGED_ANEW = (*DUPLICATES, DRIFTED, "gave_up")
# A stranger found while planning: stored like a decision, because only a real run makes it a final state.
CONFLICT = "conflict"


@dataclass(frozen=True, slots=True)
class Candidate:
    """A pending user: the target it should become, and the Descope user it is known to be, if any.

    `seen` is the hash of that user as the decision saw it; `also` are further users that carry its mark.
    """

    target: TargetUser
    hash: str
    target_id: str | None
    attempts: int = 0
    seen: str | None = None
    also: tuple[str, ...] = ()

    @property
    def user_id(self) -> str:
        """The Docebo user id."""
        return self.target.user_id


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
    seen: str | None = None


def _mine(checkpoint: Checkpoint) -> Any:  # noqa: ANN401 -- a SQL condition
    return source_user.c.migration == checkpoint.key


def reopen(checkpoint: Checkpoint, *, everybody: bool) -> None:
    """Forget earlier decisions on users that are still open.

    Collisions are judged anew each time (it costs no call), and so is who was given up or set aside as
    drifted. Every other conflict or failure stays until its Docebo record changes, or `everybody` is asked for.
    """
    unfinished = source_user.c.state.in_((State.CONFLICT, State.FAILED))
    again = unfinished if everybody else and_(unfinished, source_user.c.reason.in_(JUDGED_ANEW))
    blank = {"decision": None, "changes": None, "decided_at": None, "reason": None, "detail": None}

    def work(connection: Connection) -> None:
        connection.execute(
            update(source_user).where(_mine(checkpoint), source_user.c.state == State.PENDING).values(**blank)
        )
        connection.execute(
            update(source_user)
            .where(_mine(checkpoint), again, source_user.c.reason == "deleted_at_descope")
            .values(target_id=None)
        )
        connection.execute(
            update(source_user).where(_mine(checkpoint), again).values(state=State.PENDING, attempts=0, **blank)
        )

    checkpoint.write(work)


def set_aside(checkpoint: Checkpoint, user_ids: Iterable[str], state: State, reason: str) -> None:
    """Move pending users to `conflict` or `skipped` with a reason."""

    def work(connection: Connection) -> None:
        this = and_(_mine(checkpoint), source_user.c.user_id == bindparam("b_user"))
        aside = update(source_user).where(this, source_user.c.state == State.PENDING)
        rows = [{"b_user": user_id} for user_id in user_ids]
        if rows:
            connection.execute(aside.values(state=state, reason=reason), rows)

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
    return _candidates(checkpoint, query)


def _candidates(checkpoint: Checkpoint, query: Select[Any]) -> list[Candidate]:
    rows = checkpoint.read(lambda c: c.execute(query).all())
    return [Candidate(TargetUser.from_json(row.profile), row.hash, row.target_id) for row in rows]


def sendable(checkpoint: Checkpoint, after: str, limit: int) -> list[Candidate]:
    """Pending users decided to be created or updated, in the order of their id text, behind `after`."""
    query = (
        select(source_user.c.user_id, source_user.c.profile, source_user.c.hash, source_user.c.target_id)
        .where(
            _mine(checkpoint),
            source_user.c.state == State.PENDING,
            source_user.c.decision.in_((Decision.CREATE, Decision.UPDATE)),
            source_user.c.user_id > after,
        )
        .order_by(source_user.c.user_id)
        .limit(limit)
    )
    return _candidates(checkpoint, query)


def store(checkpoint: Checkpoint, planned: Sequence[Planned]) -> None:
    """Store decisions on pending users."""
    this = and_(_mine(checkpoint), source_user.c.user_id == bindparam("b_user"))
    decided = (
        update(source_user)
        .where(this, source_user.c.state == State.PENDING)
        .values(
            decision=bindparam("b_decision"),
            reason=bindparam("b_reason"),
            target_id=func.coalesce(bindparam("b_target"), source_user.c.target_id),
            changes=bindparam("b_changes"),
            seen=bindparam("b_seen"),
            decided_at=checkpoint.clock.time(),
        )
    )
    rows = [
        {
            "b_user": plan.user_id,
            "b_decision": plan.decision,
            "b_reason": plan.reason,
            "b_target": plan.target_id,
            "b_changes": json.dumps(plan.changes) if plan.changes else None,
            "b_seen": plan.seen,
        }
        for plan in planned
    ]
    if rows:
        checkpoint.write(lambda c: c.execute(decided, rows))


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
