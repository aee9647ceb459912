"""`policy.vanished`: what becomes of users who are gone from Docebo (docs/decisions/0023)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from lives import change, edit, put, put_many, reasons, target
from runs import PATCH, calls, go

if TYPE_CHECKING:
    from world import Place


@pytest.fixture
def left(any_place: Place) -> tuple[Place, list[str]]:
    """Twelve migrated users, the first of whom Docebo has deleted; whoever is gone is disabled."""
    any_place.configure(policy={"vanished": "disable"})
    ids = put_many(any_place, 12)
    assert go(any_place).code == 0
    any_place.sandbox.control.delete_docebo_user(ids[0])
    return any_place, ids


def test_who_is_gone_is_disabled_once_and_told_by_the_plan(left: tuple[Place, list[str]]) -> None:
    """The plan counts and shows it, the run does it, the next run has nothing to do."""
    place, ids = left

    planned = place.forked("plan", "--json").document["actions"]
    told = place.forked("plan").out
    ended = place.forked("run", "--yes", "--json")

    assert (planned["disable"], ended.document["actions"]["disable"]) == (1, 1)
    assert "1 user suspended, expired or gone in Docebo would be disabled in Descope" in told
    assert ended.code == 0
    assert [target(place, user_id)["status"] for user_id in ids[:3]] == ["disabled", "enabled", "enabled"]
    patches = len(calls(place, PATCH))
    assert go(place).code == 0
    assert len(calls(place, PATCH)) == patches


def test_by_default_nobody_is_disabled(any_place: Place) -> None:
    ids = put_many(any_place, 12)
    go(any_place)
    any_place.sandbox.control.delete_docebo_user(ids[0])

    assert go(any_place).code == 0

    assert target(any_place, ids[0])["status"] == "enabled"


def test_the_policy_can_come_after_the_leaving(any_place: Place) -> None:
    """Whoever was gone in an earlier run is disabled by the first one with that policy."""
    ids = put_many(any_place, 12)
    go(any_place)
    any_place.sandbox.control.delete_docebo_user(ids[0])
    go(any_place)
    any_place.configure(policy={"vanished": "disable"})

    assert go(any_place).code == 0

    assert target(any_place, ids[0])["status"] == "disabled"


def test_who_comes_back_is_enabled_again(left: tuple[Place, list[str]]) -> None:
    """By us, because we disabled the user."""
    place, ids = left
    record = next(user for user in place.sources() if user["user_id"] == ids[1])
    go(place)
    place.sandbox.control.put_docebo_user(record | {"user_id": ids[0], "username": "back", "email": "u0@example.org"})

    assert go(place).code == 0

    assert target(place, ids[0])["status"] == "enabled"


def test_whom_somebody_enabled_again_stays_enabled(left: tuple[Place, list[str]]) -> None:
    """A person in Descope knows better than a list that somebody is missing from."""
    place, ids = left
    go(place)
    edit(place, target(place, ids[0]), status="enabled")

    assert go(place).code == 0

    assert target(place, ids[0])["status"] == "enabled"


def test_a_person_with_a_new_number_is_not_locked_out(left: tuple[Place, list[str]]) -> None:
    """Docebo deleted the account and made another one with the same address: it is the same person."""
    place, ids = left
    new = put(place, 50, email="u0@example.org")

    assert go(place).reasons == {"not_in_docebo": 1, "recreated": 1}
    assert target(place, ids[0])["status"] == "enabled"
    place.configure(policy={"existing": "link"})
    assert go(place).code == 0
    assert (target(place, new)["status"], len(place.targets())) == ("enabled", 12)


def test_whom_we_only_linked_stays_as_it_is(any_place: Place) -> None:
    """The user was there before us, and is somebody's without Docebo, too."""
    place = any_place
    place.configure(policy={"vanished": "disable", "existing": "link"})
    place.sandbox.control.put_descope_user(
        {"loginIds": ["u0@example.org"], "email": "u0@example.org", "status": "enabled"}
    )
    ids = put_many(place, 12)
    go(place)
    place.sandbox.control.delete_docebo_user(ids[0])

    assert go(place).code == 0

    assert target(place, ids[0])["status"] == "enabled"


def test_whom_a_lost_checkpoint_knew_stays_as_it_is(place: Place) -> None:
    """Nobody knows any more who was linked: `freshlyMigrated` makes it likely that we created a user, and no more."""
    place.configure(policy={"vanished": "disable", "existing": "link"})
    place.sandbox.control.put_descope_user(
        {"loginIds": ["u0@example.org"], "email": "u0@example.org", "status": "enabled"}
    )
    ids = put_many(place, 24)
    go(place)
    for path in place.folder.glob("migrator.db*"):
        path.unlink()
    place.configure(policy={"existing": "conflict"})
    go(place)
    for user_id in ids[:2]:
        place.sandbox.control.delete_docebo_user(user_id)

    assert go(place).code == 0

    assert [target(place, user_id)["status"] for user_id in ids[:2]] == ["enabled", "enabled"]


def test_a_run_that_does_not_read_everybody_disables_nobody_who_is_gone(any_place: Place) -> None:
    """Whoever is gone may be back by now."""
    place = any_place
    ids = put_many(place, 12)
    go(place)
    record = next(user for user in place.sources() if user["user_id"] == ids[0])
    place.sandbox.control.delete_docebo_user(ids[0])
    go(place)
    place.sandbox.control.put_docebo_user(record)
    place.configure(policy={"vanished": "disable"})

    go(place, search_text="u1@")
    assert target(place, ids[0])["status"] == "enabled"

    assert go(place).code == 0
    assert target(place, ids[0])["status"] == "enabled"


def test_who_cannot_be_disabled_needs_a_person(left: tuple[Place, list[str]]) -> None:
    """Descope refuses the change: the user is named, and the run exits with 3 until it is done."""
    place, ids = left
    rule = {"kind": "status", "path": PATCH, "params": {"code": 400}}
    place.sandbox.control.set_faults(rule)

    assert go(place).code == 3
    problems = (place.folder / "reports" / "problems.csv").read_text()
    assert f"{ids[0]},vanished,still_enabled" in problems

    place.sandbox.control.clear_faults()
    assert go(place).code == 0
    assert target(place, ids[0])["status"] == "disabled"


def test_a_suspended_status_that_descope_owns_does_not_stop_it(left: tuple[Place, list[str]]) -> None:
    """`update.status: target_wins` is about suspensions; who is gone was asked for by a key of its own."""
    place, ids = left
    place.configure(policy={"update": {"status": "target_wins"}})
    change(place, ids[1], status="0")

    go(place)

    assert [target(place, user_id)["status"] for user_id in ids[:2]] == ["disabled", "enabled"]
    assert reasons(place)[ids[0]] == "not_in_docebo"
