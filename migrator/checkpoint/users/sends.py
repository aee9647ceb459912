"""The sending side of the checkpoint: intent before the request, outcome after it (docs/decisions/0003)."""

from __future__ import annotations

import uuid
from collections import Counter
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any, assert_never

from sqlalchemy import ColumnElement, Connection, Text, and_, bindparam, func, not_, null, select, true, update

from migrator.checkpoint.db.tables import source_user
from migrator.checkpoint.runs.actions import ADOPT, CREATE, UPDATE, count_actions
from migrator.checkpoint.users.moves import move_to
from migrator.checkpoint.users.plans import SENT_DECISIONS
from migrator.checkpoint.users.rows import mine, this_user
from migrator.checkpoint.users.stored_user import STORED_COLUMNS, StoredUser, stored_pages
from migrator.core.errors import LeaseLost
from migrator.core.model import OPEN_STATES, Decision, Lane, Origin, State
from migrator.core.outcomes import (
    Outcome,
    UserCreated,
    UserGivenUp,
    UserInConflict,
    UserNotSent,
    UserRefused,
    UserUnknown,
    UserUpdated,
)
from migrator.core.reasons import Reason

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence

    from sqlalchemy import Select, Update
    from sqlalchemy.sql.dml import ReturningUpdate

    from migrator.checkpoint.db.checkpoint import Checkpoint


@dataclass(frozen=True, slots=True)
class ClaimedBatch:
    """Users whose intent is stored: they stay `sending` until an outcome is stored."""

    id: str
    decision: Decision
    users: tuple[StoredUser, ...]
    decided_at: float


