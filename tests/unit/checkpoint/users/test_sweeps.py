"""Pages in, and who is new, changed or gone."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from two_migrations import logins, put, rows, states, target

from migrator.checkpoint.users.collisions import LOOK_ALIKE
from migrator.checkpoint.users.sweeps import PageCounts, begin_sweep, newcomers, store_page
from migrator.core.login_ids import login_key, look_alike_key
from migrator.core.model import Decision, Normalized, Ready, Rejected, SourceStatus, State, text_hash
from migrator.core.reasons import Reason

if TYPE_CHECKING:
    from migrator.checkpoint.db.checkpoint import Checkpoint

EVERYBODY: tuple[SourceStatus, ...] = ("active", "suspended", "expired")


def ready(user_id: str, *, status: SourceStatus = "active", notes: tuple[str, ...] = (), **changes: Any) -> Ready:
    user = target(user_id, **changes)
    keys = tuple(login_key(name) for name in user.all_login_ids)
    return Ready(user_id, user, status, keys, notes, "2024-01-01", "2024-06-01")


def page(
    store: Checkpoint, sweep: int, *found: Normalized, include: tuple[SourceStatus, ...] = EVERYBODY, raw: str = "{}"
) -> PageCounts:
    return store_page(store, sweep, [replace(one, raw=raw) for one in found], include)


def keys(*names: str) -> list[str]:
    """The stored login keys of one user: one for each name, and the look of the first."""
    hashed = sorted(text_hash(login_key(name))[:32] for name in names)
    return [*hashed, LOOK_ALIKE + text_hash(look_alike_key(names[0]))[:32]]


def test_sweeps_are_numbered_over_the_life_of_the_migration(store: Checkpoint) -> None:
    assert [begin_sweep(store), begin_sweep(store)] == [1, 2]


def test_a_new_user_is_stored_whole(store: Checkpoint) -> None:
    found = ready("1", notes=("name_cut", "phone_dropped"))

    assert page(store, 3, found, raw='{"a":1}') == PageCounts(fresh=1, new=1)

    profile = found.target.to_json()
    row = rows(store)["1"]
    assert {name: value for name, value in row.items() if value is not None} == {
        "migration": "default", "user_id": "1", "seen_sweep": 3, "state": State.PENDING, "attempts": 0,
        "note_codes": "name_cut,phone_dropped", "source_status": "active", "source_created": "2024-01-01",
        "source_last_login": "2024-06-01", "raw": '{"a":1}', "profile": profile, "target_hash": text_hash(profile),
    }  # fmt: skip
    assert sorted(key for key, _ in logins(store)) == keys("u1@example.org")


def test_a_rejected_record_is_stored_with_its_reason_and_without_a_profile(store: Checkpoint) -> None:
    page(store, 3, Rejected("1", Reason.NO_EMAIL), raw="raw")

    row = rows(store)["1"]
    assert {name: value for name, value in row.items() if value is not None} == {
        "migration": "default", "user_id": "1", "seen_sweep": 3, "state": State.REJECTED, "attempts": 0,
        "reason": "no_email", "note_codes": "", "source_created": "", "source_last_login": "", "raw": "raw",
        "target_hash": text_hash("rejected:no_email"),
    }  # fmt: skip
    assert logins(store) == []


def test_a_user_that_cannot_be_migrated_any_more_keeps_nothing_of_its_profile(store: Checkpoint) -> None:
    page(store, 1, ready("1", notes=("name_cut",)))

    page(store, 2, Rejected("1", Reason.NO_EMAIL))

    row = rows(store)["1"]
    assert (row["state"], row["reason"], row["note_codes"]) == (State.REJECTED, "no_email", "")
    assert (row["profile"], row["source_status"], row["source_created"], row["source_last_login"]) == (
        None,
        None,
        "",
        "",
    )
    assert logins(store) == []


def test_who_is_not_included_is_skipped_with_a_reason(store: Checkpoint) -> None:
    page(store, 1, ready("1"), ready("2", status="suspended"), include=("active",))

    assert states(store) == {"1": (State.PENDING, None), "2": (State.SKIPPED, "not_included")}


def test_every_login_id_has_one_hashed_key_and_the_first_a_look(store: Checkpoint) -> None:
    page(store, 1, ready("1", extra_login_ids=("M.Rossi",)), ready("2"))

    assert [key for key, user_id in logins(store) if user_id == "1"] == keys("u1@example.org", "M.Rossi")
    assert [key for key, user_id in logins(store) if user_id == "2"] == keys("u2@example.org")


def test_equal_keys_of_one_user_are_stored_once(store: Checkpoint) -> None:
    one = ready("1")
    page(store, 1, Ready("1", one.target, "active", one.login_keys * 2))

    assert sorted(key for key, _ in logins(store)) == keys("u1@example.org")


def test_d5_a_user_shown_again_in_the_same_sweep_is_not_fresh(store: Checkpoint) -> None:
    assert page(store, 1, ready("1"), ready("2")) == PageCounts(fresh=2, new=2)
    assert page(store, 1, ready("2"), ready("3")) == PageCounts(fresh=1, new=1)
    assert page(store, 2, ready("1"), ready("2")) == PageCounts(fresh=2, new=0)
    assert page(store, 2) == PageCounts(fresh=0, new=0)
    assert {user_id: row["seen_sweep"] for user_id, row in rows(store).items()} == {"1": 2, "2": 2, "3": 1}


def test_of_two_records_with_one_id_on_a_page_the_last_one_counts(store: Checkpoint) -> None:
    assert page(store, 1, ready("1", name="first"), ready("1", name="last")) == PageCounts(fresh=1, new=1)

    assert rows(store)["1"]["target_hash"] == text_hash(target("1", name="last").to_json())


DONE: dict[str, Any] = {
    "target_id": "U",
    "sent_hash": "sent",
    "attempts": 2,
    "detail": "old",
    "changes": "{}",
    "verdict": "same",
}
DATES = {
    "source_created": "2024-01-01",
    "source_last_login": "2024-06-01",
    "source_status": "active",
}  # those of `ready`


@pytest.mark.parametrize("state", [State.CREATED, State.UPDATED, State.UNCHANGED, State.CONFLICT, State.FAILED])
def test_a_user_that_did_not_change_keeps_state_and_history(store: Checkpoint, state: State) -> None:
    same = text_hash(ready("1").target.to_json())
    put(
        store, "1", **DONE | DATES | {"state": state, "target_hash": same, "decision": Decision.UPDATE, "reason": "old"}
    )
    before = rows(store)["1"]

    assert page(store, 5, ready("1"), raw="new raw") == PageCounts(fresh=1, new=0)

    # A person will ask who is in conflict, so that the record is at hand even where it had been erased.
    raw = "new raw" if state in (State.CONFLICT, State.FAILED) else None
    assert rows(store)["1"] == before | {"seen_sweep": 5, "raw": raw}
    assert logins(store) == []


def test_b3_who_arrived_and_is_asked_for_again_is_pending_with_its_profile(store: Checkpoint) -> None:
    """The profile was erased long ago, so that only the next reading can bring it back."""
    same = text_hash(ready("1").target.to_json())
    put(store, "1", state=State.CREATED, target_hash=same, target_id="U", profile=None, retry=1)

    page(store, 2, ready("1"))

    assert states(store) == {"1": (State.PENDING, None)}
    assert rows(store)["1"]["profile"] == ready("1").target.to_json()
    assert rows(store)["1"]["retry"] == 1


def test_b13_who_arrived_is_followed_whatever_the_policy_includes(store: Checkpoint) -> None:
    """Suspended after the migration, and `policy.include` says active: the suspension is sent all the same."""
    put(store, "1", state=State.CREATED, target_hash="old", target_id="U")
    put(store, "2", state=State.SKIPPED, target_hash="old")

    page(store, 2, ready("1", status="suspended"), ready("2", status="suspended"), include=("active",))

    assert states(store) == {"1": (State.PENDING, None), "2": (State.SKIPPED, "not_included")}


def test_b13_who_cannot_be_migrated_any_more_is_still_known_to_have_left(store: Checkpoint) -> None:
    put(store, "1", state=State.CREATED, target_hash="old", target_id="U")
    page(store, 2, Rejected("1", Reason.NO_EMAIL, "active"))

    page(store, 3, Rejected("1", Reason.NO_EMAIL, "suspended"))

    assert rows(store)["1"]["source_status"] == "suspended"


@pytest.mark.parametrize("state", sorted(set(State) - {State.SENDING}))
def test_a_user_that_changed_is_open_again_and_remembers_what_it_became(store: Checkpoint, state: State) -> None:
    put(store, "1", **DONE | {"state": state, "target_hash": "old", "decision": Decision.UPDATE, "reason": "old"})
    put(store, "2", state=state, target_hash="old")
    before = rows(store)
    changed = ready("1", notes=("name_cut",), name="new")

    page(store, 5, changed, raw="new raw")

    profile = changed.target.to_json()
    assert rows(store) == before | {
        "1": before["1"] | {
            "seen_sweep": 5, "state": State.PENDING, "reason": None, "detail": None, "decision": None,
            "changes": None, "attempts": 0, "raw": "new raw", "profile": profile, "target_hash": text_hash(profile),
            "note_codes": "name_cut", **DATES,
        }
    }  # fmt: skip


def test_b5_a_user_in_flight_is_not_changed_under_its_request(store: Checkpoint) -> None:
    put(store, "1", state=State.SENDING)
    before = rows(store)["1"]

    page(store, 5, ready("1", name="new"))

    assert rows(store)["1"] == before | {"seen_sweep": 5}


def test_new_login_ids_take_the_place_of_the_old_ones_of_that_user_alone(store: Checkpoint) -> None:
    page(store, 1, ready("1", extra_login_ids=("old",)), ready("2"))

    page(store, 2, ready("1", extra_login_ids=("new",)), ready("2"))

    assert [key for key, user_id in logins(store) if user_id == "1"] == keys("u1@example.org", "new")
    assert [key for key, user_id in logins(store) if user_id == "2"] == keys("u2@example.org")


@pytest.mark.parametrize("state", [State.SKIPPED, State.VANISHED, State.REJECTED])
def test_who_was_out_and_is_in_again_is_pending(store: Checkpoint, state: State) -> None:
    same = text_hash(ready("1").target.to_json())
    put(store, "1", state=state, reason="limit", target_hash=same, profile=None)

    page(store, 2, ready("1"))

    assert states(store) == {"1": (State.PENDING, None)}
    assert rows(store)["1"]["profile"] == ready("1").target.to_json()


@pytest.mark.parametrize("state", [State.PENDING, State.SKIPPED])
def test_who_is_open_as_before_is_left_as_it_is(store: Checkpoint, state: State) -> None:
    same = text_hash(ready("1").target.to_json())
    put(store, "1", state=state, reason="a reason", target_hash=same, attempts=2, raw="{}", **DATES)
    before = rows(store)["1"]

    page(store, 2, ready("1"), include=EVERYBODY if state == State.PENDING else ("expired",))

    assert rows(store)["1"] == before | {"seen_sweep": 2}


@pytest.mark.parametrize("state", [State.PENDING, State.CONFLICT, State.CREATED])
@pytest.mark.parametrize(("old", "new"), [("old raw", "new raw"), (None, None)], ids=["kept", "erased"])
def test_what_is_not_sent_but_asked_for_later_is_renewed(
    store: Checkpoint, state: State, old: str | None, new: str | None
) -> None:
    """Who logged in last decides between duplicates, and the report shows the record: neither may be an old one."""
    same = text_hash(ready("1").target.to_json())
    put(store, "1", **DONE | {"state": state, "target_hash": same, "decision": Decision.CREATE, "raw": old})
    before = rows(store)["1"]

    page(store, 2, ready("1", notes=("name_cut",)), raw="new raw")

    new = "new raw" if state in (State.CONFLICT, State.PENDING) else new
    assert rows(store)["1"] == before | DATES | {"seen_sweep": 2, "raw": new, "note_codes": "name_cut"}


def test_the_record_of_a_rejected_user_is_renewed(store: Checkpoint) -> None:
    page(store, 1, Rejected("1", Reason.NO_EMAIL), raw="old raw")

    page(store, 2, Rejected("1", Reason.NO_EMAIL), raw="new raw")

    assert rows(store)["1"]["raw"] == "new raw"


@pytest.mark.parametrize(
    ("state", "end"),
    [
        (State.PENDING, State.SKIPPED),
        (State.CONFLICT, State.SKIPPED),
        (State.FAILED, State.SKIPPED),
        (State.CREATED, State.CREATED),
    ],
)
def test_who_is_not_included_any_more_is_skipped_unless_it_arrived(store: Checkpoint, state: State, end: State) -> None:
    put(store, "1", state=state, target_hash=text_hash(ready("1").target.to_json()))

    page(store, 2, ready("1"), include=("expired",))

    assert rows(store)["1"]["state"] == end


def test_a_newcomer_stored_while_newcomers_are_handed_out_is_one_of_them(store: Checkpoint) -> None:
    """Whoever shares a login with the last of them is read only then, and may share one with somebody else."""
    put(store, "1", seen_sweep=4)
    put(store, "2", seen_sweep=5)
    put(store, "3", seen_sweep=5, target_id="U3")
    put(store, "4", seen_sweep=5, state=State.SKIPPED)
    told = []

    for user in newcomers(store, 5):
        told.append(user.user_id)
        if told == ["2"]:
            page(store, 5, ready("5"))

    assert told == ["2", "5"]
