"""From which states a user may move to each state: the table of every legal move. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from migrator.core.model import ARRIVED_STATES, State

if TYPE_CHECKING:
    from collections.abc import Mapping

_EVERYBODY: Final = frozenset(State)
_SETTLED: Final = _EVERYBODY - {State.SENDING}  # the outcome of users in flight comes before anything else

# The states that a record can give a user whom the checkpoint did not know.
FIRST_STATES: Final = frozenset({State.PENDING, State.REJECTED, State.SKIPPED})

# The states from which a user may move to each state. A changed record is judged again, whatever its user's state.
ALLOWED: Final[Mapping[State, frozenset[State]]] = {
    State.PENDING: _EVERYBODY,  # changed, shown again, reopened, asked for; or a request that certainly did nothing
    State.SENDING: frozenset({State.PENDING, State.SENDING}),  # claimed for a request; its answer did not come
    State.CREATED: frozenset({State.SENDING}),  # the outcome of a request
    State.UPDATED: frozenset({State.SENDING}),  # the outcome of a request
    State.UNCHANGED: frozenset({State.PENDING}),  # the plan had nothing to do
    State.REJECTED: _SETTLED,  # a changed record that cannot be migrated
    # A collision, the plan, a drift; the outcome of a request; a user who arrived and was deleted in Descope.
    State.CONFLICT: frozenset({State.PENDING, State.SENDING, *ARRIVED_STATES}),
    State.FAILED: frozenset({State.SENDING}),  # the outcome of a request
    State.VANISHED: _SETTLED - {State.VANISHED},  # absent from the reading
    State.SKIPPED: _SETTLED,  # a record that is not included; or a user left out of this run
}

# Undoing an unconfirmed command is a separate move: from and to each of these, whatever `ALLOWED` says.
# Nobody in flight is opened or overwritten, and what was opened is confirmed before any user is claimed.
RESTORABLE: Final = _SETTLED