def claim_batch(
    checkpoint: Checkpoint,
    decision: Decision,
    size: int,
    only: Collection[str] | None = None,
    *,
    last: bool = False,
    lane: Lane | None = None,
) -> ClaimedBatch | None:
    """Store the intent for up to `size` users decided alike; None when none is left.

    Users whose earlier requests went unanswered come last and in ever smaller batches, so that one
    user that the server chokes on cannot block others.

    Args:
        only: the user ids that may be sent now; None for everybody.
        last: take the last users of the list, not the first ones.
        lane: whose request it will be; None is the same as a run's.
    """
    fewest, claim = _claiming(checkpoint, last=last, among=only is not None)
    batch_id = f"{lane or Lane.RUN}{uuid.uuid4().hex}"
    these = {"b_decision": decision} | ({} if only is None else {"b_only": list(only)})

    def work(connection: Connection) -> ClaimedBatch | None:
        attempts = connection.execute(fewest, these).scalar()
        if attempts is None:
            return None
        how = {"b_attempts": attempts, "b_size": max(1, size // 4**attempts)}
        intent = {"b_batch": batch_id, "b_since": checkpoint.clock.time()}
        users = [StoredUser.of(row) for row in connection.execute(claim, these | how | intent)]
        ordered = tuple(sorted(users, key=lambda user: user.user_id))
        return ClaimedBatch(batch_id, decision, ordered, min(user.decided_at or 0.0 for user in users))

    # A look first: of most decisions nobody is left, and a durable transaction would cost more than all else here.
    if checkpoint.read(lambda c: c.execute(fewest, these).scalar()) is None:
        return None
    return checkpoint.write(work)


@lru_cache(maxsize=8)
def _claiming(checkpoint: Checkpoint, *, last: bool, among: bool) -> tuple[Select[Any], ReturningUpdate[Any]]:
    """The fewest attempts of anybody decided alike, and the claim of those who have that many."""
    open_ones = and_(
        mine(checkpoint),
        source_user.c.state == State.PENDING,
        source_user.c.decision == bindparam("b_decision"),
        source_user.c.user_id.in_(bindparam("b_only", expanding=True)) if among else true(),
    )
    chosen = (
        select(source_user.c.user_id)
        .where(open_ones, source_user.c.attempts == bindparam("b_attempts"))
        .order_by(source_user.c.user_id.desc() if last else source_user.c.user_id)
        .limit(bindparam("b_size"))
        .scalar_subquery()
    )
    claim = move_to(checkpoint, State.SENDING, source_user.c.user_id.in_(chosen))
    claim = claim.values(batch=bindparam("b_batch"), sending_since=bindparam("b_since"))
    return select(func.min(source_user.c.attempts)).where(open_ones), claim.returning(*STORED_COLUMNS)


def store_results(checkpoint: Checkpoint, outcomes: Sequence[Outcome], sent: Mapping[str, str]) -> None:
    """Store outcomes of users that are `sending`; `sent` holds each one's target hash.

    Raises:
        LeaseLost: a row was no longer `sending`, so another run is at work here.
    """
    arrived = [one for one in outcomes if isinstance(one, UserCreated | UserUpdated)]

    def work(connection: Connection) -> None:
        for state in _VALUES:
            rows = [_row(one, sent.get(one.user_id)) for one in outcomes if one.state == state]
            if rows and connection.execute(_storing(checkpoint, state), rows).rowcount != len(rows):
                raise LeaseLost("A user in flight was changed by another run.", fix="Run again.")
        _let_go(connection, checkpoint, [one for one in arrived if isinstance(one, UserUpdated) and one.adopted])
        count_actions(connection, checkpoint, Counter(map(_kind, arrived)))

    checkpoint.write(work)


@lru_cache(maxsize=len(State))
def _storing(checkpoint: Checkpoint, state: State) -> Update:
    """The statement that stores the outcome of one user."""
    in_flight = source_user.c.state == State.SENDING
    reason = None if state in OPEN_STATES else bindparam("b_reason", type_=Text)
    return move_to(checkpoint, state, this_user(checkpoint), in_flight, reason=reason).values(_VALUES[state])


def _kind(outcome: UserCreated | UserUpdated) -> str:
    """What was sent for a user who arrived."""
    if isinstance(outcome, UserCreated):
        return CREATE
    return ADOPT if outcome.adopted else UPDATE


def _row(outcome: Outcome, sent_hash: str | None) -> dict[str, Any]:
    """The values that an outcome stores."""
    known: dict[str, Any] = {}
    match outcome:
        case UserUnknown():
            pass
        case UserNotSent():
            known = {"b_target": outcome.target_id, "b_decision": outcome.decision}
            known["b_refused"] = int(outcome.refused_with_all)
        case UserCreated():
            known = {"b_target": outcome.target_id, "b_sent": outcome.sent.to_json(), "b_origin": Origin.CREATED}
        case UserUpdated():
            known = {"b_target": outcome.target_id, "b_sent": outcome.sent.to_json(), "b_origin": outcome.origin}
        case UserRefused():
            known = {"b_reason": Reason.REFUSED, "b_detail": outcome.code or None}
        case UserGivenUp():
            known = {"b_reason": Reason.GAVE_UP}
        case UserInConflict():
            known = {"b_reason": outcome.reason, "b_detail": outcome.detail}
        case _:
            assert_never(outcome)
    nothing: dict[str, Any] = dict.fromkeys(("b_reason", "b_detail", "b_target", "b_sent", "b_origin", "b_decision"))
    return (
        nothing
        | {
            "b_user": outcome.user_id,
            "b_disabled": None if outcome.disabled is None else int(outcome.disabled),
            "b_hash": sent_hash,
            "b_refused": 0,
        }
        | known
    )


_DISABLED: dict[str, Any] = {"disabled_by_us": func.coalesce(bindparam("b_disabled"), source_user.c.disabled_by_us)}
_OVER: dict[str, Any] = {
    **_DISABLED,
    "detail": bindparam("b_detail"),
    "target_id": func.coalesce(bindparam("b_target"), source_user.c.target_id),
    "batch": null(),  # in the statement, not among the values of each user
    "sending_since": null(),
}
_UNKNOWN: dict[str, Any] = {**_DISABLED, "attempts": source_user.c.attempts + 1}
_BACK: dict[str, Any] = _OVER | {
    "reason": null(),
    "decision": func.coalesce(bindparam("b_decision"), source_user.c.decision),
    "refusals": func.coalesce(source_user.c.refusals, 0) + bindparam("b_refused"),
}
_DECIDED: dict[str, Any] = _OVER | dict.fromkeys(("decision", "changes", "adopt_id", "retry"), null())
_ARRIVED: dict[str, Any] = _DECIDED | {
    "sent_hash": bindparam("b_hash"),
    "sent_fields": func.coalesce(bindparam("b_sent"), source_user.c.sent_fields),
    "origin": func.coalesce(bindparam("b_origin"), source_user.c.origin),
    "attempts": 0,
    "verdict": null(),
}


# What else is stored for a user in flight, by the state that an outcome leads to.
_VALUES = {
    State.SENDING: _UNKNOWN,
    State.PENDING: _BACK,
    State.CREATED: _ARRIVED,
    State.UPDATED: _ARRIVED,
    State.CONFLICT: _DECIDED,
    State.FAILED: _DECIDED,
}


def _let_go(connection: Connection, checkpoint: Checkpoint, adopted: Sequence[UserUpdated]) -> None:
    """A Descope user belongs to one Docebo user: a Docebo user that is gone loses it to the one it was linked to."""
    gone = and_(
        mine(checkpoint),
        source_user.c.state == State.VANISHED,
        source_user.c.target_id.in_([one.target_id for one in adopted]),
    )
    if adopted:
        connection.execute(update(source_user).where(gone).values(target_id=None))


def in_flight_pages(checkpoint: Checkpoint, size: int, lane: Lane | None = None) -> Iterator[list[StoredUser]]:
    """Users that are `sending` (by requests of this lane), `size` at a time in the order of their id text."""
    return stored_pages(checkpoint, source_user.c.state == State.SENDING, _of(lane), size=size)


def _of(lane: Lane | None) -> ColumnElement[bool]:
    """Whether a user in flight is in this lane; earlier versions named no lane, and only runs sent."""
    signing_in = source_user.c.batch.startswith(Lane.SIGN_IN)
    return true() if lane is None else signing_in if lane is Lane.SIGN_IN else not_(signing_in)


def count_left(
    checkpoint: Checkpoint,
    only: Collection[str] | None = None,
    *,
    state: State = State.PENDING,
    lane: Lane | None = None,
) -> dict[Decision, int]:
    """How many users in this open state (of those in `only`) wait for each kind of request, or for its answer.

    Args:
        lane: of users in flight, only those of this lane.
    """
    query = (
        select(source_user.c.decision, func.count())
        .where(
            mine(checkpoint),
            source_user.c.state == state,
            _of(lane),
            source_user.c.decision.in_(SENT_DECISIONS),
            true() if only is None else source_user.c.user_id.in_(only),
        )
        .group_by(source_user.c.decision)
    )
    return checkpoint.read(lambda c: {Decision(decision): count for decision, count in c.execute(query)})


def is_anybody_left(checkpoint: Checkpoint, only: Collection[str] | None = None) -> bool:
    """Whether a planned user (of those in `only`) waits to be sent."""
    return bool(_some_open(checkpoint, (State.PENDING,), only, most=1))


def has_hopeful(checkpoint: Checkpoint, users: int, attempts: int, only: Collection[str] | None = None) -> bool:
    """Whether at least this many open users (of those in `only`) have fewer than this many unanswered requests."""
    return _some_open(checkpoint, OPEN_STATES, only, source_user.c.attempts < attempts, most=users) == users


def _some_open(
    checkpoint: Checkpoint,
    states: Collection[State],
    only: Collection[str] | None,
    *where: ColumnElement[bool],
    most: int,
) -> int:
    """How many planned users in these states meet the conditions; counting ends at `most`, however large the table."""
    some = (
        select(source_user.c.user_id)
        .where(
            mine(checkpoint),
            source_user.c.state.in_(states),
            source_user.c.decision.in_(SENT_DECISIONS),
            true() if only is None else source_user.c.user_id.in_(only),
            *where,
        )
        .limit(most)
    )
    return checkpoint.read(lambda c: c.execute(select(func.count()).select_from(some.subquery())).scalar_one())
