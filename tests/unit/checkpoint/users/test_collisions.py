"""Groups of users whose login ids are, or look, the same."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from two_migrations import put, share_login, states, target

from migrator.checkpoint.users import collisions
from migrator.checkpoint.users.collisions import (
    LOOK_ALIKE,
    colliding_users,
    collision_groups,
    set_colliding_aside,
)
from migrator.core.fields import SentFields
from migrator.core.model import State

if TYPE_CHECKING:
    from migrator.checkpoint.db.checkpoint import Checkpoint


def found(store: Checkpoint, *, look: bool = False) -> list[tuple[str, str]]:
    return [(key, one.user_id) for key, one in colliding_users(store, look=look)]


def test_a_group_is_two_users_or_more_with_one_key(store: Checkpoint) -> None:
    for user_id in ("1", "2", "3", "4"):
        put(store, user_id)
    share_login(store, "b", "1", "2")
    share_login(store, "a", "3", "2")
    share_login(store, "alone", "4")
    share_login(store, f"{LOOK_ALIKE}x", "1", "4")

    assert found(store) == [("a", "2"), ("a", "3"), ("b", "1"), ("b", "2")]
    assert found(store, look=True) == [(f"{LOOK_ALIKE}x", "1"), (f"{LOOK_ALIKE}x", "4")]


@pytest.mark.parametrize(
    ("columns", "takes_part"),
    [
        ({"state": State.VANISHED}, False),
        ({"state": State.REJECTED, "reason": "no_email"}, False),
        ({"state": State.SKIPPED, "reason": "not_included"}, False),
        ({"state": State.SKIPPED, "reason": "limit"}, True),
        ({"state": State.CREATED}, True),
        ({"state": State.CONFLICT, "reason": "login_taken"}, True),
    ],
)
def test_who_takes_part_in_a_collision(store: Checkpoint, columns: dict[str, Any], takes_part: bool) -> None:
    put(store, "1")
    put(store, "2", **columns)
    share_login(store, "a", "1", "2")

    assert found(store) == ([("a", "1"), ("a", "2")] if takes_part else [])


def test_a_member_is_told_with_everything_the_ruling_needs(store: Checkpoint) -> None:
    sent = SentFields({}, frozenset({"a"}))
    profile = target("1", extra_login_ids=("one",)).to_json()
    put(
        store,
        "1",
        target_id="U1",
        profile=profile,
        source_created="2020",
        source_last_login="2021",
        sent_fields=sent.to_json(),
    )
    put(store, "2", state=State.CONFLICT, profile=None)
    put(store, "3", target_id="U3", sent_fields=SentFields({}, frozenset({"b"})).to_json())
    put(store, "4", target_id="U4", sent_fields=SentFields({}).to_json())
    put(store, "5", target_id="U5")
    share_login(store, "a", "1", "2", "3", "4", "5")

    told = list(colliding_users(store))

    assert [key for key, _ in told] == ["a"] * 5
    assert [(user.user_id, user.state, user.login_ids, user.holds("a")) for _, user in told] == [
        ("1", State.PENDING, ("u1@example.org", "one"), True),
        ("2", State.CONFLICT, (), False),
        ("3", State.PENDING, ("u3@example.org",), False),
        ("4", State.PENDING, ("u4@example.org",), True),
        ("5", State.PENDING, ("u5@example.org",), True),
    ]
    assert [(user.source_created, user.source_last_login) for _, user in told[:2]] == [("2020", "2021"), ("", "")]


def test_groups_come_whole_whatever_the_page(store: Checkpoint, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(collisions, "_PAGE", 2)
    for user_id in ("1", "2", "3", "4", "5"):
        put(store, user_id)
    share_login(store, "a", "1", "2", "3")
    share_login(store, "b", "4", "5", "1")

    told = [(key, [one.user_id for one in members]) for key, members in collision_groups(colliding_users(store))]
    assert told == [("a", ["1", "2", "3"]), ("b", ["1", "4", "5"])]


def test_the_query_is_limited_by_the_page(store: Checkpoint) -> None:
    assert collisions._PAGE == 5000
    assert found(store) == []


WAITING = (State.PENDING, None)
ASIDE = (State.CONFLICT, "duplicate_email")


@pytest.mark.parametrize(
    ("winner", "newcomers_only", "aside"),
    [
        (None, False, {"1", "2", "3"}),
        ("2", False, {"1", "3"}),
        (None, True, {"1", "2"}),
        ("1", True, {"2"}),
    ],
)
def test_only_who_waits_in_that_group_is_set_aside(
    store: Checkpoint, winner: str | None, newcomers_only: bool, aside: set[str]
) -> None:
    """Users 1 to 3 have the key, 3 has arrived before; 4 is done, 5 has another key."""
    for user_id in ("1", "2", "5"):
        put(store, user_id)
    put(store, "3", target_id="U3")
    put(store, "4", state=State.CREATED, target_id="U4")
    share_login(store, "a", "1", "2", "3", "4")
    share_login(store, "b", "5")

    set_colliding_aside(store, [("a", "duplicate_email", winner, newcomers_only)])

    expected = {user_id: ASIDE if user_id in aside else WAITING for user_id in ("1", "2", "3", "5")}
    assert states(store) == expected | {"4": (State.CREATED, None)}


def test_several_groups_are_set_aside_at_once_and_none_is_no_write(
    store: Checkpoint, monkeypatch: pytest.MonkeyPatch
) -> None:
    for user_id in ("1", "2"):
        put(store, user_id)
        share_login(store, user_id, user_id)

    set_colliding_aside(store, [("1", "duplicate_email", None, False), ("2", "duplicate_login", None, False)])

    assert states(store) == {"1": ASIDE, "2": (State.CONFLICT, "duplicate_login")}

    def never(_work: Any) -> None:
        raise AssertionError

    with monkeypatch.context() as patch:
        patch.setattr(store, "write", never)
        set_colliding_aside(store, [])
