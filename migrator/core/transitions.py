"""Which states a user may come from: the table of every legal move. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from migrator.core.model import ARRIVED_STATES, State

if TYPE_CHECKING:
    from collections.abc import Mapping

_EVERYBODY: Final = frozenset(State)
_SETTLED: Final = _EVERYBODY - {State.SENDING}  # the outcome of who is in flight comes before anything else

# What a record makes of somebody whom the checkpoint did not know.
FIRST_STATES: Final = frozenset({State.PENDING, State.REJECTED, State.SKIPPED})

# The states from which one may come to each state. A changed record is judged anew, whatever became of its user.
ALLOWED: Final[Mapping[State, frozenset[State]]] = {
    State.PENDING: _EVERYBODY,  # changed, shown again, reopened, asked for; or a request that certainly did nothing
    State.SENDING: frozenset({State.PENDING, State.SENDING}),  # claimed for a request; its answer did not come
    State.CREATED: frozenset({State.SENDING}),  # the outcome of a request
    State.UPDATED: frozenset({State.SENDING}),  # the outcome of a request
    State.UNCHANGED: frozenset({State.PENDING}),  # the plan had nothing to do
    State.REJECTED: _SETTLED,  # a changed record that cannot be migrated
    # A collision, the plan, a drift; the outcome of a request; who arrived and was deleted at Descope.
    State.CONFLICT: frozenset({State.PENDING, State.SENDING, *ARRIVED_STATES}),
    State.FAILED: frozenset({State.SENDING}),  # the outcome of a request
    State.VANISHED: _SETTLED - {State.VANISHED},  # absent from the reading
    State.SKIPPED: _SETTLED,  # a record that is not included; or who is left out of this run
}

# Undoing a command that was not confirmed is a move of its own: from and to each of these, whatever `ALLOWED` says.
# Nobody is opened or written over in flight, and what was opened is confirmed before anybody is claimed.
RESTORABLE: Final = _SETTLED
