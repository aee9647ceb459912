"""Who is known, who was shown, and who is gone from Docebo."""

from __future__ import annotations

from typing import TYPE_CHECKING

from two_migrations import put, rows

from migrator.checkpoint.users.sweeps import count_absent, count_present, count_seen, mark_vanished
from migrator.core.model import Decision, State

if TYPE_CHECKING:
    from migrator.checkpoint.db.checkpoint import Checkpoint


def test_the_users_that_sweeps_have_shown_are_counted(store: Checkpoint) -> None:
    for user_id, sweep in (("1", 1), ("2", 2), ("3", 3)):
        put(store, user_id, seen_sweep=sweep)

    assert [count_seen(store, since) for since in (1, 2, 4)] == [3, 2, 0]


def absent_or_not(store: Checkpoint) -> None:
    """Users 1 to 5 were not shown by sweep 5, and of these 1, 2 and 3 were thought present."""
    put(store, "1", seen_sweep=4, decision=Decision.CREATE, detail="old")
    put(store, "2", seen_sweep=4, state=State.SKIPPED, reason="limit")
    put(store, "3", seen_sweep=4, state=State.SKIPPED, reason="search_text")
    put(store, "4", seen_sweep=4, state=State.VANISHED, reason="not_in_docebo")
    put(store, "5", seen_sweep=4, state=State.SENDING)
    put(store, "6", seen_sweep=5)


def test_the_missing_are_those_thought_present_and_not_shown(store: Checkpoint) -> None:
    absent_or_not(store)

    assert [count_absent(store, since) for since in (4, 5, 6)] == [0, 3, 4]


def test_the_missing_vanish_once_and_keep_what_they_became(store: Checkpoint) -> None:
    absent_or_not(store)
    put(store, "7", seen_sweep=4, state=State.CREATED, target_id="U7", sent_hash="sent")
    before = rows(store)
    gone = {"state": State.VANISHED, "reason": "not_in_docebo", "detail": None, "decision": None}

    assert [mark_vanished(store, 5), mark_vanished(store, 5)] == [4, 0]

    assert rows(store) == before | {user_id: before[user_id] | gone for user_id in ("1", "2", "3", "7")}


def test_a1_everybody_known_is_present_until_called_gone(store: Checkpoint) -> None:
    absent_or_not(store)

    assert count_present(store) == 5
    mark_vanished(store, 5)
    assert count_present(store) == 2
