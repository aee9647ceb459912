"""The users who need a person, with what the report says about each."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from sqlalchemy import ColumnElement, and_, case, or_

from migrator.checkpoint.db.tables import source_user
from migrator.checkpoint.users.leavers import is_still_enabled
from migrator.checkpoint.users.rows import pages
from migrator.checkpoint.users.verdicts import is_found_wrong
from migrator.core.model import NEEDS_PERSON_STATES, Decision, State

if TYPE_CHECKING:
    from collections.abc import Iterator

    from migrator.checkpoint.db.checkpoint import Checkpoint

STILL_ENABLED = "still_enabled"  # left in the source, and not disabled in Descope


@dataclass(frozen=True, slots=True)
class ProblemUser:
    """A user that needs a person; `raw` is the Docebo record's JSON text while it is kept.

    `reason` is a reason code; or, if the state shows no problem, `missing` or `differs` (how the user was found in
    Descope) or STILL_ENABLED.

    `target_id` is the Descope user it became or was found as; `attempts` counts its requests that went unanswered.
    """

    user_id: str
    state: State
    reason: str
    detail: str | None
    raw: str | None = field(default=None, repr=False)
    target_id: str | None = None
    attempts: int = 0


def problem_users(checkpoint: Checkpoint, *, predicted: bool = False) -> Iterator[ProblemUser]:
    """Users that need a person, by their state or by what was found in Descope; by user id, memory flat."""
    by_state: ColumnElement[bool] = source_user.c.state.in_(NEEDS_PERSON_STATES)
    if predicted:
        by_state = or_(
            by_state, and_(source_user.c.state == State.PENDING, source_user.c.decision == Decision.CONFLICT)
        )
    wrong = is_found_wrong(checkpoint)
    bad = or_(by_state, wrong, is_still_enabled(checkpoint))
    reason = case((by_state, source_user.c.reason), (wrong, source_user.c.verdict), else_=STILL_ENABLED)
    columns = (
        source_user.c.state, reason.label("reason"), source_user.c.detail, source_user.c.raw,
        source_user.c.target_id, source_user.c.attempts, by_state.label("by_state"),
    )  # fmt: skip
    for page in pages(checkpoint, columns, bad):
        for row in page:
            state = State.CONFLICT if row.state == State.PENDING and row.by_state else State(row.state)
            yield ProblemUser(row.user_id, state, row.reason or "", row.detail, row.raw, row.target_id, row.attempts)
