"""Verdicts in the checkpoint: who is read back, whose verdict is stored, who is asked for again."""

from __future__ import annotations

import functools
import operator
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import update
from two_migrations import KEY, OTHER, put, put_logins, rows, target

from migrator.checkpoint.db.tables import source_user
from migrator.checkpoint.users.collisions import LOOK_ALIKE
from migrator.checkpoint.users.stored_user import RowVerdict, StoredUser
from migrator.checkpoint.users.verdicts import (
    UNPROVEN_VERDICTS,
    arrived_pages,
    count_arrived,
    count_missing,
    count_needing_a_person,
    count_wrong,
    draw_arrived,
    known_users,
    login_hashes,
    request_retry,
    store_verdicts,
)
from migrator.core.fields import SentFields
from migrator.core.model import Decision, State

if TYPE_CHECKING:
    from migrator.checkpoint.db.checkpoint import Checkpoint

USERS: dict[str, dict[str, Any]] = {
    "deleted": {"state": "conflict", "reason": "deleted_at_descope", "verdict": "missing", "sent_hash": "sent"},
    "differs": {"state": "unchanged", "verdict": "differs"},
    "edited": {"state": "created", "verdict": "edited"},
    "gone": {"state": "vanished", "reason": "login_taken", "verdict": "differs", "sent_hash": "sent"},
    "limit": {"state": "skipped", "reason": "limit"},
    "mark": {"state": "updated", "verdict": "mark"},
    "missing": {"state": "created", "verdict": "missing"},
    "moved": {"state": "conflict", "reason": "duplicate_email", "verdict": "differs", "sent_hash": "sent"},
    "never": {"state": "conflict", "reason": "deleted_at_descope", "target_id": None, "sent_hash": "sent"},
    "no_email": {"state": "rejected", "reason": "no_email"},
    "pending": {"state": "pending", "reason": "login_taken"},
    "refused": {"state": "failed", "reason": "refused"},
    "same": {"state": "created", "verdict": "same"},
    "sending": {"state": "sending", "verdict": "missing", "sent_hash": "sent"},
    "taken": {"state": "conflict", "reason": "login_taken"},
    "unread": {"state": "created"},
}


@pytest.fixture
def filled(store: Checkpoint) -> Checkpoint:
    """One user in each situation."""
    for user_id, columns in USERS.items():
        put(store, user_id, **({"target_id": f"U{user_id}"} | columns))
    return store


def names(pages: Any) -> list[list[str]]:
    return [[user.user_id for user in page] for page in pages]


EVER = ["deleted", "differs", "edited", "mark", "missing", "moved", "same", "unread"]


@pytest.mark.parametrize(
    ("verdicts", "wanted"),
    [
        (None, EVER),
        ((), []),
        ((None,), ["unread"]),
        ((RowVerdict.MISSING,), ["missing"]),
        (UNPROVEN_VERDICTS, ["differs", "missing", "unread"]),
        ((RowVerdict.SAME, RowVerdict.EDITED), ["edited", "same"]),
    ],
)
def test_who_is_read_back_by_verdict(filled: Checkpoint, verdicts: Any, wanted: list[str]) -> None:
    assert functools.reduce(operator.iadd, names(arrived_pages(filled, verdicts)), []) == wanted
    assert count_arrived(filled, verdicts) == len(wanted)


def test_users_come_page_by_page(filled: Checkpoint) -> None:
    assert names(arrived_pages(filled, size=3)) == [EVER[:3], EVER[3:6], EVER[6:]]
    assert names(arrived_pages(filled, size=8)) == [EVER]


def test_who_arrives_while_pages_are_read_is_read_as_well(filled: Checkpoint) -> None:
    pages = arrived_pages(filled, size=99)
    assert names([next(pages)]) == [EVER]

    put(filled, "yet another", state=State.CREATED, target_id="U")

    assert names(pages) == [["yet another"]]


