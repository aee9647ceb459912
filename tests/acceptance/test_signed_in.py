"""`migrator status --signed-in` tells who of the migrated has signed in (docs/decisions/0029)."""

from __future__ import annotations

import csv
import json
import os
import signal
import time
from typing import TYPE_CHECKING, Any

import oracle
import pytest
from runs import CREATE, calls
from undo_world import AUDIT, HISTORY, arrived_ids, migrated, target_of, writes

if TYPE_CHECKING:
    from world import Place

LOAD = "/v1/mgmt/users/load"
NAME = "not-signed-in.csv"
HEAD = ["docebo_user_id", "descope_user_id", "class", "last_docebo_access", "descope_status"]


def listed(place: Place) -> list[list[str]]:
    """The rows of the list, without its head."""
    with (place.folder / "reports" / NAME).open(newline="") as file:
        head, *rows = csv.reader(file)
    assert head == HEAD
    return rows


def asked(place: Place, *, code: int = 0) -> dict[str, Any]:
    """What `status --signed-in --json` says of sign-ins."""
    ended = place.forked("status", "--signed-in", "--json", "--quiet")
    assert (ended.code, ended.err) == (code, "")
    found: dict[str, Any] = ended.document["signed_in"]
    return found


def classes(**users: int) -> dict[str, int]:
    """Users by class; nobody where nothing is said."""
    return {"signed_in": 0, "not_yet": 0, "unknown": 0, "gone": 0} | users


SIGNS: list[tuple[str, dict[str, Any]]] = [
    ("history", {"audit": False}),
    ("trail", {"history": False}),
    *[("flag", {"history": False, "audit": False, one: True}) for one in ("password", "webauthn", "TOTP", "SAML")],
    ("flag", {"history": False, "audit": False, "push": True}),
    ("flag", {"history": False, "audit": False, "OAuth": {"google": True}}),
    ("flag", {"history": False, "audit": False, "customAttributes": {"freshlyMigrated": False}}),
]


def test_each_sign_counts_and_everybody_else_is_listed(any_place: Place) -> None:
    """History, trail or flag alone is enough; the list has the others, by last Docebo access, and nothing changes."""
    place = any_place
    migrated(place, users=14, strangers=0)
    ids = arrived_ids(place)
    for user_id, (_, sign) in zip(ids, SIGNS, strict=False):
        place.sandbox.control.sign_in(target_of(place, user_id), **sign)
    place.sandbox.control.delete_descope_user(target_of(place, ids[-1]))
    rows, sent, counts = oracle.read_rows(place.checkpoint, place), writes(place), place.forked("status", "--json")

    found = asked(place)

    assert (found["of"], found["classes"]) == (14, classes(signed_in=9, not_yet=4, gone=1))
    assert found["signs"] == {"history": 1, "trail": 1, "flag": 7}
    assert (found["history"], found["trail"]) == (True, True)
    assert found["report"] == str(place.folder / "reports" / NAME)
    expected = sorted(ids[9:], key=lambda one: (rows[one]["source_last_login"] or "", -int(one)), reverse=True)
    kinds = [kind for *_, kind, _, _ in listed(place)]
    assert [row[:2] for row in listed(place)] == [[one, rows[one]["target_id"]] for one in expected]
    assert [row[3] for row in listed(place)] == [rows[one]["source_last_login"] or "" for one in expected]
    assert sorted(kinds) == ["gone", *["not_yet"] * 4]
    assert {row[4] for row in listed(place) if row[2] == "not_yet"} == {"enabled"}
    assert (oracle.read_rows(place.checkpoint, place), writes(place)) == (rows, sent)
    assert place.forked("status", "--json").document == counts.document  # nothing of it is kept


def test_whoever_shows_up_in_one_source_alone_is_told(place: Place) -> None:
    """A sign-in that the history has and the trail has not, the reverse, and a credential without either."""
    migrated(place, users=8, strangers=0)
    one, two, three, four, five, *_ = arrived_ids(place)
    before = {"at": time.time() - 60, "customAttributes": {"freshlyMigrated": False}}
    place.sandbox.control.sign_in(target_of(place, one), audit=False, **before)
    place.sandbox.control.sign_in(target_of(place, two), history=False, **before)
    place.sandbox.control.sign_in(target_of(place, three), history=False, audit=False, password=True)
    place.sandbox.control.sign_in(target_of(place, four), **before)
    long_ago = time.time() - 40 * 86_400  # before the trail begins: no wonder that it has no record
    place.sandbox.control.sign_in(target_of(place, five), at=long_ago, audit=False)

    found = asked(place)

    assert found["classes"] == classes(signed_in=5, not_yet=3)
    assert found["disputes"] == {"trail_alone": 1, "history_alone": 1, "flag_alone": 1}
    told = " ".join(place.forked("status", "--signed-in").out.split())
    assert "1 user shows up in the history, but not in the audit trail of that time" in told
    assert "1 user shows up in the audit trail, but not in the history" in told


