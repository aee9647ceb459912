"""Batches of which a part fails, in whole runs (docs/reliability.md N7, N13 and N14)."""

from __future__ import annotations

from math import ceil, log2
from typing import TYPE_CHECKING, Any

import oracle
import pytest
from runs import CREATE, PATCH, calls, emails, go, small
from virtual_clock import VirtualClock

if TYPE_CHECKING:
    from world import Place

    from migrator.report.summary import RunFigures

FORMS = ("full", "partial", "email", "login_id", "null")
ANSWERS = ("honest", "both", "neither", "extra", "twice")


def ten(place: Place, **switches: Any) -> tuple[oracle.Before, list[str]]:
    start = small(place, 10)
    place.configure(descope={"batch_size": 10})
    place.sandbox.control.set_switches(descope=switches)
    return start, emails(place)


@pytest.mark.grid
@pytest.mark.parametrize(
    ("form", "failed"),
    [(form, failed) for form in FORMS for failed in (range(11) if form in ("full", "null") else (1, 5, 10))],
)
def test_n13_k_of_n_fail(place: Place, form: str, failed: int) -> None:
    """For every k of 10, however a failed user is named or not named: exactly these fail, for a reason."""
    start, logins = ten(place, failed_user=form, poison_mode="per_user")
    place.sandbox.control.set_switches(descope={"refuse_logins": logins[::-1][:failed]})

    run = go(place)

    verdict = oracle.check(place, start)
    assert run.code == (3 if failed else 0)
    assert run.reasons == ({"refused": failed} if failed else {})
    assert verdict.creates == 10 - failed
    bad = [user for user in place.sources() if str(user["email"]).lower() in logins[::-1][:failed]]
    assert {verdict.rows[str(user["user_id"])]["state"] for user in bad} <= {"failed"}


@pytest.mark.grid
@pytest.mark.parametrize("answer", ANSWERS)
@pytest.mark.parametrize("form", FORMS)
def test_n13_odd_answers(place: Place, answer: str, form: str) -> None:
    """A user in both lists, in neither, twice, a stranger among them, another order: everybody by login id."""
    start, logins = ten(place, batch_answer=answer, failed_user=form, batch_order="shuffled", poison_mode="per_user")
    place.sandbox.control.set_switches(descope={"refuse_logins": logins[3:5], "additional_errors": "on"})

    run = go(place)

    assert run.counts == {"found": 10, "created": 8, "failed": 2}
    assert oracle.check(place, start).creates == 8


@pytest.mark.grid
@pytest.mark.parametrize("answer", ANSWERS)
@pytest.mark.parametrize("form", FORMS)
def test_n13_odd_answers_to_a_patch(place: Place, answer: str, form: str) -> None:
    """The same for changes: all arrive but the one that the project cannot stomach."""
    start, _ = ten(place)
    go(place)
    people = sorted(place.sources(), key=lambda user: str(user["user_id"]))[:5]
    for user in people:
        place.sandbox.control.patch_docebo_user(str(user["user_id"]), fullname="Neuer Name")
    bad = str(people[2]["email"]).lower()
    place.sandbox.control.set_switches(
        descope={"batch_answer": answer, "failed_user": form, "poison_mode": "per_user", "refuse_logins": [bad]}
    )
    start = oracle.before(place)

    run = go(place)

    assert run.counts == {"found": 10, "created": 5, "updated": 4, "failed": 1}
    assert run.reasons == {"refused": 1}
    verdict = oracle.check(place, start)
    names = [verdict.targets[str(user["user_id"])]["name"] for user in people]
    assert [name == "Neuer Name" for name in names] == [True, True, False, True, True]


@pytest.mark.parametrize("places", [[0], [1], [49], [50], [99], [0, 99], [12, 13, 77]], ids=str)
def test_n7_a_poisoned_batch_is_split_until_only_the_bad_user_fails(place: Place, places: list[int]) -> None:
    """One bad user refuses a whole call of 100: at most 2 log2(100) more calls for each, and 99 are created."""
    start = small(place, 100)
    place.configure(descope={"batch_size": 100})
    logins = emails(place)
    place.sandbox.control.set_switches(descope={"refuse_logins": [logins[number] for number in places]})

    run = go(place)

    assert (run.code, run.reasons) == (3, {"refused": len(places)})
    assert oracle.check(place, start).creates == 100 - len(places)
    assert len(calls(place, CREATE)) - 1 <= 2 * ceil(log2(100)) * len(places)


