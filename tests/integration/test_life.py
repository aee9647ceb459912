"""Weeks of a migration's life, each told once: what people and admins do between two runs."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import oracle
import pytest
from lives import change, edit, put, put_many, target
from runs import PATCH, calls, go

if TYPE_CHECKING:
    from world import Place


# --- what was deleted or changed in Descope --------------------------------------------------------


def test_b3_who_was_deleted_at_descope_is_named_by_the_next_run_and_sent_again_when_asked(any_place: Place) -> None:
    """Nobody touched the Docebo record: the run says who is missing, `verify` agrees, and `--retry` sends it again."""
    ids = put_many(any_place, 12)
    go(any_place)
    any_place.sandbox.control.delete_descope_user(target(any_place, ids[3])["userId"])

    named, again = go(any_place), go(any_place)
    verified = any_place.forked("verify", "--json")
    retried = any_place.forked("run", "--yes", "--json", "--retry", "missing")

    assert (named.code, named.reasons, again.reasons) == (3, {"deleted_at_descope": 1}, {"deleted_at_descope": 1})
    assert verified.code == 3
    assert verified.document["classes"]["missing"] == 1
    assert retried.code == 0
    assert retried.document["counts"]["created"] == 12
    assert len(any_place.targets()) == 12
    assert any_place.forked("verify").code == 0


@pytest.mark.parametrize("word", ["deleted_at_descope", "all"])
def test_b3_the_code_in_the_list_and_all_work_as_well(place: Place, word: str) -> None:
    """What problems.csv says is what `--retry` takes."""
    ids = put_many(place, 12)
    go(place)
    place.sandbox.control.delete_descope_user(target(place, ids[3])["userId"])
    go(place)

    assert place.forked("run", "--yes", "--retry", word).code == 0

    assert len(place.targets()) == 12


def test_b3_an_edit_in_descope_stays_until_a_person_wants_docebos_value_back(place: Place) -> None:
    """`verify` tells of it, a run leaves it alone, and `--retry differs` sends what Docebo says."""
    ids = put_many(place, 3)
    go(place)
    was = target(place, ids[0])
    edit(place, was, name="Edited By Hand")

    assert place.forked("verify").code == 3
    assert go(place).code == 0
    assert target(place, ids[0])["name"] == "Edited By Hand"
    assert place.forked("run", "--yes", "--retry", "differs").code == 0

    assert target(place, ids[0])["name"] == was["name"]
    assert place.forked("verify").code == 0


@pytest.mark.parametrize("moved", [0, 1])
def test_b3_what_was_asked_and_not_confirmed_is_forgotten_whatever_moved_meanwhile(place: Place, moved: int) -> None:
    """`--retry differs` and then "no": what Docebo changed since is sent by the next run, and the edits stay."""
    place.configure(mapping={"attributes": {"city": "field_4"}})
    ids = put_many(place, 3, field_4="Rome")
    go(place)
    for user_id in ids[:2]:
        edit(place, target(place, user_id), name="Edited By Hand")
    place.forked("verify")
    change(place, ids[moved], field_4="Milan")

    refused = go(place, retry=("differs",), confirm=lambda _figures: False)
    assert refused.error is not None
    assert refused.error.message == "Nothing was sent: you said no."
    assert go(place).code == 0

    assert [target(place, user_id)["name"] for user_id in ids[:2]] == ["Edited By Hand"] * 2
    assert target(place, ids[moved])["customAttributes"]["city"] == "Milan"


def test_b3_a_lost_mark_is_set_again_when_asked(place: Place) -> None:
    """An admin cleaned the attributes of one user up: it is recognised by its id, and marked again only on demand."""
    ids = put_many(place, 3)
    go(place)
    was = target(place, ids[0])
    edit(place, was, customAttributes={})

    assert place.forked("verify").code == 3
    assert go(place).code in (0, 3)
    assert place.forked("run", "--yes", "--retry", "differs").code == 0

    assert target(place, ids[0])["userId"] == was["userId"]
    assert target(place, ids[0])["customAttributes"] == was["customAttributes"]
    assert place.forked("verify").code == 0


def test_a_word_that_retry_does_not_know_is_refused(place: Place) -> None:
    """Exit 2 names the words there are, and nothing is asked of either server."""
    ended = place.forked("run", "--yes", "--retry", "everything")

    assert ended.code == 2
    assert "differs, missing or all" in ended.err
    assert place.sandbox.control.journal() == []


@pytest.mark.parametrize(("deleted", "code"), [(1, 3), (2, 3), (3, 4), (20, 4)])
def test_an_emptied_project_is_not_called_complete(place: Place, deleted: int, code: int) -> None:
    """Up to a tenth missing are named; more stop run and plan before anything is asked of Docebo's list."""
    ids = put_many(place, 20)
    go(place)
    for user_id in ids[:deleted]:
        place.sandbox.control.delete_descope_user(target(place, user_id)["userId"])
    before = oracle.read_rows(place.checkpoint, place)

    for dry_run in (True, False):
        ended = go(place, dry_run=dry_run)
        if code == 4:
            assert ended.code == 4
            assert ended.error is not None
            assert "migrator verify" in ended.error.fix
            assert oracle.read_rows(place.checkpoint, place) == before
    if code == 3:
        assert ended.code == 3
        assert ended.reasons == {"deleted_at_descope": deleted}


