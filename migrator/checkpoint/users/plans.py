"""The planning side of the checkpoint: collisions, scope, and one decision per pending user."""

from __future__ import annotations

import json
from collections import defaultdict
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from sqlalchemy import ColumnElement, Connection, and_, bindparam, func, literal, not_, or_, select, true, update

from migrator.checkpoint.db.tables import source_user
from migrator.checkpoint.users.holders import WANTED_TWICE
from migrator.checkpoint.users.moves import move_to
from migrator.checkpoint.users.rows import mine, this_user
from migrator.checkpoint.users.stored_user import STORED_COLUMNS, StoredUser, stored_pages
from migrator.core.model import ARRIVED_STATES, Decision, State
from migrator.core.reasons import Reason

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence

    from sqlalchemy import Update

    from migrator.checkpoint.db.checkpoint import Checkpoint
    from migrator.core.fields import SentFields

CHANGED_IN_DOCEBO, CHANGED_IN_DESCOPE = "changed_in_docebo", "changed_in_descope"  # the details of Reason.DRIFTED
SENT_DECISIONS = (
    Decision.UPDATE,
    Decision.ADOPT,
    Decision.CREATE,
)  # leaving comes first, and an update may free a login


@dataclass(frozen=True, slots=True)
class PlannedAction:
    """The decision on one user; CONFLICT has a reason.

    `changes` is {field: [before, after]} for an update. `target_id` is the Descope user that is ours, or that is to be
    adopted. `sent` is what is known to be there already, for a user that needs no change. If the user in the way
    belongs to Docebo user `holder`, `if_holder_is_gone` is the decision for the case that Docebo has deleted
    that holder. `detail` is `SEEN_DISABLED` for somebody who is disabled in Descope and stays so.
    """

    user_id: str
    decision: Decision
    target_id: str | None = None
    reason: Reason | None = None
    changes: dict[str, list[Any]] | None = None
    found_fingerprint: str | None = None
    detail: str | None = None
    origin: str | None = None
    sent: SentFields | None = field(default=None, compare=False)
    disabled_by_us: bool | None = None
    holder: str | None = None
    if_holder_is_gone: PlannedAction | None = None


def skip_all_but(checkpoint: Checkpoint, *, limit: int | None, seen_since: int | None) -> None:
    """Leave pending users out of this run: all but the first `limit`, all not seen since a sweep."""
    pending = source_user.c.state == State.PENDING
    order = (func.length(source_user.c.user_id), source_user.c.user_id)

    def work(connection: Connection) -> None:
        if seen_since is not None:
            unseen = source_user.c.seen_sweep < seen_since
            connection.execute(move_to(checkpoint, State.SKIPPED, pending, unseen, reason=Reason.SEARCH_TEXT))
        if limit is not None:
            first = select(source_user.c.user_id).where(mine(checkpoint), pending).order_by(*order).limit(limit)
            others = source_user.c.user_id.not_in(first.scalar_subquery())
            connection.execute(move_to(checkpoint, State.SKIPPED, pending, others, reason=Reason.LIMIT))

    checkpoint.write(work)


def undecided_pages(checkpoint: Checkpoint, size: int) -> Iterator[list[StoredUser]]:
    """Pending users without a decision, `size` at a time in the order of their id text."""
    return _pending_pages(checkpoint, source_user.c.decision.is_(None), size)


def planned_pages(checkpoint: Checkpoint, size: int) -> Iterator[list[StoredUser]]:
    """Pending users decided to be created, updated or adopted, `size` at a time in the order of their id text."""
    return _pending_pages(checkpoint, source_user.c.decision.in_(SENT_DECISIONS), size)


def _pending_pages(checkpoint: Checkpoint, decided: ColumnElement[bool], size: int) -> Iterator[list[StoredUser]]:
    pending = source_user.c.state == State.PENDING
    return stored_pages(checkpoint, pending, decided, size=size)


def store_actions(checkpoint: Checkpoint, planned: Sequence[PlannedAction]) -> None:
    """Store decisions on pending users."""
    now = checkpoint.clock.time()
    alike: dict[tuple[tuple[str, Any], ...], list[str]] = defaultdict(list)
    for plan in planned:
        alike[tuple(_values(plan).items())].append(plan.user_id)
    alone = [{"b_user": ids[0], "b_now": now, **dict(values)} for values, ids in alike.items() if len(ids) == 1]

    def work(connection: Connection) -> None:
        if alone:
            connection.execute(_deciding(checkpoint, many=False), alone)
        for values, ids in alike.items():
            if len(ids) > 1:  # most users are new, so that one statement is enough for all of them
                connection.execute(_deciding(checkpoint, many=True), {"b_users": ids, "b_now": now, **dict(values)})

    if planned:
        checkpoint.write(work)