def test_a_user_is_known_with_everything_a_verification_needs(store: Checkpoint) -> None:
    sent = SentFields({"name": "a"}, left=frozenset({"phone"}))
    columns = {
        "state": State.CONFLICT, "target_id": "U1", "sent_hash": "sent", "origin": "linked", "verdict": "differs",
        "reason": "deleted_at_descope", "sent_fields": sent.to_json(),
    }  # fmt: skip
    put(store, "1", **columns)
    put(store, "2")

    found = known_users(store, ["1", "2", "3"])

    profile = target("1").to_json()
    assert found == {
        "1": StoredUser(
            "1", State.CONFLICT, "hash 1", profile, "U1", "sent", sent, "linked", RowVerdict.DIFFERS,
            "deleted_at_descope",
        ),
        "2": StoredUser("2", State.PENDING, "hash 2", target("2").to_json()),
    }  # fmt: skip
    assert [one.left for one in found.values()] == [{"phone"}, frozenset()]
    assert isinstance(found["1"].verdict, RowVerdict)
    assert isinstance(found["1"].state, State)


@pytest.mark.parametrize("user_id", list(USERS))
def test_who_ever_arrived_is_the_same_question_to_a_row_and_to_the_database(filled: Checkpoint, user_id: str) -> None:
    assert known_users(filled, [user_id])[user_id].arrived == (user_id in EVER)


def test_the_login_hashes_of_erased_users_without_what_only_looks_alike(store: Checkpoint) -> None:
    for user_id, profile in (("1", None), ("2", None), ("3", None), ("4", None), ("5", target("5").to_json())):
        put(store, user_id, profile=profile)
    put_logins(store, "1", "a", "b", f"{LOOK_ALIKE}a")
    for user_id, key in (("2", "c"), ("3", "d"), ("5", "e")):
        put_logins(store, user_id, key)
    known = known_users(store, ["1", "2", "4", "5"])

    assert login_hashes(store, list(known.values())) == {"1": {"a", "b"}, "2": {"c"}}
    assert login_hashes(store, [known["5"]]) == {}


def test_a_chance_sample_is_of_those_who_arrived_and_are_not_known_to_be_missing(filled: Checkpoint) -> None:
    put(filled, "asked", state=State.CREATED, target_id="U", retry=1)

    assert sorted(user.user_id for user in draw_arrived(filled, 99)) == [
        "differs", "edited", "mark", "same", "unread"
    ]  # fmt: skip
    drawn = [tuple(user.user_id for user in draw_arrived(filled, 2)) for _ in range(40)]
    assert {len(users) for users in drawn} == {2}
    assert len(set(drawn)) > 1


def test_who_is_known_to_be_wrong_beside_those_who_need_a_person_anyway(filled: Checkpoint) -> None:
    put(filled, "skipped", state=State.SKIPPED, target_id="U", sent_hash="x", verdict="differs")

    assert count_wrong(filled) == 3  # differs, missing, skipped


# --- storing -------------------------------------------------------------------------------------


def verdicts(store: Checkpoint) -> dict[str, str | None]:
    return {user_id: row["verdict"] for user_id, row in rows(store).items()}


def all_known(store: Checkpoint) -> list[StoredUser]:
    return list(known_users(store, list(USERS)).values())


def test_a_new_verdict_is_stored_of_whoever_arrived(filled: Checkpoint) -> None:
    before = verdicts(filled)
    seen = dict.fromkeys(USERS, RowVerdict.SAME)
    del seen["mark"]

    assert store_verdicts(filled, all_known(filled), seen) is True

    assert verdicts(filled) == before | dict.fromkeys([one for one in EVER if one != "mark"], "same")


@pytest.mark.parametrize(
    "changed",
    [{"target_id": "V"}, {"target_id": None}, {"state": "pending"}, {"sent_hash": "new"}, {"verdict": "edited"}],
    ids=str,
)
@pytest.mark.parametrize("user_id", ["unread", "same"])
def test_only_whoever_is_still_as_it_was_read_gets_a_verdict(
    filled: Checkpoint, changed: dict[str, Any], user_id: str
) -> None:
    read = all_known(filled)
    this = (source_user.c.migration == KEY, source_user.c.user_id == user_id)
    filled.write(lambda c: c.execute(update(source_user).where(*this).values(**changed)))
    now = verdicts(filled)[user_id]

    assert store_verdicts(filled, read, dict.fromkeys(USERS, RowVerdict.DIFFERS)) is True

    assert verdicts(filled)[user_id] == now
    assert verdicts(filled)["mark"] == "differs"


def test_whoever_looks_the_same_in_the_database_gets_no_verdict(store: Checkpoint) -> None:
    """Neither another user of this migration nor one of the other, which also has such a user."""
    for user_id in ("1", "2"):
        put(store, user_id, state=State.CREATED)

    store_verdicts(store, list(known_users(store, ["1"]).values()), {"1": RowVerdict.SAME})

    assert verdicts(store) == {"1": "same", "2": None}


