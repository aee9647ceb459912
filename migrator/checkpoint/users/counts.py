"""How many users are in each state, and which state a planned user would reach."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import func, select

from migrator.checkpoint.db.tables import source_user
from migrator.checkpoint.users.rows import mine
from migrator.core.model import ARRIVED_STATES, Decision, State

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from migrator.checkpoint.db.checkpoint import Checkpoint


@dataclass(frozen=True, slots=True)
class UserCounts:
    """Counts by state (every state present) and by reason; `found` is their sum."""

    states: Mapping[str, int]
    reasons: dict[str, int]

    @property
    def found(self) -> int:
        """Every source user ever seen."""
        return sum(self.states.values())


# The state that a planned user would reach.
PREDICTED_STATES: dict[str, State] = {
    Decision.CREATE: State.CREATED,
    Decision.UPDATE: State.UPDATED,
    Decision.ADOPT: State.UPDATED,
    Decision.UNCHANGED: State.UNCHANGED,
    Decision.CONFLICT: State.CONFLICT,
}


def predicted_state(state: str, decision: str | None) -> State:
    """The state that a planned user would reach; for any other user, its own state."""
    return PREDICTED_STATES[decision] if state == State.PENDING and decision else State(state)


def count_users(checkpoint: Checkpoint, *, predicted: bool = False) -> UserCounts:
    """Count all users; `predicted` counts a planned user under its predicted state."""
    query = (
        select(source_user.c.state, source_user.c.decision, source_user.c.reason, func.count())
        .where(mine(checkpoint))
        .group_by(source_user.c.state, source_user.c.decision, source_user.c.reason)
    )
    states: dict[str, int] = dict.fromkeys(State, 0)
    reasons: dict[str, int] = {}
    for state, decision, reason, number in checkpoint.read(lambda c: c.execute(query).all()):
        seen = predicted_state(state, decision) if predicted else State(state)
        states[seen] += number
        if reason and seen not in (State.PENDING, *ARRIVED_STATES):
            reasons[reason] = reasons.get(reason, 0) + number
    return UserCounts(states, dict(sorted(reasons.items())))


def states_of(checkpoint: Checkpoint, user_ids: Collection[str]) -> dict[str, State]:
    """The state of each of these users."""
    query = select(source_user.c.user_id, source_user.c.state).where(
        mine(checkpoint), source_user.c.user_id.in_(user_ids)
    )
    return {user_id: State(state) for user_id, state in checkpoint.read(lambda c: c.execute(query).all())}
