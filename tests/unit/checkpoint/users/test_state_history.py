"""The history in a user's row: which moves it tells, and how long it grows (docs/decisions/0021)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from sqlalchemy import Text, bindparam, update
from two_migrations import NOW, put

from migrator.checkpoint.db.tables import source_user
from migrator.checkpoint.runs.runs import begin_run
from migrator.checkpoint.users.moves import move_each, move_to, put_back
from migrator.checkpoint.users.rows import mine, this_user
from migrator.checkpoint.users.state_history import StateChange, first_change, history_of
from migrator.core.model import OPEN_STATES, State
from migrator.core.reasons import Reason
from migrator.core.transitions import ALLOWED

if TYPE_CHECKING:
    from migrator.checkpoint.db.checkpoint import Checkpoint

AT = int(NOW)


def move(store: Checkpoint, to: State, reason: str | None = None) -> None:
    """Move everybody who may, in a run of its own."""
    begin_run(store, "run")
    batch = {"batch": "a batch" if to == State.SENDING else None}
    store.write(lambda c: c.execute(move_to(store, to, reason=reason).values(**batch)))


def told(store: Checkpoint, user_id: str = "1") -> list[tuple[str, str | None, int]]:
    """State, reason and run of each change, the oldest first."""
    return [(one.state, one.reason, one.run) for one in history_of(store, user_id)]


@pytest.mark.parametrize("to", [one for one in State if one not in OPEN_STATES])
def test_a_final_state_is_told_with_its_reason_run_and_time(store: Checkpoint, to: State) -> None:
    put(store, "1", state=min(ALLOWED[to]))

    move(store, to, Reason.LOGIN_TAKEN)

    assert history_of(store, "1") == [StateChange(AT, to, "login_taken", 1)]


def test_sending_and_reopening_are_not_told_but_a_changed_record_is(store: Checkpoint) -> None:
    """A changed record is a move to `pending` with a reason as parameter, even when that is none."""
    put(store, "1", state=State.CONFLICT)
    move(store, State.PENDING)
    move(store, State.SENDING)
    assert told(store) == []

    move(store, State.PENDING)
    changed = move_to(store, State.PENDING, this_user(store), reason=bindparam("b_reason", type_=Text))
    store.write(lambda c: move_each(c, changed, [{"b_user": "1", "b_reason": None}]))

    assert told(store) == [("pending", None, 3)]


def test_each_outcome_of_a_request_is_told(store: Checkpoint) -> None:
    """Sent twice with the same outcome is twice something that happened."""
    put(store, "1")
    for _ in range(2):
        move(store, State.SENDING)
        move(store, State.UPDATED)
        move(store, State.PENDING)

    assert told(store) == [("updated", None, 2), ("updated", None, 5)]


def test_a_state_that_comes_again_is_told_only_when_it_or_its_reason_is_new(store: Checkpoint) -> None:
    put(store, "1")
    for reason in (Reason.LOGIN_TAKEN, Reason.LOGIN_TAKEN, Reason.EMAIL_TAKEN, Reason.LOGIN_TAKEN):
        move(store, State.CONFLICT, reason)
        move(store, State.PENDING)

    assert told(store) == [
        ("conflict", "login_taken", 1), ("conflict", "email_taken", 5), ("conflict", "login_taken", 7),
    ]  # fmt: skip


def test_a_reason_that_begins_like_the_one_before_is_another_one(store: Checkpoint) -> None:
    put(store, "1")
    for reason in ("limit", "limited", None):
        move(store, State.SKIPPED, reason)

    assert [reason for _, reason, _ in told(store)] == ["limit", "limited", None]


def test_what_is_put_back_is_not_told(store: Checkpoint) -> None:
    put(store, "1", was_state=State.CONFLICT)

    store.write(lambda c: c.execute(put_back(store, source_user.c.was_state)))

    assert told(store) == []


def test_only_the_newest_changes_are_kept(store: Checkpoint) -> None:
    """Whatever the length at which the oldest one is cut, the others stay whole."""
    put(store, "1", history=first_change(store, State.PENDING, None))
    for number in range(80):
        move(store, State.SKIPPED, "x" * (number % 7 + 1))

        kept = told(store)
        assert kept[-1] == ("skipped", "x" * (number % 7 + 1), number + 1)
        assert [run for _, _, run in kept] == list(range(number + 2 - len(kept), number + 2))

    assert 40 < len(kept) < 80


def test_nobody_has_a_history_before_the_first_change(store: Checkpoint) -> None:
    """A row that an older version wrote, and a user who is not there."""
    put(store, "1")
    store.write(lambda c: c.execute(update(source_user).where(mine(store)).values(history=None)))

    assert (history_of(store, "1"), history_of(store, "nobody")) == ([], [])
