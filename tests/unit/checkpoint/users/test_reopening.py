"""Which conflicts and failures are planned again."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from two_migrations import put, rows, states

from migrator.checkpoint.binding import Binding, confirm_binding
from migrator.checkpoint.db.tables import source_user
from migrator.checkpoint.users.holders import HELD_BY_OURS
from migrator.checkpoint.users.plans import PlannedAction
from migrator.checkpoint.users.plans import store_actions as store_plan
from migrator.checkpoint.users.reopening import mark_for_retry, reopen_users, restore_unconfirmed
from migrator.checkpoint.users.stored_user import AGAIN, REJUDGE
from migrator.core.model import Decision, State

if TYPE_CHECKING:
    from migrator.checkpoint.db.checkpoint import Checkpoint

NOTED = ("was_state", "was_reason", "was_detail", "was_attempts", "was_retry")


def seen(store: Checkpoint) -> dict[str, dict[str, Any]]:
    """The rows without what `restore` would bring back."""
    return {one: {k: v for k, v in row.items() if k not in NOTED} for one, row in rows(store).items()}


BLANK: dict[str, Any] = {
    "adopt_id": None,
    "decision": None,
    "changes": None,
    "decided_at": None,
    "reason": None,
    "detail": None,
}
DECIDED: dict[str, Any] = {
    "decision": Decision.UPDATE,
    "changes": "{}",
    "decided_at": 1.0,
    "reason": "old",
    "detail": "old",
}


@pytest.mark.parametrize("asked", [0, AGAIN, REJUDGE])
def test_a_pending_user_loses_its_old_decision_and_nothing_else(store: Checkpoint, asked: int) -> None:
    put(store, "1", **DECIDED, target_id="U1", attempts=3, adopt_id="S")
    before = seen(store)["1"]

    reopen_users(store, asked=asked)

    assert seen(store)["1"] == before | BLANK


@pytest.mark.parametrize("state", [State.CONFLICT, State.FAILED])
@pytest.mark.parametrize("reason", ["duplicate_email", "duplicate_login", "drifted", "gave_up", "recreated"])
def test_who_is_judged_anew_is_pending_again_without_a_trace(store: Checkpoint, state: State, reason: str) -> None:
    put(store, "1", **DECIDED | {"state": state, "reason": reason, "target_id": "U1", "attempts": 3})
    before = seen(store)["1"]

    reopen_users(store)

    tried = 3 if reason == "gave_up" else 0  # tried once more, not from the start
    assert seen(store)["1"] == before | BLANK | {"state": State.PENDING, "attempts": tried}


def test_b6_a_login_held_by_another_migrated_user_is_judged_anew(store: Checkpoint) -> None:
    """That user may have moved on; a stranger's login stays taken until somebody asks."""
    put(store, "1", state=State.CONFLICT, reason="login_taken", detail=HELD_BY_OURS)
    put(store, "2", state=State.CONFLICT, reason="login_taken")
    put(store, "3", state=State.CONFLICT, reason="login_taken", detail=f"{HELD_BY_OURS} U9")
    put(store, "4", state=State.CONFLICT, reason="login_taken", detail="U9")

    reopen_users(store)

    taken = (State.CONFLICT, "login_taken")
    assert states(store) == {"1": (State.PENDING, None), "2": taken, "3": (State.PENDING, None), "4": taken}


@pytest.mark.parametrize("reason", ["login_taken", "several_matches", "refused", "deleted_at_descope"])
@pytest.mark.parametrize("asked", [AGAIN, REJUDGE])
def test_every_other_end_stays_until_it_is_asked_for(store: Checkpoint, reason: str, asked: int) -> None:
    put(store, "1", **DECIDED | {"state": State.FAILED, "reason": reason, "target_id": "U1", "attempts": 3})
    put(store, "2", **DECIDED | {"state": State.CONFLICT, "reason": reason, "retry": asked})
    put(store, "3", **DECIDED | {"state": State.CONFLICT, "reason": reason, "profile": None, "retry": asked})
    before = seen(store)

    reopen_users(store)
    assert seen(store) == before | {"2": before["2"] | BLANK | {"state": State.PENDING}}

    reopen_users(store, asked=asked)
    expected = BLANK | {"state": State.PENDING, "attempts": 0, "retry": asked}
    assert seen(store)["1"] == before["1"] | expected


