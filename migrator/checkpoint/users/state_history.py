"""The states that each user came through, with the run and the time of each (docs/decisions/0021).

Column `history` holds them as JSON arrays `[state, reason, run, epoch second]` with commas between, the newest first;
no personal data. It keeps the newest ones if there are many.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from sqlalchemy import ColumnElement, Text, bindparam, case, func, literal, select

from migrator.checkpoint.db.tables import source_user
from migrator.checkpoint.users.rows import mine
from migrator.core.model import State

if TYPE_CHECKING:
    from migrator.checkpoint.db.checkpoint import Checkpoint

_LONGEST: Final = 2000  # characters, about fifty changes
# The outcome of a request is told each time; any other state only when it or its reason is another one.
_TOLD_EACH_TIME: Final = (State.CREATED, State.UPDATED, State.FAILED)


@dataclass(frozen=True, slots=True)
class StateChange:
    """A user came to a state, at an epoch second, in the run of that number; for a reason, where the state has one."""

    at: int
    state: State
    reason: str | None
    run: int


def first_change(checkpoint: Checkpoint, state: State, reason: str | None) -> str:
    """The history of a user who was not known before."""
    return f"[{json.dumps(state)},{json.dumps(reason)}" + _when(checkpoint)


def with_change(checkpoint: Checkpoint, state: State, reason: ColumnElement[str] | str | None) -> ColumnElement[str]:
    """The history of a user who comes to a state, for an `UPDATE`.

    Args:
        reason: the reason code; a column or parameter where the users have different ones.
    """
    code = literal(reason, Text) if isinstance(reason, str) or reason is None else reason
    change = literal(f'["{state}",', Text) + func.coalesce(literal('"', Text) + code + '"', "null")
    # When the statement runs, which may be more than once.
    when = bindparam("b_when", type_=Text, callable_=lambda: _when(checkpoint))
    longer = func.substr(change + when + func.coalesce(literal(",", Text) + source_user.c.history, ""), 1, _LONGEST)
    if state in _TOLD_EACH_TIME:
        return longer
    same = func.substr(source_user.c.history, 1, func.length(change)) == change
    return case((same, source_user.c.history), else_=longer)


def _when(checkpoint: Checkpoint) -> str:
    return f",{checkpoint.run_number},{int(checkpoint.clock.time())}]"


def history_of(checkpoint: Checkpoint, user_id: str) -> list[StateChange]:
    """The changes of one user, the oldest first; none of the time before the checkpoint kept them."""
    query = select(source_user.c.history).where(mine(checkpoint), source_user.c.user_id == user_id)
    return parse_history(checkpoint.read(lambda c: c.execute(query).scalar_one_or_none()))[::-1]


def parse_history(text: str | None) -> list[StateChange]:
    """The changes that the column holds, the newest first."""
    text = text or ""
    whole = text[: text.rfind("]") + 1]  # the oldest may have been cut
    return [StateChange(at, State(state), reason, run) for state, reason, run, at in json.loads(f"[{whole}]")]