@pytest.mark.parametrize("existing_login", ["reject", "tolerate", "overwrite"])
@pytest.mark.parametrize("status", [400, 413])
def test_n7_a_refusal_of_what_was_done_sends_nobody_twice(place: Place, status: int, existing_login: str) -> None:
    """A gateway says no to what Descope did: the users are found there before anything is split, and nobody is sent."""
    start = small(place, 20)
    place.sandbox.control.set_switches(descope={"existing_login": existing_login})
    place.sandbox.control.set_faults(
        {"kind": "status", "path": CREATE, "nth": 2, "when": "after", "params": {"code": status}}
    )

    run = go(place)

    assert run.counts == {"found": 20, "created": 20}
    assert oracle.check(place, start).creates == 20
    assert len(calls(place, CREATE)) == 4


@pytest.mark.parametrize("status", [400, 413])
@pytest.mark.parametrize("limit", [1, 3, 30])
def test_n7_the_batch_limit_is_learned(place: Place, limit: int, status: int) -> None:
    """A limit nobody documents is found by halving and kept: later batches go through at once."""
    start = small(place, 240 if limit == 30 else 24)
    place.configure(descope={"batch_size": 100 if limit == 30 else 10}, run={"concurrency": 1})
    place.sandbox.control.set_switches(descope={"batch_limit": limit, "batch_limit_status": status})

    run = go(place)

    assert run.code == 0
    oracle.check(place, start)
    tried = calls(place, CREATE)
    refused = [entry["n"] for entry in tried if entry["status"] == status]
    whole = next(entry["n"] for entry in reversed(tried) if len(entry["body"]["users"]) > limit)
    assert max(refused) == whole
    assert len([entry for entry in tried if entry["n"] > whole]) >= len(tried) / 3


def test_n7_a_batch_limit_of_patches_is_no_obstacle(place: Place) -> None:
    """Changes that are too many for one call are halved as well."""
    small(place, 24)
    place.configure(descope={"batch_size": 20})
    go(place)
    for user in place.sources():
        place.sandbox.control.patch_docebo_user(str(user["user_id"]), fullname="Neuer Name")
    place.sandbox.control.set_switches(descope={"batch_limit": 4, "batch_limit_status": 413, "users_load_limit": 3})
    start = oracle.before(place)

    assert go(place).counts == {"found": 24, "updated": 24}

    oracle.check(place, start)
    assert {len(entry["body"]["users"]) for entry in calls(place, PATCH) if entry["committed"]} <= {1, 2, 3, 4}


def test_n7_a_search_limit_is_learned_where_all_marks_are_read(place: Place) -> None:
    """With the checkpoint lost and searches limited to 3, everybody is still recognised, and nobody is sent."""
    small(place, 20)
    go(place)
    for path in place.folder.glob("migrator.db*"):
        path.unlink()
    place.sandbox.control.set_switches(descope={"search_limit_cap": 3, "search_over_cap": "refuse"})
    start = oracle.before(place)

    assert go(place).counts == {"found": 20, "unchanged": 20}

    assert oracle.check(place, start).writes == 0


@pytest.mark.parametrize(("existing_login", "seconds"), [("reject", 0), ("tolerate", 0), ("reject", 601),
                                                         ("tolerate", 601), ("overwrite", 601)])  # fmt: skip
@pytest.mark.parametrize("status", [400, 409])
def test_n14_a_stranger_who_comes_between_look_up_and_create(
    place: Place, existing_login: str, seconds: float, status: int
) -> None:
    """Whatever the server does with an existing login: a conflict, and the stranger is as before."""
    start, logins = ten(place, existing_login=existing_login, duplicate_status=status)
    clock = VirtualClock()

    def stranger_comes(_figures: RunFigures) -> bool:
        stranger = {"loginIds": [logins[4]], "email": logins[4], "name": "Somebody Else"}
        user_id = place.sandbox.control.put_descope_user(stranger)
        start.strangers[user_id] = next(user for user in place.targets() if user["userId"] == user_id)
        clock.wait(seconds)
        return True

    run = go(place, clock, confirm=stranger_comes)

    assert (run.counts, run.reasons) == ({"found": 10, "created": 9, "conflict": 1}, {"login_taken": 1})
    oracle.check(place, start)