@pytest.mark.parametrize("refused", [("history",), ("audit",), ("history", "audit")])
def test_a_key_that_may_not_ask_is_told_and_nobody_is_guessed_about(any_place: Place, refused: tuple[str, ...]) -> None:
    """Without the history whoever shows no sign is unknown; without the trail nothing was cross-checked. Exit 0."""
    place = any_place
    migrated(place, users=6, strangers=0)
    place.sandbox.control.sign_in(target_of(place, arrived_ids(place)[0]), password=True)
    place.sandbox.control.set_switches(descope=dict.fromkeys(refused, "refused"))

    found = asked(place)
    told = place.forked("status", "--signed-in")

    rest = "unknown" if "history" in refused else "not_yet"
    assert found["classes"] == classes(signed_in=1, **{rest: 5})
    assert (found["history"], found["trail"]) == ("history" not in refused, "audit" not in refused)
    assert set(found["disputes"].values()) == {None}
    assert {row[2] for row in listed(place)} == {rest}
    assert told.code == 0
    words = " ".join(told.out.split())
    assert ("refuses to tell this key its sign-in history" in words) == ("history" in refused)
    assert ("refuses to tell this key its audit trail" in words) == ("audit" in refused)
    assert "Fix: give the management key the right" in words


@pytest.mark.parametrize("code", [403, 404])
def test_a_history_that_is_not_there_is_as_one_that_is_refused(place: Place, code: int) -> None:
    """A project without the call answers 404: unknown, and no second list of users is asked for it."""
    migrated(place, users=130, strangers=0)
    place.sandbox.control.set_faults({"kind": "status", "path": HISTORY, "params": {"code": code}})

    assert asked(place)["classes"] == classes(unknown=130)
    assert len(calls(place, HISTORY)) == 1


def test_it_says_what_it_costs_before_it_asks(place: Place) -> None:
    """Twenty calls for a thousand users, two to begin with, and one search of the trail for a thousand sign-ins."""
    migrated(place, users=1000, strangers=0)
    since = len(place.journal())

    ended = place.forked("status", "--signed-in", "--json")

    assert "Asking Descope about 1,000 users: 22 calls, less than a minute" in " ".join(ended.err.split())
    paths = [entry["path"] for entry in place.journal()[since:]]
    assert (paths.count(LOAD), paths.count(HISTORY)) == (10, 10)
    assert len(paths) - 22 == paths.count(AUDIT) <= 2  # a page, and perhaps one that shows that it was the last
    assert ended.document["signed_in"]["calls"] == len(paths)


def test_where_nobody_arrived_nobody_is_asked_about(place: Place) -> None:
    """Behind a plan there is nobody: exit 0, no call to Descope, and a list with nobody in it."""
    place.sandbox.control.reset(users=5, difficult=0)
    assert place.forked("plan").code == 0
    since = len(place.journal())

    found = asked(place)
    told = place.forked("status", "--signed-in")

    assert (found["of"], found["calls"], listed(place), len(place.journal())) == (0, 0, [], since)
    assert "Nobody is in Descope by this migration yet" in " ".join(told.out.split())


def test_without_a_checkpoint_it_says_how_to_begin(place: Place) -> None:
    ended = place.forked("status", "--signed-in", "--json")

    assert ended.code == 2
    assert "There is no checkpoint" in ended.err
    assert place.journal() == []


@pytest.mark.parametrize(
    ("section", "change"),
    [("descope", {"project_id": "P2another000000000000000000"}), ("docebo", {"platform": "other.docebosaas.com"})],
)
def test_the_sign_ins_of_another_project_are_not_taken_for_ours(
    place: Place, section: str, change: dict[str, str]
) -> None:
    """Exit 2, the way out, nothing asked and no list."""
    migrated(place, strangers=0)
    since = len(place.journal())
    place.configure(**{section: change})

    refused = place.forked("status", "--signed-in")

    assert (refused.code, len(place.journal())) == (2, since)
    assert "belongs to" in refused.err
    assert "Fix:" in refused.err
    assert not (place.folder / "reports" / NAME).exists()


def test_another_mapping_does_not_matter(place: Place) -> None:
    migrated(place, users=5, strangers=0)
    place.configure(mapping={"attributes": {"city": "city"}}, policy={"existing": "link"})

    assert asked(place)["classes"] == classes(not_yet=5)


