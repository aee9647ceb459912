"""`migrator show WHO` tells everything about one person, and changes nothing (docs/decisions/0021)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import oracle
import pytest
from crash_trials import die_at
from runs import CREATE

from migrator.descope.payload import create_request

if TYPE_CHECKING:
    from world import Place

ANN: dict[str, Any] = {
    "user_id": "7", "username": "ann.lee", "email": "Ann@Example.org", "fullname": "Ann Lee", "status": "1",
    "email_validation_status": "1",
}  # fmt: skip


@pytest.fixture
def house(any_place: Place) -> Place:
    """Ann and four others at Docebo; personal data is kept."""
    any_place.configure(checkpoint={"keep_profiles": "always"})
    any_place.sandbox.control.reset(users=4, difficult=0)
    any_place.sandbox.control.put_docebo_user(ANN)
    return any_place


def events(document: dict[str, Any]) -> list[tuple[str, str | None, int]]:
    """What the history tells, without its times."""
    return [(one["event"], one["reason"], one["run"]) for one in document["history"]]


def test_a_person_is_found_by_every_id_and_name(house: Place) -> None:
    """By Docebo id, Descope id, login id, address or user name, in any case; and each answer is the same."""
    assert house.forked("run", "--yes").code == 0
    [ann] = [one for one in house.targets() if "ann@example.org" in one["loginIds"]]

    shown = [house.forked("show", who, "--json") for who in ("7", ann["userId"], "ANN@example.org", "Ann.Lee")]

    assert {one.code for one in shown} == {0}
    assert all(one.document == shown[0].document for one in shown)
    document = shown[0].document
    assert (document["docebo_user_id"], document["descope_user_id"]) == ("7", ann["userId"])
    assert (document["state"], document["reason"]) == ("created", None)
    assert document["source"]["fullname"] == "Ann Lee"
    assert document["target"]["login_id"] == "ann@example.org"
    assert events(document) == [("pending", None, 1), ("created", None, 1)]


def test_the_request_is_the_one_that_was_sent(house: Place) -> None:
    """To the byte: what a person sees is what Descope got."""
    planned = house.forked("plan")
    assert planned.code == 0
    foretold = house.forked("show", "7", "--json").document

    assert house.forked("run", "--yes").code == 0

    [sent] = [one["body"] for one in house.sandbox.control.journal() if one["path"] == CREATE]
    [mine] = [one for one in sent["users"] if one["loginId"] == "ann@example.org"]
    assert foretold["request"] == create_request([mine])
    assert {key: sent[key] for key in sent if key != "users"} == {
        key: foretold["request"][key] for key in foretold["request"] if key != "users"
    }
    assert foretold["decision"]["action"] == "create"


def test_the_history_tells_each_change_with_its_run(house: Place) -> None:
    """Over weeks: created, changed at Docebo, in conflict, gone; a run that changes nothing adds nothing."""
    place = house
    assert place.forked("run", "--yes").code == 0
    assert place.forked("run", "--yes").code == 0
    place.sandbox.control.patch_docebo_user("7", fullname="Ann Leigh")
    assert place.forked("run", "--yes").code == 0
    place.sandbox.control.delete_docebo_user("7")
    assert place.forked("run", "--yes", "--accept-shrink").code == 0

    document = place.forked("show", "7", "--json").document

    assert events(document) == [
        ("pending", None, 1), ("created", None, 1), ("pending", None, 3), ("updated", None, 3),
        ("vanished", "not_in_docebo", 4),
    ]  # fmt: skip
    times = [one["at"] for one in document["history"]]
    assert times == sorted(times)
    text = place.forked("show", "7").out
    assert "run 4  vanished (not_in_docebo)" in text


def test_a_conflict_that_stays_is_told_once(house: Place) -> None:
    """Each run plans it again, but nothing new came of it; a plan adds nothing either."""
    place = house
    place.sandbox.control.put_descope_user({"loginIds": ["ann@example.org"], "email": "ann@example.org"})
    for command in (("run", "--yes"), ("plan",), ("run", "--yes"), ("run", "--yes", "--retry", "login_taken")):
        place.forked(*command)

    document = place.forked("show", "7", "--json").document

    assert events(document) == [("pending", None, 1), ("conflict", "login_taken", 1)]
    assert "Fix:" in place.forked("show", "7").out


def test_a_killed_run_leaves_a_true_history(house: Place) -> None:
    """Whoever was in flight is told by what became of the request."""
    assert die_at(1, house.migrate, label=f"answered Descope POST {CREATE}").killed
    assert house.forked("run", "--yes").code == 0

    document = house.forked("show", "7", "--json").document

    assert [event for event, _, _ in events(document)] == ["pending", document["state"]]
    assert document["history"][-1]["run"] == 2


def test_fresh_asks_both_sides_and_writes_nowhere(house: Place) -> None:
    """The record, the user and the decision as they are now; neither side nor the checkpoint is changed."""
    place = house
    assert place.forked("run", "--yes").code == 0
    place.sandbox.control.patch_docebo_user("7", fullname="Ann Leigh")
    before, targets = oracle.read_rows(place.checkpoint, place), place.targets()

    stored = place.forked("show", "7", "--json").document
    fresh = place.forked("show", "7", "--fresh", "--json").document

    assert stored["source"]["fullname"] == "Ann Lee"
    assert (stored["found"], stored["decision"]) == (None, None)
    assert fresh["source"]["fullname"] == "Ann Leigh"
    assert fresh["found"]["name"] == "Ann Lee"
    assert fresh["decision"]["action"] == "update"
    assert fresh["decision"]["changes"]["name"] == ["Ann Lee", "Ann Leigh"]
    assert fresh["history"] == stored["history"]
    assert (oracle.read_rows(place.checkpoint, place), place.targets()) == (before, targets)


def test_fresh_finds_who_was_erased_and_who_is_new(any_place: Place) -> None:
    """Erased: by what Descope calls the person. New: by what was typed, before any run has seen the person."""
    place = any_place
    place.sandbox.control.reset(users=2, difficult=0)
    place.sandbox.control.put_docebo_user(ANN)
    assert place.forked("run", "--yes").code == 0
    erased = place.forked("show", "7", "--json").document
    assert (erased["source"], erased["target"], erased["request"]) == (None, None, None)
    assert "--fresh" in place.forked("show", "7").out
    place.sandbox.control.put_docebo_user({**ANN, "user_id": "8", "username": "bob", "email": "bob@example.org"})

    assert place.forked("show", "7", "--fresh", "--json").document["source"]["username"] == "ann.lee"
    assert place.forked("show", "bob@example.org").code == 2
    new = place.forked("show", "bob@example.org", "--fresh", "--json").document

    assert (new["docebo_user_id"], new["state"], new["decision"]["action"]) == ("8", None, "create")


def test_several_people_of_one_name_are_told_apart_by_id(house: Place) -> None:
    house.sandbox.control.put_docebo_user({**ANN, "user_id": "8", "username": "ann.two"})
    assert house.forked("plan").code == 0

    shown = house.forked("show", "ann@example.org")

    assert shown.code == 2
    assert "2 people in Docebo are called that: 7, 8." in " ".join(shown.err.split())
    assert house.forked("show", "8", "--json").document["docebo_user_id"] == "8"


def test_letters_of_every_alphabet_are_found_in_any_case(house: Place) -> None:
    """A user name is looked for in the records, whose text is ASCII."""
    house.sandbox.control.put_docebo_user({**ANN, "user_id": "9", "username": "Özil", "email": "mesut@example.org"})
    assert house.forked("plan").code == 0

    assert [house.forked("show", who, "--json").document["docebo_user_id"] for who in ("Özil", "özil")] == ["9", "9"]


@pytest.mark.parametrize("options", [(), ("--fresh",)])
def test_whom_nobody_knows_is_said_without_repeating_it(house: Place, options: tuple[str, ...]) -> None:
    """Exit 2; an address in an error would reach a log."""
    assert house.forked("plan").code == 0

    shown = house.forked("show", "nobody@example.org", *options)

    assert (shown.code, shown.out) == (2, "")
    assert "nobody@" not in shown.err
    assert "Fix:" in shown.err
