"""Collisions, scope, and one decision per pending user."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from two_migrations import NOW, put, rows, states, target

from migrator.checkpoint.users.plans import (
    PlannedAction,
    finish_without_sending,
    mark_missing,
    planned_pages,
    refuse_shared_targets,
    skip_all_but,
    undecided_pages,
)
from migrator.checkpoint.users.plans import store_actions as store_plan
from migrator.core.model import Decision, State
from migrator.core.reasons import Reason

if TYPE_CHECKING:
    from migrator.checkpoint.db.checkpoint import Checkpoint


def test_b2_of_several_that_would_adopt_one_user_nobody_does(store: Checkpoint) -> None:
    """Nor does anybody adopt a user who became another one already, unless that one is gone from Docebo."""
    for user_id, adopts in (("1", "S"), ("2", "S"), ("3", "T"), ("4", "U9"), ("5", "U8")):
        put(store, user_id)
        store_plan(store, [PlannedAction(user_id, Decision.ADOPT, adopts)])
    put(store, "9", state=State.CREATED, target_id="U9")
    put(store, "8", state=State.VANISHED, target_id="U8")

    refuse_shared_targets(store)

    decided = {user_id: (row["decision"], row["reason"]) for user_id, row in rows(store).items()}
    alone = ("conflict", "several_matches")
    assert decided | {"8": None, "9": None} == {
        "1": alone, "2": alone, "3": ("adopt", None), "4": alone, "5": ("adopt", None), "8": None, "9": None,
    }  # fmt: skip


def test_who_is_missing_at_descope_is_named_and_only_who_arrived(store: Checkpoint) -> None:
    put(store, "1", state=State.UPDATED, target_id="U1")
    put(store, "2", target_id="U2")
    put(store, "3", state=State.CREATED, target_id="U3")

    mark_missing(store, ["1", "2"])
    mark_missing(store, [])

    assert states(store) == {
        "1": (State.CONFLICT, "deleted_at_descope"), "2": (State.PENDING, None), "3": (State.CREATED, None)
    }  # fmt: skip
    assert rows(store)["1"]["verdict"] == "missing"


def test_a_limit_keeps_the_first_users_by_number(store: Checkpoint) -> None:
    for user_id in ("10", "9", "2", "11"):
        put(store, user_id)
    put(store, "1", state=State.CREATED)

    skip_all_but(store, limit=2, seen_since=None)

    assert states(store) == {
        "1": (State.CREATED, None),
        "2": (State.PENDING, None),
        "9": (State.PENDING, None),
        "10": (State.SKIPPED, "limit"),
        "11": (State.SKIPPED, "limit"),
    }


def test_a_limit_of_none_at_all_leaves_everybody_out(store: Checkpoint) -> None:
    put(store, "1")

    skip_all_but(store, limit=0, seen_since=None)

    assert states(store) == {"1": (State.SKIPPED, "limit")}


def test_who_was_not_seen_since_a_sweep_is_left_out_and_does_not_count_for_the_limit(store: Checkpoint) -> None:
    put(store, "1", seen_sweep=3)
    put(store, "2", seen_sweep=4)
    put(store, "3", seen_sweep=5)
    put(store, "4", seen_sweep=3, state=State.CREATED)

    skip_all_but(store, limit=1, seen_since=4)

    assert states(store) == {
        "1": (State.SKIPPED, "search_text"),
        "2": (State.PENDING, None),
        "3": (State.SKIPPED, "limit"),
        "4": (State.CREATED, None),
    }


def test_without_any_bound_everybody_stays(store: Checkpoint) -> None:
    put(store, "1")

    skip_all_but(store, limit=None, seen_since=None)

    assert states(store) == {"1": (State.PENDING, None)}


def test_the_undecided_are_read_page_by_page(store: Checkpoint) -> None:
    put(store, "3")
    put(store, "1", target_id="U1")
    put(store, "2", decision=Decision.CREATE)
    put(store, "4", state=State.SKIPPED)
    put(store, "5")

    page, rest = undecided_pages(store, 2)

    assert [user.user_id for user in page] == ["1", "3"]
    assert (page[0].target, page[0].target_hash, page[0].target_id) == (target("1"), "hash 1", "U1")
    assert [user.user_id for user in rest] == ["5"]


def test_the_sendable_are_read_page_by_page(store: Checkpoint) -> None:
    put(store, "3", decision=Decision.UPDATE, target_id="U3")
    put(store, "1", decision=Decision.CREATE)
    put(store, "2")
    put(store, "4", decision=Decision.UNCHANGED)
    put(store, "5", decision=Decision.CONFLICT)
    put(store, "6", decision=Decision.CREATE, state=State.CREATED)
    put(store, "7", decision=Decision.CREATE)

    page, rest = planned_pages(store, 2)

    assert [user.user_id for user in page] == ["1", "3"]
    assert (page[1].target, page[1].target_hash, page[1].target_id) == (target("3"), "hash 3", "U3")
    assert [user.user_id for user in rest] == ["7"]


def test_a_decision_is_stored_whole_with_its_time(store: Checkpoint) -> None:
    put(store, "1", reason="old", found_fingerprint="old")
    put(store, "2", target_id="U2")
    before = rows(store)
    changes = {"name": ["before", "after"]}

    store_plan(
        store,
        [
            PlannedAction("1", Decision.UPDATE, "U1", changes=changes, found_fingerprint="fingerprint"),
            PlannedAction("2", Decision.CONFLICT, reason=Reason.LOGIN_TAKEN),
        ],
    )

    after = rows(store)
    assert json.loads(after["1"]["changes"]) == changes
    assert after["1"] == before["1"] | {
        "decision": "update", "target_id": "U1", "reason": None, "found_fingerprint": "fingerprint", "decided_at": NOW,
        "changes": after["1"]["changes"],
    }  # fmt: skip
    assert after["2"] == before["2"] | {"decision": "conflict", "reason": "login_taken", "decided_at": NOW}


def test_no_decision_is_stored_for_who_is_not_pending(store: Checkpoint) -> None:
    put(store, "1", state=State.CREATED)
    before = rows(store)

    store_plan(store, [PlannedAction("1", Decision.UPDATE, "U1"), PlannedAction("99", Decision.CREATE)])
    store_plan(store, [])

    assert rows(store) == before


def test_an_unchanged_user_is_settled_as_acknowledged_and_a_conflict_keeps_its_reason(store: Checkpoint) -> None:
    put(store, "1", decision=Decision.UNCHANGED, target_id="U1")
    put(store, "2", decision=Decision.CONFLICT, reason="login_taken")
    put(store, "3", decision=Decision.CREATE)
    put(store, "4", decision=Decision.UNCHANGED, state=State.SKIPPED)
    put(store, "5", decision=Decision.CONFLICT, state=State.SKIPPED)
    put(store, "6")
    before = rows(store)

    finish_without_sending(store)

    assert rows(store) == before | {
        "1": before["1"] | {"state": State.UNCHANGED, "sent_hash": "hash 1", "decision": None},
        "2": before["2"] | {"state": State.CONFLICT, "decision": None},
    }
