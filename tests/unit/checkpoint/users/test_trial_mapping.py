"""What a mapping that is not confirmed wrote over: kept beside the row, put back as it was, or let go of."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import insert, select, update
from two_migrations import KEY, logins, put, put_logins, rows

from migrator.checkpoint.db.tables import login, migration, source_user
from migrator.checkpoint.users import trial_mapping
from migrator.checkpoint.users.trial_mapping import forget_snapshots, login_keys, restore_snapshots, row_snapshot
from migrator.core.model import Decision, State

if TYPE_CHECKING:
    from sqlalchemy import Connection, Row

    from migrator.checkpoint.db.checkpoint import Checkpoint

THIRD = "third"
# Every column that a mapping may change, each with another value.
BEFORE: dict[str, Any] = {
    "record_hash": "of the record",
    "state": State.CONFLICT, "reason": "login_taken", "detail": "U9", "note_codes": "name_cut",
    "source_status": "active", "source_created": "2020-01-01", "source_last_login": "2021-01-01",
    "raw": '{"name": "Zoë \\u0000"}', "profile": '{"name": "Zoë"}',
    "target_hash": "old hash", "sent_hash": "old sent", "target_id": "U1", "decision": Decision.UPDATE,
    "changes": '{"name": ["a", "b"]}', "decided_at": 1.5, "found_fingerprint": "old seen", "predicted_state": "updated",
    "verdict": "differs", "origin": "linked", "sent_fields": '{"name": "x"}', "adopt_id": "U2", "disabled_by_us": 1,
    "still_enabled": 0, "refusals": 2, "retry": 1, "was_state": State.FAILED, "was_reason": "refused",
    "was_detail": "E1", "was_attempts": 3, "was_retry": 2, "attempts": 4,
}  # fmt: skip
AFTER: dict[str, Any] = {
    **dict.fromkeys(BEFORE), "state": State.PENDING, "note_codes": "", "target_hash": "new hash", "attempts": 0,
    "seen_sweep": 5,
}  # fmt: skip


@pytest.fixture
def third(store: Checkpoint) -> Checkpoint:
    """A third migration's rows that are written over too, under the same ids; they must stay as they are."""
    store.write(lambda c: c.execute(insert(migration).values(key=THIRD, fence=1, sweep=7)))
    for user_id in ("1", "2"):
        put(store, user_id, THIRD, was_row=json.dumps({"row": {"target_hash": "third's"}, "logins": ["third's"]}))
        put_logins(store, user_id, "trial", key=THIRD)
    return store


def stored(store: Checkpoint, user_id: str, key: str = KEY) -> Row[Any]:
    """All columns of a user's row."""
    query = select(source_user).where(source_user.c.migration == key, source_user.c.user_id == user_id)
    return store.read(lambda c: c.execute(query).one())


def write_over(store: Checkpoint, user_id: str, *keys: str, **columns: Any) -> None:
    """Do to a user what a plan with another mapping does: keep what is there, write over it, with other logins."""
    mine = (source_user.c.migration == KEY, source_user.c.user_id == user_id)
    theirs = (login.c.migration == KEY, login.c.user_id == user_id)

    def work(connection: Connection) -> None:
        row = connection.execute(select(source_user).where(*mine)).one()
        text = row_snapshot(row, login_keys(connection, store, [user_id]).get(user_id, ()))
        connection.execute(update(source_user).where(*mine).values(**AFTER | columns, was_row=text))
        connection.execute(login.delete().where(*theirs))

    store.write(work)
    if keys:
        put_logins(store, user_id, *keys)


def noted(store: Checkpoint) -> dict[str, bool]:
    """User id to whether something is kept beside the row."""
    return {user_id: row["was_row"] is not None for user_id, row in rows(store).items()}


# --- login keys ----------------------------------------------------------------------------------


def test_each_user_asked_for_has_all_its_own_login_keys(third: Checkpoint) -> None:
    """Nobody else's, no other migration's, and who has none is left out."""
    put_logins(third, "1", "b", "a")
    put_logins(third, "2", "c")
    put_logins(third, "3", "d")

    found = third.read(lambda c: login_keys(c, third, {"1": None, "2": None, "4": None}))

    assert {user_id: sorted(keys) for user_id, keys in found.items()} == {"1": ["a", "b"], "2": ["c"]}


def test_nobody_asked_for_has_no_login_keys(third: Checkpoint) -> None:
    put_logins(third, "1", "a")

    assert third.read(lambda c: login_keys(c, third, [])) == {}


SSO = ("username_hash", "username_fold_hash", "email_hash", "login_hash", "sso_mapped", "sso_seen")

# --- keeping -------------------------------------------------------------------------------------


def test_a_snapshot_holds_what_the_mapping_made_and_the_login_keys_in_order(store: Checkpoint) -> None:
    """All columns but the key, the reading that saw the user last, and the snapshot itself."""
    put(store, "1", **BEFORE)

    text = row_snapshot(stored(store, "1"), iter(["b", "c", "a"]))

    others = {"batch": None, "sending_since": None, "history": None, "undoing": None, **dict.fromkeys(SSO)}
    assert json.loads(text) == {"row": json.loads(json.dumps(BEFORE | others)), "logins": ["a", "b", "c"]}
    assert list(json.loads(text)) == ["row", "logins"]


def test_a_snapshot_of_a_user_without_logins_says_so(store: Checkpoint) -> None:
    put(store, "1")

    assert json.loads(row_snapshot(stored(store, "1"), ()))["logins"] == []


def test_the_first_snapshot_counts_whatever_is_written_over_it_later(store: Checkpoint) -> None:
    put(store, "1", was_row="the first")
    put(store, "2", was_row="")

    assert row_snapshot(stored(store, "1"), ["a"]) == "the first"
    assert json.loads(row_snapshot(stored(store, "2"), ["a"]))["logins"] == ["a"]


