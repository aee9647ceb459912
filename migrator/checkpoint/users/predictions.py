"""What a plan predicts, kept to compare with what happens: binding plans, prediction and its gaps."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import chain
from typing import TYPE_CHECKING

from sqlalchemy import ColumnElement, Connection, and_, case, false, func, or_, select, true, update

from migrator.checkpoint.db.tables import source_user
from migrator.checkpoint.users.counts import PREDICTED_STATES, predicted_state
from migrator.checkpoint.users.moves import move_to
from migrator.checkpoint.users.plans import CHANGED_IN_DESCOPE, CHANGED_IN_DOCEBO
from migrator.checkpoint.users.rows import count_where, mine
from migrator.checkpoint.users.stored_user import STORED_COLUMNS, StoredUser, stored_pages
from migrator.checkpoint.users.verdicts import WRONG_VERDICTS
from migrator.core.model import ARRIVED_STATES, Decision, State
from migrator.core.reasons import Reason

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from migrator.checkpoint.db.checkpoint import Checkpoint

_PAGE = 500


@dataclass(frozen=True, slots=True)
class PredictionGap:
    """Users whose result differs from the prediction."""

    predicted: State
    actual: State
    reason: str | None
    users: int


def decided_users(checkpoint: Checkpoint) -> Iterator[StoredUser]:
    """Every decided user that is still pending; memory stays flat."""
    return chain.from_iterable(stored_pages(checkpoint, _decided(checkpoint), size=_PAGE))


def _decided(checkpoint: Checkpoint) -> ColumnElement[bool]:
    return and_(mine(checkpoint), source_user.c.state == State.PENDING, source_user.c.decision.is_not(None))


def forget_predictions(checkpoint: Checkpoint) -> None:
    """From here on, a pending user without a prediction is one that the plan does not name."""
    checkpoint.write(lambda c: c.execute(update(source_user).where(mine(checkpoint)).values(predicted_state=None)))


def bind_to_plan(checkpoint: Checkpoint, planned: Sequence[StoredUser]) -> None:
    """Compare users as a binding plan names them with today's decisions; set who changed since aside as drifted."""
    wanted = {user.user_id: user for user in planned}
    still_decided = select(*STORED_COLUMNS).where(_decided(checkpoint), source_user.c.user_id.in_(wanted))

    def work(connection: Connection) -> None:
        for now in map(StoredUser.of, connection.execute(still_decided).all()):
            then = wanted[now.user_id]
            this = source_user.c.user_id == now.user_id
            bound = update(source_user).where(mine(checkpoint), this)
            # If an earlier attempt went unanswered, half of the change may be there: the plan itself made it.
            drifted = now.decision != then.decision or _moved(then, now)
            if now.target_hash != then.target_hash or (drifted and not now.attempts):
                why = CHANGED_IN_DESCOPE if now.target_hash == then.target_hash else CHANGED_IN_DOCEBO
                aside = move_to(checkpoint, State.CONFLICT, this, reason=Reason.DRIFTED)
                bound = aside.values(detail=why, decision=None, changes=None)
            connection.execute(bound.values(predicted_state=predicted_state(then.state, then.decision)))

    checkpoint.write(work)


def _moved(then: StoredUser, now: StoredUser) -> bool:
    """Whether the Descope user to be written differs from the one that the plan saw."""
    return then.decision in (Decision.UPDATE, Decision.ADOPT) and then.found_fingerprint != now.found_fingerprint


def skip_unplanned(checkpoint: Checkpoint) -> None:
    """A binding plan does only what it names."""
    unnamed = (_decided(checkpoint), source_user.c.predicted_state.is_(None))
    left_out = move_to(checkpoint, State.SKIPPED, *unnamed, reason=Reason.NOT_IN_PLAN)
    left_out = left_out.values(decision=None, changes=None)
    checkpoint.write(lambda c: c.execute(left_out))


def count_nothing_to_do(checkpoint: Checkpoint) -> int:
    """How many users are in Descope, not known to be wrong there, and need no request by this plan."""
    known_wrong = source_user.c.verdict.in_(WRONG_VERDICTS)
    there = and_(source_user.c.state.in_(ARRIVED_STATES), ~func.coalesce(known_wrong, false()))
    planned = and_(source_user.c.state == State.PENDING, source_user.c.decision == Decision.UNCHANGED)
    return count_where(checkpoint, or_(there, planned))


def store_predictions(checkpoint: Checkpoint, *, bound: bool, once_more: bool = False) -> None:
    """Store for every user the state that this plan predicts, to compare with the run's result.

    Args:
        bound: a binding plan has already stored its predictions; only users it does not name are left.
        once_more: an earlier plan of this run has stored them; only users decided since, and new ones, are left.
    """
    unnamed = source_user.c.predicted_state.is_(None)
    left = unnamed if bound else or_(unnamed, _decided(checkpoint)) if once_more else true()
    to_do = and_(mine(checkpoint), left)
    decided = case(
        {decision: state.value for decision, state in PREDICTED_STATES.items()}, value=source_user.c.decision
    )
    foreseen = case((_decided(checkpoint), decided), else_=source_user.c.state)
    checkpoint.write(lambda c: c.execute(update(source_user).where(to_do).values(predicted_state=foreseen)))


def compare_prediction(checkpoint: Checkpoint) -> tuple[dict[State, int], list[PredictionGap]]:
    """The predicted number of each state, and every gap between prediction and result."""
    columns = (source_user.c.predicted_state, source_user.c.state, source_user.c.reason)
    query = (
        select(*columns, func.count())
        .where(mine(checkpoint), source_user.c.predicted_state.is_not(None))
        .group_by(*columns)
    )
    predicted = dict.fromkeys(State, 0)
    gaps = []
    for foreseen, state, reason, number in checkpoint.read(lambda c: c.execute(query).all()):
        predicted[State(foreseen)] += number
        if foreseen != state:
            gaps.append(PredictionGap(State(foreseen), State(state), reason, number))
    return predicted, sorted(gaps, key=lambda gap: (gap.predicted, gap.actual, gap.reason or ""))