def test_a_further_plan_of_a_run_judges_its_conflicts_alone(store: Checkpoint) -> None:
    """Whoever was decided to be sent stays so, and who was given up on is tried again by the next run, not by this."""
    put(store, "1", **DECIDED)
    put(store, "2", **DECIDED | {"decision": Decision.CONFLICT})
    put(store, "3", **DECIDED | {"state": State.FAILED, "reason": "gave_up"})
    put(store, "4", **DECIDED | {"state": State.CONFLICT, "reason": "duplicate_email"})
    before = seen(store)

    reopen_users(store, keep_decisions=True)

    again = before["4"] | BLANK | {"state": State.PENDING}
    assert seen(store) == before | {"2": before["2"] | BLANK, "4": again}


@pytest.mark.parametrize("asked", [0, AGAIN, REJUDGE])
def test_nobody_who_is_done_or_in_flight_is_opened_again(store: Checkpoint, asked: int) -> None:
    for number, state in enumerate(sorted(set(State) - {State.PENDING, State.CONFLICT, State.FAILED}), start=1):
        put(store, str(number), **DECIDED | {"state": state, "target_id": "U", "attempts": 3, "reason": "drifted"})
    put(store, "20", state=State.SKIPPED, reason="deleted_at_descope", target_id="U20")
    before = seen(store)

    reopen_users(store, asked=asked)

    assert seen(store) == before


def opened(store: Checkpoint) -> dict[str, dict[str, Any]]:
    """Three users that a command opens, and what was stored of them before."""
    put(store, "1", state=State.CONFLICT, reason="deleted_at_descope", target_id="U1", attempts=2, retry=REJUDGE)
    put(store, "2", state=State.CONFLICT, reason="login_taken", detail=HELD_BY_OURS)
    put(store, "3", state=State.CREATED, target_id="U3")
    put(store, "4", target_id="U4")
    before = seen(store)
    assert mark_for_retry(store, source_user.c.user_id == "3") == 1
    reopen_users(store, asked=AGAIN)
    planned = [
        PlannedAction("1", Decision.CREATE),
        PlannedAction("2", Decision.ADOPT, "S"),
        PlannedAction("4", Decision.CONFLICT),
    ]
    store_plan(store, planned)
    assert [state for state, _ in states(store).values()] == [*[State.PENDING] * 2, State.CREATED, State.PENDING]
    assert [row["retry"] for row in rows(store).values()] == [AGAIN, AGAIN, AGAIN, None]
    return before


def test_b4_what_an_unconfirmed_command_opens_is_restored(store: Checkpoint) -> None:
    """Whoever a plan opened, or a run that ended before its "yes", stands afterwards as before."""
    before = opened(store)

    restore_unconfirmed(store)
    restore_unconfirmed(store)

    changing = {"decided_at", "seen", "decision"}
    for user_id in ("1", "2", "3"):
        row = seen(store)[user_id]
        assert {k: v for k, v in row.items() if k not in changing} == {
            k: v for k, v in before[user_id].items() if k not in changing
        }
    assert [row["decision"] for row in rows(store).values()] == [None, None, None, Decision.CONFLICT]
    assert not any(row["was_state"] for row in rows(store).values())


def test_b4_what_is_confirmed_stays(store: Checkpoint) -> None:
    """With the "yes" mapping, policy and whoever they ask for are stored in one step, for good."""
    opened(store)

    confirm_binding(store, Binding("acme", "P2", "api.descope.com", "mapping", "policy", "{}"))
    after = seen(store)
    restore_unconfirmed(store)

    assert seen(store) == after
    assert {row["retry"] for row in after.values()} == {AGAIN, None}
