"""The users who need a person, with what the report says about each."""

from __future__ import annotations

from itertools import chain
from typing import TYPE_CHECKING, Any

from sqlalchemy import ColumnElement, and_, case, or_

from migrator.checkpoint.db.tables import source_user
from migrator.checkpoint.users.leavers import is_still_enabled
from migrator.checkpoint.users.rows import pages
from migrator.checkpoint.users.stored_user import STORED_COLUMNS, StoredUser
from migrator.checkpoint.users.verdicts import is_found_wrong
from migrator.core.model import NEEDS_PERSON_STATES, Decision, State

if TYPE_CHECKING:
    from collections.abc import Iterator

    from migrator.checkpoint.db.checkpoint import Checkpoint

STILL_ENABLED = "still_enabled"  # left in the source, and not disabled in Descope


def problem_users(checkpoint: Checkpoint, *, predicted: bool = False) -> Iterator[StoredUser]:
    """Users that need a person, by their state or by what was found in Descope; by user id, memory flat.

    `reason` is a reason code; or, if the state shows no problem, `missing` or `differs` (how the user was found in
    Descope) or STILL_ENABLED. `raw` is the Docebo record's JSON text.

    Args:
        predicted: a user whom the plan finds in conflict is in conflict.
    """
    by_state: ColumnElement[bool] = source_user.c.state.in_(NEEDS_PERSON_STATES)
    state: ColumnElement[Any] = source_user.c.state
    if predicted:
        planned = and_(source_user.c.state == State.PENDING, source_user.c.decision == Decision.CONFLICT)
        by_state = or_(by_state, planned)
        state = case((planned, State.CONFLICT.value), else_=state)
    wrong = is_found_wrong(checkpoint)
    bad = or_(by_state, wrong, is_still_enabled(checkpoint))
    reason = case((by_state, source_user.c.reason), (wrong, source_user.c.verdict), else_=STILL_ENABLED)
    shown = {one.name: one for one in (state.label("state"), reason.label("reason"))}
    told = (*(shown.get(column.name, column) for column in STORED_COLUMNS[1:]), source_user.c.raw)
    return map(StoredUser.of, chain.from_iterable(pages(checkpoint, told, bad)))