# --- putting back --------------------------------------------------------------------------------


def test_a_row_that_was_written_over_comes_back_with_its_logins(third: Checkpoint) -> None:
    """Every column but the reading that saw the user last; nobody who was not written over changes."""
    put(third, "1", **BEFORE)
    put_logins(third, "1", "b", "a")
    put(third, "2")
    put_logins(third, "2", "a", "c")
    before, others = rows(third), (rows(third, THIRD), logins(third, THIRD))
    write_over(third, "1", "a", "new", "c")
    assert rows(third)["1"] != before["1"]

    restore_snapshots(third)

    assert rows(third) == before | {"1": before["1"] | {"seen_sweep": 5}}
    assert logins(third) == [("a", "1"), ("a", "2"), ("b", "1"), ("c", "2")]
    assert (rows(third, THIRD), logins(third, THIRD)) == others


def test_a_row_that_was_written_over_twice_comes_back_as_it_was_at_first(store: Checkpoint) -> None:
    put(store, "1", **BEFORE)
    put_logins(store, "1", "a")
    before = rows(store)
    write_over(store, "1", "b", target_hash="second")
    write_over(store, "1", "c", target_hash="third")

    restore_snapshots(store)

    assert rows(store) == {"1": before["1"] | {"seen_sweep": 5}}
    assert logins(store) == [("a", "1")]


def test_who_had_no_logins_has_none_again(store: Checkpoint) -> None:
    put(store, "1", state=State.REJECTED, reason="no_email", profile=None)
    write_over(store, "1", "new")

    restore_snapshots(store)

    assert logins(store) == []
    assert (rows(store)["1"]["state"], rows(store)["1"]["reason"]) == (State.REJECTED, "no_email")


def test_who_gets_no_new_logins_has_the_old_ones_again(store: Checkpoint) -> None:
    put(store, "1")
    put_logins(store, "1", "a", "b")
    write_over(store, "1", state=State.REJECTED)

    restore_snapshots(store)

    assert logins(store) == [("a", "1"), ("b", "1")]


def test_where_nothing_was_written_over_nothing_is_written(third: Checkpoint, monkeypatch: pytest.MonkeyPatch) -> None:
    put(third, "1", **BEFORE)
    put_logins(third, "1", "a")
    before = rows(third), logins(third), rows(third, THIRD)

    with monkeypatch.context() as patch:
        patch.delattr(type(third), "write")
        restore_snapshots(third)

    assert (rows(third), logins(third), rows(third, THIRD)) == before


def test_what_was_put_back_is_not_put_back_again(store: Checkpoint) -> None:
    """What is written afterwards, with the mapping that counts, stays."""
    put(store, "1")
    put_logins(store, "1", "a")
    write_over(store, "1", "b")
    restore_snapshots(store)
    own = (source_user.c.migration == KEY, source_user.c.user_id == "1")
    store.write(lambda c: c.execute(update(source_user).where(*own).values(target_hash="later")))

    restore_snapshots(store)

    assert rows(store)["1"]["target_hash"] == "later"
    assert logins(store) == [("a", "1")]


def test_many_rows_are_put_back_some_at_a_time_and_a_killed_command_leaves_the_rest_to_the_next(
    store: Checkpoint, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each row with its own logins, in one transaction with its mark; memory stays flat."""
    monkeypatch.setattr(trial_mapping, "_AT_ONCE", 2)
    everybody = [str(number) for number in range(1, 6)]
    for user_id in everybody:
        put(store, user_id)
        put_logins(store, user_id, f"old {user_id}", "shared")
    before, keys = rows(store), logins(store)
    for user_id in everybody:
        write_over(store, user_id, f"new {user_id}")
    write, left = store.write, [2]

    def killed(work: Any) -> Any:
        if not left[0]:
            raise KeyboardInterrupt
        left[0] -= 1
        return write(work)

    with monkeypatch.context() as patch:
        patch.setattr(store, "write", killed)
        with pytest.raises(KeyboardInterrupt):
            restore_snapshots(store)
    assert sum(noted(store).values()) == 1
    back = {user_id for user_id, is_noted in noted(store).items() if not is_noted}
    assert {user_id for key, user_id in logins(store) if key.startswith("old")} == back
    assert {user_id for key, user_id in logins(store) if key.startswith("new")} == set(everybody) - back

    restore_snapshots(store)

    assert rows(store) == {user_id: row | {"seen_sweep": 5} for user_id, row in before.items()}
    assert logins(store) == keys


# --- letting go ----------------------------------------------------------------------------------


def test_what_a_confirmed_mapping_wrote_stays(third: Checkpoint) -> None:
    """Only what was kept beside it goes, and only this migration's."""
    for user_id in ("1", "2", "3"):
        put(third, user_id, **BEFORE)
        put_logins(third, user_id, "a")
    write_over(third, "1", "b")
    write_over(third, "3")
    before, keys, others = rows(third), logins(third), rows(third, THIRD)
    assert noted(third) == {"1": True, "2": False, "3": True}

    third.write(lambda c: forget_snapshots(c, third))

    assert rows(third) == {user_id: row | {"was_row": None} for user_id, row in before.items()}
    assert rows(third, THIRD) == others
    restore_snapshots(third)
    assert rows(third) == {user_id: row | {"was_row": None} for user_id, row in before.items()}
    assert logins(third) == keys


def test_what_is_let_go_of_is_there_again_when_the_callers_transaction_fails(store: Checkpoint) -> None:
    put(store, "1")
    write_over(store, "1")

    def fails(connection: Connection) -> None:
        forget_snapshots(connection, store)
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        store.write(fails)

    assert noted(store) == {"1": True}
