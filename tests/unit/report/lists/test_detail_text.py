"""The detail beside each reason: whom it is about, which code, what is wrong; never a value of anybody."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from stored_users import in_trouble
from two_migrations import put, share_login

from migrator.checkpoint.users.holders import HELD_BY_OURS, Holders, holders_text, parse_holders
from migrator.checkpoint.users.neighbours import LARGE
from migrator.checkpoint.users.problems import problem_users
from migrator.core.model import NEEDS_PERSON_STATES, State
from migrator.core.reasons import Reason
from migrator.report.lists.detail_text import detail_text, other_descope_ids, other_docebo_ids, with_details
from migrator.report.lists.record_faults import record_fault

if TYPE_CHECKING:
    from migrator.checkpoint.db.checkpoint import Checkpoint


def details(store: Checkpoint) -> dict[str, str | None]:
    """User id to detail, of everybody on the list."""
    return {one.user_id: one.detail for one in with_details(store, problem_users(store))}


def duplicate(store: Checkpoint, user_id: str, **columns: Any) -> None:
    put(store, user_id, **{"state": State.CONFLICT, "reason": "duplicate_email"} | columns)


def test_who_shares_a_login_is_named_up_to_five_and_the_others_are_counted(store: Checkpoint) -> None:
    """Each login for itself, in the order of the numbers; whoever left or only looks alike does not count."""
    for number in range(2, 11):
        duplicate(store, str(number))
    duplicate(store, "20")
    put(store, "21", state=State.CREATED)
    put(store, "22", state=State.VANISHED)
    duplicate(store, "30")
    duplicate(store, "40")
    share_login(store, "many", *map(str, range(2, 11)))
    share_login(store, "few", "20", "21", "22", "30")
    share_login(store, "other", "2", "20")
    share_login(store, "same again", "30", "20", "21")
    share_login(store, "look: alike", "40", "2")

    found = details(store)

    assert found["2"] == "also 3, 4, 5, 6, 7 and 3 more; also 20"
    assert found["10"] == "also 2, 3, 4, 5, 6 and 3 more"
    assert found["30"] == "also 20, 21"
    assert found["40"] == ""


def test_a_large_group_is_counted_once(store: Checkpoint) -> None:
    """However many share an address, everybody's detail tells the same number."""
    ids = [str(number) for number in range(1, LARGE * 7)]
    for user_id in ids:
        duplicate(store, user_id)
    share_login(store, "one address", *ids)

    found = details(store)

    assert found["1"] == f"also 2, 3, 4, 5, 6 and {LARGE * 7 - 7} more"
    assert found[ids[-1]] == f"also 1, 2, 3, 4, 5 and {LARGE * 7 - 7} more"


def test_the_descope_user_in_the_way_is_named_and_whose_it_is(store: Checkpoint) -> None:
    """A stranger by its Descope id, a migrated user by both ids, with the word that scripts look for."""
    put(store, "9", state=State.CREATED, target_id="U9")
    put(store, "1", state=State.CONFLICT, reason="login_taken", detail="S1")
    put(store, "2", state=State.CONFLICT, reason="login_taken", detail="held_by_migrated_user U9")
    put(store, "3", state=State.CONFLICT, reason="login_taken", detail="came_meanwhile")
    put(store, "4", state=State.CONFLICT, reason="several_matches", detail="S1 U9 +3")
    put(store, "5", state=State.CONFLICT, reason="login_taken", detail="E062107")
    put(store, "6", state=State.CONFLICT, reason="login_taken")

    assert details(store) == {
        "1": "Descope user S1",
        "2": "held_by_migrated_user: Descope user U9 (Docebo user 9)",
        "3": "came_meanwhile",
        "4": "Descope users S1, U9 (Docebo user 9) and 3 more",
        "5": "E062107",
        "6": "",
    }


def test_holders_come_back_as_they_were_noted() -> None:
    """A word, five ids and a number; an id that could be something else is left out."""
    text = holders_text(HELD_BY_OURS, [*(f"U{number}" for number in range(1, 8)), "ann@example.org", "a b"])

    assert text == "held_by_migrated_user U1 U2 U3 U4 U5 +2"
    assert parse_holders(text) == Holders(HELD_BY_OURS, ("U1", "U2", "U3", "U4", "U5"), 2)
    assert holders_text("", ["ann@example.org"]) is None
    assert parse_holders(None) == Holders("", (), 0)


