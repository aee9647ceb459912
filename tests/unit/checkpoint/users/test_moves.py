"""The statements that write a user's state: only legal moves, only users of this migration."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import Connection, Text, bindparam
from two_migrations import KEY, OTHER, put, rows, states

from migrator.checkpoint.db.tables import source_user
from migrator.checkpoint.users.moves import IllegalMove, insert_as, move_each, move_to, put_back
from migrator.checkpoint.users.rows import this_user
from migrator.core.model import State
from migrator.core.transitions import ALLOWED, FIRST_STATES, RESTORABLE

if TYPE_CHECKING:
    from migrator.checkpoint.db.checkpoint import Checkpoint

NEW = {"seen_sweep": 1, "note_codes": "", "target_hash": "hash", "attempts": 0}


def one_of_each(store: Checkpoint) -> dict[str, str]:
    """A user in each state, under the state's name; those that stay there are told as they are."""
    for state in State:
        put(store, state, state=state)
    return {state: state for state in State}


def batch_of(state: State) -> dict[str, Any]:
    """What a row has beside its state, by the table's own rule."""
    return {"batch": "a batch" if state == State.SENDING else None}


@pytest.mark.parametrize("to", State)
def test_only_whoever_may_comes_to_a_state(store: Checkpoint, to: State) -> None:
    """Everybody is meant by the condition, and whoever may not make the move is not touched."""
    before = one_of_each(store)

    moved = store.write(lambda c: c.execute(move_to(store, to).values(reason="moved", **batch_of(to))).rowcount)

    assert moved == len(ALLOWED[to])
    assert states(store) == {
        state: (to, "moved") if state in ALLOWED[to] else (before[state], None) for state in State
    }  # fmt: skip


@pytest.mark.parametrize("to", State)
def test_a_condition_takes_fewer(store: Checkpoint, to: State) -> None:
    one_of_each(store)
    one = min(ALLOWED[to])
    before = rows(store)

    statement = move_to(store, to, source_user.c.user_id == one)
    assert store.write(lambda c: c.execute(statement.values(**batch_of(to))).rowcount) == 1

    assert rows(store) == before | {one: before[one] | {"state": to} | batch_of(to)}


def test_rows_bring_columns_and_parameters_along(store: Checkpoint) -> None:
    put(store, "1")
    put(store, "2", state=State.VANISHED, detail="old")
    statement = move_to(store, State.REJECTED, this_user(store)).values(detail=bindparam("b_detail"))
    each = [{"b_user": one, "b_detail": f"detail {one}", "reason": "no_email"} for one in ("1", "2")]

    store.write(lambda c: move_each(c, statement, each))
    store.write(lambda c: move_each(c, statement, []))

    assert states(store) == dict.fromkeys(("1", "2"), (State.REJECTED, "no_email"))
    assert [row["detail"] for row in rows(store).values()] == ["detail 1", "detail 2"]


@pytest.mark.parametrize("other", ["9", "3"], ids=["where it may not", "who is not ours"])
def test_a_row_that_finds_nobody_is_an_error_and_nothing_is_written(store: Checkpoint, other: str) -> None:
    """User 3 is another migration's."""
    put(store, "1")
    put(store, "9", state=State.SENDING)
    before = rows(store), rows(store, OTHER)
    statement = move_to(store, State.SKIPPED, this_user(store))

    def work(connection: Connection) -> None:
        move_each(connection, statement, [{"b_user": "1"}, {"b_user": other}])

    with pytest.raises(IllegalMove, match=r"^1 of 2 users may not come from where they are$"):
        store.write(work)

    assert (rows(store), rows(store, OTHER)) == before


@pytest.mark.parametrize("state", State)
def test_whoever_was_not_known_begins_in_a_first_state(store: Checkpoint, state: State) -> None:
    if state not in FIRST_STATES:
        with pytest.raises(IllegalMove, match=f"^no user begins as {state}$"):
            insert_as(store, state)
        return

    users = [{"user_id": user_id, **NEW} for user_id in ("1", "2")]
    store.write(lambda c: c.execute(insert_as(store, state), users))

    assert {(row["migration"], row["state"]) for row in rows(store).values()} == {(KEY, state)}


def test_what_stood_there_is_put_back_whatever_it_was(store: Checkpoint) -> None:
    """Only a user in flight stays as it is, and nobody comes to be in flight by that."""
    users = {f"{now} {was}": (now, was) for now in State for was in State}
    for user_id, (now, was) in users.items():
        put(store, user_id, state=now, was_state=was)

    undo = put_back(store, source_user.c.was_state, source_user.c.was_state.is_not(None))
    store.write(lambda c: c.execute(undo.values(reason="back")))

    assert states(store) == {
        user_id: (was, "back") if {now, was} <= RESTORABLE else (now, None) for user_id, (now, was) in users.items()
    }


def test_states_can_be_put_back_from_parameters(store: Checkpoint) -> None:
    put(store, "1")
    put(store, "2", state=State.SKIPPED)
    undo = put_back(store, bindparam("b_state", type_=Text), this_user(store))

    each: list[dict[str, Any]] = [
        {"b_user": "1", "b_state": "failed", "reason": "refused"},
        {"b_user": "2", "b_state": "created", "reason": None},
    ]

    store.write(lambda c: move_each(c, undo, each))

    assert states(store) == {"1": (State.FAILED, "refused"), "2": (State.CREATED, None)}


def test_nobody_is_put_back_into_flight(store: Checkpoint) -> None:
    put(store, "1")
    undo = put_back(store, bindparam("b_state", type_=Text), this_user(store)).values(batch="a batch")

    with pytest.raises(IllegalMove):
        store.write(lambda c: move_each(c, undo, [{"b_user": "1", "b_state": State.SENDING}]))

    assert states(store) == {"1": (State.PENDING, None)}
