"""The table of legal moves: total, and what it says of each kind of state."""

from __future__ import annotations

import pytest

from migrator.core.model import ARRIVED_STATES, State
from migrator.core.transitions import ALLOWED, FIRST_STATES, RESTORABLE


def next_states(state: State) -> set[State]:
    """Where a user may come from there, itself included."""
    return {to for to, starts in ALLOWED.items() if state in starts}


def test_every_state_can_be_reached_and_left() -> None:
    assert set(ALLOWED) == set(State)
    assert all(ALLOWED.values())
    assert all(next_states(state) - {state} for state in State)


def test_every_state_can_be_reached_from_a_first_one() -> None:
    reached = set(FIRST_STATES)
    for _ in State:
        reached |= {to for state in reached for to in next_states(state)}

    assert reached == set(State)


def test_nobody_leaves_sending_but_by_the_outcome_of_a_request() -> None:
    """No record, no reading and no reopening touches a user in flight, and nothing is put back over one."""
    assert next_states(State.SENDING) == {
        State.SENDING, State.PENDING, State.CREATED, State.UPDATED, State.CONFLICT, State.FAILED
    }  # fmt: skip
    assert set(State) - RESTORABLE == {State.SENDING}


def test_nobody_is_sent_who_does_not_wait() -> None:
    assert ALLOWED[State.SENDING] - {State.SENDING} == {State.PENDING}


@pytest.mark.parametrize("state", [State.CREATED, State.UPDATED, State.FAILED])
def test_only_a_request_creates_updates_or_fails(state: State) -> None:
    assert ALLOWED[state] == {State.SENDING}


@pytest.mark.parametrize("state", ARRIVED_STATES)
def test_who_arrived_does_not_arrive_otherwise(state: State) -> None:
    """It is planned anew before anything else is said of its arrival."""
    assert next_states(state).isdisjoint((*ARRIVED_STATES, State.SENDING, State.FAILED))


@pytest.mark.parametrize("state", [State.REJECTED, State.CONFLICT, State.FAILED, State.VANISHED, State.SKIPPED])
def test_who_is_set_aside_is_set_aside_otherwise_or_waits_again(state: State) -> None:
    """Nobody comes from there to a request, or to Descope, without being planned."""
    assert next_states(state) - {state} <= {State.PENDING, State.REJECTED, State.VANISHED, State.SKIPPED}


def test_nobody_vanishes_twice() -> None:
    assert State.VANISHED not in ALLOWED[State.VANISHED]


def test_a_user_nobody_knew_begins_as_its_record_says() -> None:
    assert {State.PENDING, State.REJECTED, State.SKIPPED} == FIRST_STATES