def test_nothing_new_writes_nothing(filled: Checkpoint, monkeypatch: pytest.MonkeyPatch) -> None:
    def never(_work: Any) -> None:
        raise AssertionError

    monkeypatch.setattr(filled, "write", never)
    monkeypatch.setattr(filled, "note", never)

    users = all_known(filled)
    assert store_verdicts(filled, users, {}) is True
    assert store_verdicts(filled, users, {"same": RowVerdict.SAME, "taken": RowVerdict.SAME}) is True


@pytest.mark.parametrize("stored", [True, False])
def test_without_the_lease_it_is_a_note_that_a_run_may_forbid(
    filled: Checkpoint, monkeypatch: pytest.MonkeyPatch, stored: bool
) -> None:
    fence, write = filled.fence, filled.write

    def note(work: Any) -> bool:
        if stored:
            filled.fence = fence
            write(work)
        return stored

    users = all_known(filled)
    monkeypatch.setattr(filled, "note", note)
    filled.fence = 0

    assert store_verdicts(filled, users, {"unread": RowVerdict.SAME}) is stored

    filled.fence = fence
    assert verdicts(filled)["unread"] == ("same" if stored else None)


# --- asking again --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("words", "asked"),
    [
        ({"differs"}, {"differs", "edited", "moved"}),
        ({"missing"}, {"missing", "deleted"}),
        ({"deleted_at_descope"}, {"deleted", "never"}),
        ({"login_taken"}, {"taken"}),
        ({"no_email", "limit", "refused"}, {"refused"}),
        ({"all"}, {"differs", "edited", "missing", "moved", "deleted", "never", "taken", "refused"}),
        ({"same", "mark"}, set()),
        (set(), set()),
    ],
    ids=lambda words: "+".join(sorted(words)) or "nobody",
)
def test_who_is_asked_for_again(filled: Checkpoint, words: set[str], asked: set[str]) -> None:
    before = rows(filled)

    assert request_retry(filled, words) == len(asked)

    now = rows(filled)
    assert {user_id for user_id, row in now.items() if row["retry"] == 1} == asked
    assert {user_id: (row["was_state"], row["was_reason"]) for user_id, row in now.items() if row["was_state"]} == {
        user_id: (before[user_id]["state"], before[user_id]["reason"]) for user_id in asked
    }
    assert not any(row["retry"] for row in rows(filled, OTHER).values())


def wrong_in_descope(store: Checkpoint) -> None:
    """Nine users who arrived; all but the last two are wrong in Descope, and a plan has decided on four of them."""
    arrived: dict[str, Any] = {"target_id": "U", "sent_hash": "sent"}
    put(store, "created", state=State.CREATED, verdict="differs", **arrived)
    put(store, "undecided", verdict="missing", **arrived)
    put(store, "unchanged", verdict="differs", decision=Decision.UNCHANGED, **arrived)
    put(store, "update", verdict="differs", decision=Decision.UPDATE, **arrived)
    put(store, "collides", verdict="differs", decision=Decision.CONFLICT, **arrived)
    put(store, "decided", state=State.CREATED, verdict="missing", decision=Decision.UPDATE, **arrived)
    put(store, "conflict", state=State.CONFLICT, verdict="differs", reason="drifted", **arrived)
    put(store, "same", state=State.CREATED, verdict="same", **arrived)
    put(store, "leaver", state=State.SKIPPED, still_enabled=1, verdict="same", **arrived)


def test_who_is_wrong_in_descope_is_counted_but_for_whom_the_plan_puts_right(store: Checkpoint) -> None:
    """A state that needs a person counts by itself; only a pending user's decision puts anything right."""
    wrong_in_descope(store)

    assert (count_wrong(store), count_wrong(store, predicted=True)) == (6, 4)


def test_who_is_missing_counts_by_the_states_that_say_in_descope(store: Checkpoint) -> None:
    wrong_in_descope(store)

    assert count_missing(store) == 1


def test_who_needs_a_person_is_wrong_in_descope_or_left_and_still_enabled(store: Checkpoint) -> None:
    wrong_in_descope(store)

    assert count_needing_a_person(store) == 7