def _values(plan: PlannedAction) -> dict[str, Any]:
    """What a decision stores, besides whom it is about and when it was made."""
    return {
        "b_decision": plan.decision,
        "b_reason": plan.reason,
        "b_detail": plan.detail,
        # A stranger belongs to nobody before it is linked.
        "b_target": None if plan.decision == Decision.ADOPT else plan.target_id,
        "b_adopt": plan.target_id if plan.decision == Decision.ADOPT else None,
        "b_origin": plan.origin,
        "b_disabled": None if plan.disabled_by_us is None else int(plan.disabled_by_us),
        "b_sent": plan.sent.to_json() if plan.sent is not None else None,
        "b_changes": json.dumps(plan.changes) if plan.changes else None,
        "b_found": plan.found_fingerprint,
    }


@lru_cache(maxsize=4)
def _deciding(checkpoint: Checkpoint, *, many: bool) -> Update:
    """The statement that stores the decision on one user, or the same one on many."""
    these = and_(mine(checkpoint), source_user.c.user_id.in_(bindparam("b_users", expanding=True)))
    return (
        update(source_user)
        .where(these if many else this_user(checkpoint), source_user.c.state == State.PENDING)
        .values(
            decision=bindparam("b_decision"),
            reason=bindparam("b_reason"),
            detail=bindparam("b_detail"),
            target_id=func.coalesce(bindparam("b_target"), source_user.c.target_id),
            adopt_id=bindparam("b_adopt"),
            origin=func.coalesce(source_user.c.origin, bindparam("b_origin")),
            disabled_by_us=func.coalesce(bindparam("b_disabled"), source_user.c.disabled_by_us),
            sent_fields=func.coalesce(bindparam("b_sent"), source_user.c.sent_fields),
            changes=bindparam("b_changes"),
            found_fingerprint=bindparam("b_found"),
            decided_at=bindparam("b_now"),
        )
    )


def finish_without_sending(checkpoint: Checkpoint, only: Collection[str] | None = None) -> None:
    """Finalize the decisions of a confirmed plan that need no request: `unchanged` and `conflict`.

    Args:
        only: the user ids of whom the plan is confirmed; None for everybody.
    """

    def work(connection: Connection) -> None:
        these = true() if only is None else source_user.c.user_id.in_(only)
        pending = and_(source_user.c.state == State.PENDING, these)
        right = move_to(checkpoint, State.UNCHANGED, pending, source_user.c.decision == Decision.UNCHANGED)
        # No verdict: the user was seen with another target.
        blank = dict.fromkeys(("decision", "retry", "verdict", "detail"))
        connection.execute(right.values(sent_hash=source_user.c.target_hash, **blank))
        conflicts = source_user.c.decision == Decision.CONFLICT
        aside = move_to(checkpoint, State.CONFLICT, pending, conflicts, reason=source_user.c.reason)
        connection.execute(aside.values(decision=None, retry=None))

    checkpoint.write(work)


def refuse_shared_targets(checkpoint: Checkpoint) -> None:
    """Two Docebo users never become one: nobody adopts a user that another one wants or has."""
    pending = and_(mine(checkpoint), source_user.c.state == State.PENDING)
    adopts = and_(pending, source_user.c.decision == Decision.ADOPT)
    wanted_twice = (
        select(source_user.c.adopt_id).where(adopts).group_by(source_user.c.adopt_id).having(func.count() > 1)
    )
    gone = source_user.c.state == State.VANISHED
    owned = select(source_user.c.target_id).where(
        mine(checkpoint),
        source_user.c.target_id.is_not(None),
        not_(gone),
        source_user.c.decision.is_distinct_from("adopt"),
    )
    shared = or_(source_user.c.adopt_id.in_(wanted_twice), source_user.c.adopt_id.in_(owned))
    aside = {
        "decision": Decision.CONFLICT,
        "reason": Reason.SEVERAL_MATCHES,
        "detail": literal(f"{WANTED_TWICE} ") + source_user.c.adopt_id,
        "changes": None,
        "found_fingerprint": None,
        "adopt_id": None,
    }

    def work(connection: Connection) -> None:
        if connection.execute(select(source_user.c.user_id).where(adopts).limit(1)).first() is not None:
            connection.execute(update(source_user).where(adopts, shared).values(**aside))

    checkpoint.write(work)


def vanished_users(checkpoint: Checkpoint, user_ids: Sequence[str]) -> dict[str, StoredUser]:
    """The users among these whom Docebo has deleted."""
    gone = and_(mine(checkpoint), source_user.c.user_id.in_(user_ids), source_user.c.state == State.VANISHED)
    found = checkpoint.read(lambda c: c.execute(select(*STORED_COLUMNS).where(gone)).all())
    return {row.user_id: StoredUser.of(row) for row in found}


def mark_missing(checkpoint: Checkpoint, user_ids: Sequence[str]) -> None:
    """Users who arrived and are no longer in Descope need a person."""
    these = (source_user.c.state.in_(ARRIVED_STATES), source_user.c.user_id.in_(user_ids))
    missing = move_to(checkpoint, State.CONFLICT, *these, reason=Reason.DELETED_AT_DESCOPE).values(
        detail=None, verdict="missing", decision=None
    )
    if user_ids:
        checkpoint.write(lambda c: c.execute(missing))