RECORDS: dict[tuple[str, str], str] = {
    ("no_email", '{"a":1}'): "email: not in the record",
    ("no_email", '{"email":null}'): "email: null",
    ("no_email", '{"email":" "}'): "email: empty",
    ("invalid_email", '{"email":"anna"}'): "email: no @",
    ("invalid_email", '{"email":"two@@example.org"}'): "email: 2 @ signs",
    ("invalid_email", '{"email":"an na@example.org"}'): "email: a space inside",
    ("invalid_email", '{"email":"@example.org"}'): "email: nothing before the @",
    ("invalid_email", '{"email":"anna@"}'): "email: nothing after the @",
    ("invalid_email", '{"email":"anna@example"}'): "email: no dot after the @",
    ("invalid_email", '{"email":"x@-bad-.example"}'): "email: no domain after the @",
    ("invalid_email", '{"email":".anna@example.org"}'): "email: a character before the @ that no address can have",
    ("invalid_email", '{"email":["anna"]}'): "email: a list",
    ("invalid_email", json.dumps({"email": "a" * 300})): "email: 300 characters, 254 at most",
    ("no_username", "{}"): "",
    ("no_username", '{"username":""}'): "username: empty",
    ("invalid_username", json.dumps({"username": "a" * 300})): "username: 300 characters, 254 at most",
    ("invalid_username", '{"username":"a\\u0007b"}'): "username: a control character inside",
    ("invalid_username", '{"username":"\\u200b"}'): "username: invisible characters only",
    ("unknown_status", '{"status":"2"}'): "status: 2",
    ("unknown_status", '{"status":"anna"}'): "status: neither 0 nor 1",
    ("no_user_id", '{"email":"a"}'): "user_id: not in the record",
    ("invalid_user_id", '{"user_id":"anna"}'): "user_id: not a whole number",
    ("invalid_user_id", '{"user_id":-1}'): "user_id: not from 1 to 9223372036854775807",
    ("malformed_record", "[]"): "a list instead of an object",
    ("malformed_record", "null"): "null instead of an object",
}


@pytest.mark.parametrize(("told", "text"), RECORDS.items(), ids=[" ".join(told)[:60] for told in RECORDS])
def test_what_is_wrong_with_a_record_is_said_without_its_values(told: tuple[str, str], text: str) -> None:
    assert record_fault(*told) == text
    assert "anna" not in text


def test_an_erased_record_is_not_explained() -> None:
    assert [record_fault("no_email", raw) for raw in (None, "", "{}")] == ["", "", ""]


@pytest.mark.parametrize(
    "reason", [one for one in Reason if one.state in NEEDS_PERSON_STATES and one != Reason.DRIFTED]
)
def test_nc24_every_reason_that_needs_a_person_has_a_detail(store: Checkpoint, reason: str) -> None:
    """Nobody on the list has to be searched by hand: each row says more than its reason does."""
    broken = {"email": "x", "username": "\u200b", "status": "7", "user_id": "x"}
    raw = "[]" if reason == "malformed_record" else json.dumps(broken)
    fields = {"no_email": "email", "no_username": "username", "no_user_id": "user_id"}
    if reason in fields:
        raw = json.dumps(broken | {fields[reason]: ""})
    holds = {"login_taken": "S1", "several_matches": "S1 S2", "recreated": "U9", "tenants_or_roles": "U1"}
    put(store, "1", state=State.CONFLICT, reason=reason, detail=holds.get(reason), raw=raw, target_id="U1")
    put(store, "2", state=State.CREATED)
    share_login(store, "a login", "1", "2")

    assert details(store)["1"]


def test_what_nobody_foresaw_keeps_what_was_stored() -> None:
    assert detail_text(in_trouble("1", State.FAILED, "a_new_code", "E1"), (), {}) == "E1"
    assert (
        detail_text(in_trouble("1", State.FAILED, "gave_up", None, attempts=16), (), {})
        == "16 requests not confirmed by Descope"
    )


@pytest.mark.parametrize(("reason", "text"), [("a_new_code", "Descope user U1"), ("login_taken", "")])
def test_a_user_about_whom_nothing_is_stored_is_named_unless_another_is_meant(reason: str, text: str) -> None:
    """A new reason needs no line here; the holder of a login is never told by the id of who wants it."""
    assert detail_text(in_trouble("1", State.CONFLICT, reason, target_id="U1"), (), {}) == text


@pytest.mark.parametrize(
    ("reason", "detail", "descope", "docebo"),
    [
        ("login_taken", "U1", ("U1",), ()),
        ("login_taken", f"{HELD_BY_OURS} U2", ("U2",), ("5",)),
        ("several_matches", "U1 U2 +3", ("U1", "U2"), ("5",)),
        ("login_taken", "E111127", (), ()),
        ("deleted_at_descope", None, ("U9",), ()),
        ("no_email", None, ("U9",), ()),
    ],
)
def test_the_other_party_is_named_by_its_ids(
    reason: str, detail: str | None, descope: tuple[str, ...], docebo: tuple[str, ...]
) -> None:
    """A code is nobody's id, and our own Descope user is no one in our way."""
    problem = in_trouble("7", State.CONFLICT, reason, detail, target_id="U9")

    assert other_descope_ids(problem) == descope
    assert other_docebo_ids(problem, (), {"U2": "5", "U9": "7"}) == docebo
