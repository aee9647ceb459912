"""An address that an update sets, and that is another user's login id: a plan foresees what Descope would refuse."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from in_memory import Descope, run_context
from read_back import person
from stored_users import waiting
from two_migrations import put, target
from wanted_and_held import WANTED, held

from migrator.checkpoint.users.holders import HELD_BY_OURS
from migrator.checkpoint.users.plans import PlannedAction, undecided_pages
from migrator.core.model import Decision
from migrator.core.reasons import Reason
from migrator.flow.plan.decide import new_address, unless_taken
from migrator.flow.plan.plan import decide_all

if TYPE_CHECKING:
    from pathlib import Path

    from migrator.checkpoint.db.checkpoint import Checkpoint
    from migrator.checkpoint.users.stored_user import StoredUser

NAMED = replace(WANTED, login_id="a.ruiz", extra_login_ids=())
USER = waiting(NAMED, target_id="U1")
MOVES = PlannedAction("1", Decision.UPDATE, "U1", changes={"email": ["old@example.org", "u1@example.org"]})


@pytest.mark.parametrize(
    ("user", "plan", "address"),
    [
        (USER, MOVES, "u1@example.org"),
        (waiting(WANTED, target_id="U1"), MOVES, None),  # a login id of its own was looked up
        (USER, replace(MOVES, changes={"name": ["a", "b"]}), None),
        (USER, replace(MOVES, changes=None), None),
        (USER, replace(MOVES, decision=Decision.ADOPT), None),
    ],
)
def test_an_address_is_new_when_an_update_sets_it_and_it_is_no_login_id(
    user: StoredUser, plan: PlannedAction, address: str | None
) -> None:
    assert new_address(user, plan) == address


def test_an_address_that_somebody_else_signs_in_with_is_a_conflict() -> None:
    """Whoever holds it is told apart: a user of this migration may let go of it, a stranger does not."""
    theirs = held(login_ids=("u1@example.org",), user_id="S2", attributes={})
    assert unless_taken(USER, MOVES, [theirs]) == PlannedAction(
        "1", Decision.CONFLICT, reason=Reason.EMAIL_TAKEN, detail="S2"
    )
    ours = replace(theirs, attributes=dict(target("2").attributes))
    assert unless_taken(USER, MOVES, [ours]).detail == f"{HELD_BY_OURS} S2"
    assert unless_taken(USER, MOVES, [ours, theirs]).detail == "S2"


def test_an_address_that_nobody_else_signs_in_with_is_set() -> None:
    for holders in ([], [held(login_ids=("u1@example.org",))], [held(user_id="S2", login_ids=("other@example.org",))]):
        assert unless_taken(USER, MOVES, holders) == MOVES
    unmoved = replace(MOVES, changes={"name": ["a", "b"]})
    assert unless_taken(USER, unmoved, [held(user_id="S2", login_ids=("u1@example.org",))]) == unmoved


def test_new_addresses_of_a_hundred_users_are_looked_up_in_one_call(store: Checkpoint, tmp_path: Path) -> None:
    """One user's address is a stranger's login id: that one is a conflict, and the other is updated."""
    for user_id in ("1", "2"):
        named = replace(target(user_id), login_id=f"name{user_id}", extra_login_ids=())
        put(store, user_id, profile=named.to_json(), target_id=f"U{user_id}")
    there = [person(user_id, login_ids=(f"name{user_id}",), email="old@example.org") for user_id in ("1", "2")]
    descope = Descope(*there, person("9", user_id="S9", login_ids=("u1@example.org",), attributes={}))

    (users,) = undecided_pages(store, 100)
    planned = {one.user_id: one for one in decide_all(run_context(store, tmp_path, descope=descope), users)}

    assert (planned["1"].decision, planned["1"].reason) == (Decision.CONFLICT, "email_taken")
    assert planned["2"].decision == Decision.UPDATE
    assert descope.asked[-1] == ("search", "u1@example.org", "u2@example.org")
