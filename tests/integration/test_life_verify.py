"""What reading back has shown stays known to every later run, until it was seen right."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from runs import go
from verdicts import by_id, change, classes, loads, mend, migrated, note, profiles, ready, told, verdicts

if TYPE_CHECKING:
    from world import Place

SPOT_CHECK = 1  # call that every run begins with


@pytest.mark.parametrize("keep", ["until_done", "always"])
def test_a2_differences_are_told_by_every_run_until_they_are_seen_right(any_place: Place, keep: str) -> None:
    """What the server dropped is exit 3 in each later run, until it is there; then once more everything is right."""
    place = any_place
    ready(place, drops="city", keep=keep)

    first, second, third = go(place), go(place), go(place, verify=False)

    assert [run.code for run in (first, second, third)] == [3, 3, 3]
    assert told(place) == 12
    assert set(verdicts(place).values()) == {"differs"}
    assert len(profiles(place)) == 12
    mend(place)
    assert [go(place).code, go(place).code] == [0, 0]
    assert told(place) == 0
    assert set(verdicts(place).values()) == {"same"}
    assert len(profiles(place)) == (12 if keep == "always" else 0)


def test_a2_a_run_reads_only_whom_it_has_to(place: Place) -> None:
    """Each later run reads back whoever differs until seen right; nobody else, and whoever is seen by the mark once."""
    users = migrated(place, 250)
    one, two, *_ = users
    note(place, one, two, verdict=None)
    place.sandbox.control.clear_journal()

    runs = [go(place) for _ in range(3)]

    assert loads(place) == 3 * SPOT_CHECK + 1
    assert [run.code for run in runs] == [0, 0, 0]
    assert (verdicts(place)[one], verdicts(place)[two]) == ("mark", "mark")
    note(place, one, verdict="differs")
    # The reading brings the erased profile of whoever is wrong back, so that the fields can be seen right.
    assert [go(place).code for _ in range(3)] == [0, 0, 0]
    assert loads(place) == 6 * SPOT_CHECK + 2


@pytest.mark.parametrize("word", ["differs", "missing"])
def test_a2_a_comparison_by_mark_alone_never_says_same(place: Place, word: str) -> None:
    """After erasing, nobody knows the fields: that is a verdict of its own; whoever was wrong is compared by fields."""
    users = migrated(place)
    one, two, *_ = users
    note(place, one, verdict=word)
    note(place, two, verdict=None)

    run = go(place)

    assert (run.code, told(place)) == (0, 0)
    said = verdicts(place)
    assert said[one] == "same"
    assert said[two] == "mark"
    assert {said[user_id] for user_id in users if user_id not in (one, two)} == {"same"}


def test_a2_a_wrong_login_id_found_by_the_mark_is_a_difference(place: Place) -> None:
    """Another login id differs even when nobody knows the fields any more."""
    users = migrated(place)
    one = next(iter(users))
    change(place, users[one], loginIds=["moved@example.org"])
    note(place, verdict=None)

    assert go(place).code == 3
    assert verdicts(place) == dict.fromkeys(users, "mark") | {one: "differs"}


def test_a2_without_reading_back_profiles_go_unless_somebody_is_known_to_be_wrong(place: Place) -> None:
    """`--no-verify` leaves no personal data of whoever arrived, except where it is needed to see a wrong user right."""
    ready(place, drops="city")
    assert go(place).code == 3
    place.sandbox.control.put_docebo_user({**place.sources()[0], "user_id": "900001", "email": "new@example.org"})

    assert go(place, verify=False).code == 3

    assert "900001" not in profiles(place)
    assert len(profiles(place)) == 12
    assert verdicts(place)["900001"] is None


def test_a2_verify_stores_its_verdicts(any_place: Place) -> None:
    """The command and the next run agree about whoever differs or is missing, until they are seen right."""
    place = any_place
    users = migrated(place, verify=False)
    one, two, *others = users
    change(place, users[one], name="Somebody Else")
    place.sandbox.control.delete_descope_user(users[two]["userId"])

    ended = place.forked("verify", "--json")

    assert (ended.code, classes(ended)) == (3, {"same": 10, "differs": 1, "missing": 1})
    assert ended.document["stored"] is True
    assert verdicts(place) == dict.fromkeys(others, "same") | {one: "differs", two: "missing"}
    assert go(place).code == 3
    change(place, users[one])
    place.sandbox.control.put_descope_user(users[two])
    again = place.forked("verify", "--json")
    assert (again.code, classes(again)) == (0, {"same": 12})
    assert go(place).code == 0
    assert set(verdicts(place).values()) == {"same"}


def test_a_canary_is_not_stopped_by_what_an_earlier_run_left_wrong(place: Place) -> None:
    """Only the users sent first are looked at before going on; at the end whoever was wrong is read again."""
    ready(place, drops="city")
    assert go(place).code == 3
    place.sandbox.control.set_switches(descope={"ignored_attribute": None})
    for number in range(900001, 900004):
        record = {**place.sources()[0], "user_id": str(number), "email": f"n{number}@example.org"}
        place.sandbox.control.put_docebo_user({**record, "username": f"n{number}"})

    run = go(place, canary=1)

    assert (run.code, run.error) == (3, None)
    assert run.counts["created"] == 15
    assert sorted(map(str, verdicts(place).values())) == ["differs"] * 12 + ["same"] * 3


def test_a5_a_phone_as_login_id_verifies(place: Place) -> None:
    """A user name that is a phone with punctuation comes back without it, which is the same login id."""
    place.configure(mapping={"login_id": "username"})
    place.sandbox.control.reset(users=6, difficult=0)
    user_id = str(place.sources()[0]["user_id"])
    place.sandbox.control.patch_docebo_user(user_id, username="+39 02-5550 0001")

    run = go(place)

    assert by_id(place)[user_id]["loginIds"] == ["+390255500001"]
    assert run.code == 0
    assert place.forked("verify").code == 0