def test_a_refused_key_is_a_wrong_configuration(place: Place) -> None:
    """Exit 2 before anything is asked about anybody; the list of last week stays."""
    migrated(place, users=5, strangers=0)
    asked(place)
    before = listed(place)
    place.configure(descope={"management_key": "K2wrong"})

    ended = place.forked("status", "--signed-in")

    assert ended.code == 2
    assert "refused the management key" in " ".join(ended.err.split())
    assert listed(place) == before


def test_a_descope_that_cannot_be_read_ends_with_exit_4(place: Place) -> None:
    """No half list is written, no figures are invented, and the fix says to ask again."""
    migrated(place, users=5, strangers=0)
    place.sandbox.control.set_faults({"kind": "status", "path": LOAD, "params": {"code": 403}})

    ended = place.forked("status", "--signed-in", "--json")

    assert (ended.code, list(ended.document), ended.document["error"]["exit_code"]) == (4, ["schema", "error"], 4)
    assert "run again: it is safe" in " ".join(ended.err.split())
    assert not (place.folder / "reports" / NAME).exists()


def test_beside_a_run_it_asks_all_the_same(place: Place) -> None:
    """It needs no lease: a run at work neither stops it nor is stopped by it."""
    migrated(place, users=20, strangers=0)
    for user in place.sources()[:3]:
        place.sandbox.control.delete_docebo_user(user["user_id"])
    place.sandbox.control.put_docebo_user({**place.sources()[0], "user_id": "9001", "email": "new@example.org"})
    place.sandbox.control.set_faults({"kind": "slow", "path": CREATE, "when": "after", "params": {"seconds": 6}})
    before = len(calls(place, CREATE))
    run = place.start("run", "--yes", "--accept-shrink")
    while len(calls(place, CREATE)) == before:
        assert run.poll() is None

    ended = place.forked("status", "--signed-in", "--json")

    assert run.poll() is None
    assert ended.code == 0
    assert ended.document["signed_in"]["classes"]["not_yet"] >= 17
    assert "A run is in progress" in " ".join(ended.err.split())
    assert run.wait(60) in (0, 3)


def test_it_needs_descopes_secret_and_none_of_docebos(place: Place) -> None:
    """Whoever may only look at Descope can ask; without its key the missing variable is named."""
    migrated(place, users=5, strangers=0)
    key = place.config.descope.management_key.get_secret_value()
    place.configure(docebo={"client_secret": "${NO_SECRET}", "password": "${NO_PASSWORD}"})
    place.configure(descope={"management_key": "${DESCOPE_KEY}"})

    without = place.command("status", "--signed-in")
    ended = place.command("status", "--signed-in", "--json", env={**os.environ, "DESCOPE_KEY": key})

    assert (without.code, "DESCOPE_KEY" in without.err, "NO_SECRET" in without.err) == (2, True, False)
    assert (ended.code, ended.document["signed_in"]["classes"]) == (0, classes(not_yet=5))


def test_asking_can_be_interrupted_and_leaves_the_last_list(place: Place) -> None:
    """SIGTERM while Descope is slow: exit 143 at once, the error as JSON, and last week's file as it was."""
    migrated(place, users=5, strangers=0)
    asked(place)
    place.sandbox.control.sign_in(target_of(place, arrived_ids(place)[0]))
    before = listed(place)
    place.sandbox.control.set_faults({"kind": "status", "path": HISTORY, "params": {"code": 429}})
    seen = len(calls(place, HISTORY))
    asking = place.start("status", "--signed-in", "--json")
    while len(calls(place, HISTORY)) == seen:
        assert asking.poll() is None

    asking.send_signal(signal.SIGTERM)

    out, _ = asking.communicate(timeout=20)
    assert (asking.returncode, list(json.loads(out))) == (143, ["schema", "error"])
    assert listed(place) == before


def test_watching_and_asking_exclude_each_other(place: Place) -> None:
    ended = place.forked("status", "--signed-in", "--watch")

    assert ended.code == 2
    assert "--watch" in ended.err


def test_whose_profile_is_erased_keeps_the_last_access(place: Place) -> None:
    """After a purge the list is the same, with ids and Docebo's date alone; neither screen nor log names anybody."""
    migrated(place, users=6, strangers=0)
    asked(place)
    before = listed(place)
    assert place.forked("purge", "--yes").code == 0

    ended = place.forked("status", "--signed-in", "--log-file", "status.log", "-v")

    assert (ended.code, listed(place)) == (0, before)
    assert any(row[3] for row in before)
    text = (place.folder / "status.log").read_text() + ended.out + ended.err
    assert '"signed_in"' in text
    assert [user["email"] for user in place.sources() if str(user["email"]).lower() in text.lower()] == []