def test_an_emptied_project_is_filled_again_on_demand(place: Place) -> None:
    """The way the stopped run names leads out: verify, then run --retry missing."""
    put_many(place, 20)
    go(place)
    for user in place.targets():
        place.sandbox.control.delete_descope_user(user["userId"])

    assert place.forked("run", "--yes").code == 4
    assert place.forked("verify").code == 3
    assert place.forked("run", "--yes", "--retry", "missing").code == 0

    assert len(place.targets()) == 20


def test_d_what_people_changed_themselves_stays_when_something_else_moves_in_docebo(place: Place) -> None:
    """A person has a new name and address in Descope; Docebo's city moves: the city is sent, and nothing else."""
    place.configure(mapping={"attributes": {"city": "field_4"}})
    ids = put_many(place, 2, field_4="Rome")
    go(place)
    own = {"name": "My Own Name", "email": "own@example.org", "loginIds": ["own@example.org"], "verifiedEmail": True}
    edit(place, target(place, ids[0]), **own)
    change(place, ids[0], field_4="Milan")

    ended = go(place)

    now = target(place, ids[0])
    assert {key: now[key] for key in own} == own
    assert now["customAttributes"]["city"] == "Milan"
    assert ended.code == 0
    assert go(place).code == 0


def test_b1_who_made_a_user_is_known_without_an_attribute_that_flows_own(place: Place) -> None:
    """`freshlyMigrated` was deleted after the cut-over: changes and suspensions in Docebo are sent all the same."""
    ids = put_many(place, 2)
    go(place)
    for user_id in ids:
        was = target(place, user_id)
        fewer = {key: value for key, value in was["customAttributes"].items() if key != "freshlyMigrated"}
        edit(place, was, customAttributes=fewer, password=True)
    change(place, ids[0], fullname="A New Name")
    change(place, ids[1], status="0")

    assert go(place).code == 0

    assert target(place, ids[0])["name"] == "A New Name"
    assert target(place, ids[1])["status"] == "disabled"
    assert "freshlyMigrated" not in target(place, ids[0])["customAttributes"]
    assert place.forked("verify").code == 0


def test_b9_half_a_mark_is_a_stranger(place: Place) -> None:
    """Somebody has the platform and no number: a new checkpoint is not ended by it."""
    put_many(place, 2)
    half = {"doceboPlatform": place.config.docebo.platform}
    place.sandbox.control.put_descope_user({"loginIds": ["u0@example.org"], "customAttributes": half})

    assert go(place).reasons == {"login_taken": 1}


# --- who leaves, and comes back --------------------------------------------------------------------


TROUBLES: dict[str, dict[str, Any]] = {
    "no address any more": {"email": ""},
    "an address that is none": {"email": "nobody"},
    "somebody else's address": {"email": "u1@example.org"},
    "a login that is taken": {"email": "taken@example.org"},
}


@pytest.mark.parametrize("trouble", TROUBLES)
def test_b13_a_suspension_is_applied_whatever_else_is_wrong(any_place: Place, trouble: str) -> None:
    """Leaving comes first: the account is disabled, and the other trouble still needs a person."""
    place = any_place
    ids = put_many(place, 3)
    place.sandbox.control.put_descope_user({"loginIds": ["taken@example.org"], "email": "taken@example.org"})
    go(place)
    change(place, ids[0], status="0", **TROUBLES[trouble])

    ended = go(place)

    assert ended.code == 3
    assert target(place, ids[0])["status"] == "disabled"
    patches = len(calls(place, PATCH))
    assert go(place).code == 3
    assert len(calls(place, PATCH)) == patches


def test_b13_suspended_while_waiting_for_a_person(place: Place) -> None:
    """First the login was taken, later came the suspension."""
    ids = put_many(place, 2)
    place.sandbox.control.put_descope_user({"loginIds": ["taken@example.org"], "email": "taken@example.org"})
    go(place)
    change(place, ids[0], email="taken@example.org")
    assert go(place).reasons == {"login_taken": 1}
    change(place, ids[0], status="0")

    go(place)

    assert target(place, ids[0])["status"] == "disabled"


def test_b13_who_arrived_is_followed_whatever_the_policy_includes(place: Place) -> None:
    """`policy.include: [active]` says who comes; who came and is suspended later is disabled, and not `skipped`."""
    place.configure(policy={"include": ["active"]})
    ids = put_many(place, 2)
    go(place)
    change(place, ids[0], status="0")
    put(place, 7, status="0")

    ended = go(place)

    assert target(place, ids[0])["status"] == "disabled"
    assert ended.counts == {"found": 3, "updated": 1, "created": 1, "skipped": 1}


def test_b13_suspended_and_brought_back(place: Place) -> None:
    """Whom we disabled is enabled again; whom an admin disabled in Descope is not, and that is no difference."""
    ids = put_many(place, 2)
    go(place)
    change(place, ids[0], status="0")
    go(place)
    edit(place, target(place, ids[1]), status="disabled")
    change(place, ids[0], status="1")
    change(place, ids[1], fullname="A New Name")

    assert go(place).code == 0

    assert target(place, ids[0])["status"] == "enabled"
    assert (target(place, ids[1])["status"], target(place, ids[1])["name"]) == ("disabled", "A New Name")


def test_d_a_value_of_an_undefined_attribute_does_not_swallow_a_suspension(place: Place) -> None:
    """A definition was deleted in Descope, its value stayed: the suspension arrives."""
    ids = put_many(place, 1)
    go(place)
    was = target(place, ids[0])
    edit(place, was, customAttributes=was["customAttributes"] | {"long_gone": "x"})
    change(place, ids[0], status="0", fullname="A New Name")

    assert go(place).code == 0

    assert (target(place, ids[0])["status"], target(place, ids[0])["name"]) == ("disabled", "A New Name")


def test_b14_deleted_and_made_anew_is_a_reason_of_its_own_with_a_way_out(place: Place) -> None:
    """Docebo gave the person a new number: the old account stands in the way, and `existing: link` takes it over."""
    ids = put_many(place, 12)
    go(place)
    old = target(place, ids[0])
    place.sandbox.control.delete_docebo_user(ids[0])
    new = put(place, 50, email="u0@example.org")

    assert go(place).reasons == {"not_in_docebo": 1, "recreated": 1}
    place.configure(policy={"existing": "link"})
    assert go(place).code == 0

    assert target(place, new)["userId"] == old["userId"]
    assert len(place.targets()) == 12
    assert go(place).code == 0


# --- plans -----------------------------------------------------------------------------------------


def test_b4_a_plan_leaves_nothing_behind_that_a_run_builds_on(any_place: Place) -> None:
    """`plan --remap` shows what would be; a run without --remap does not create who was deleted on purpose."""
    place = any_place
    ids = put_many(place, 12)
    go(place)
    place.sandbox.control.delete_descope_user(target(place, ids[3])["userId"])
    go(place)
    rows = oracle.read_rows(place.checkpoint, place)

    planned = place.forked("plan", "--remap", "--json")

    assert planned.document["counts"]["created"] == 12
    now = oracle.read_rows(place.checkpoint, place)
    for row in (rows[ids[3]], now[ids[3]]):
        for key in ("seen_sweep", "found_fingerprint", "decided_at", "predicted_state"):
            del row[key]
    assert now[ids[3]] == rows[ids[3]]
    assert go(place).reasons == {"deleted_at_descope": 1}


def test_a_binding_plan_a_polite_stop_and_the_rest_of_the_plan(place: Place) -> None:
    """Stopped right behind an answered patch, the same plan goes on: our own change is nobody's edit."""
    ids = put_many(place, 6)
    go(place)
    for user_id in ids:
        change(place, user_id, fullname=f"New Name {user_id}")
    change(place, ids[0], email="moved@example.org")
    place.forked("plan", "--out", "plan.jsonl")
    place.sandbox.control.set_faults(
        {"kind": "status", "path": "update/email$", "nth": 1, "params": {"code": 403}, "when": "before"}
    )

    stopped = place.forked("run", "--yes", "--plan", "plan.jsonl", "--json")
    again = place.forked("run", "--yes", "--plan", "plan.jsonl", "--json")

    assert stopped.code == 4
    assert stopped.document["counts"]["updated"] == 5
    assert (again.code, again.document["reasons"]) == (0, {})
    assert target(place, ids[0])["email"] == "moved@example.org"


def test_b10_another_address_of_the_same_project_is_another_migration(place: Place) -> None:
    """A rehearsal with the real project id must not make the real run believe that everybody has arrived."""
    put_many(place, 2)
    go(place)
    place.configure(descope={"base_url": "http://localhost:9"})
    requests = len(place.sandbox.control.journal())

    ended = place.forked("run", "--yes", "--json")

    assert ended.code == 2
    assert "localhost:9" in json.dumps(ended.document)
    assert len(place.sandbox.control.journal()) == requests
