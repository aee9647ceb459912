"""Refusals that are about nobody of those who were sent, in whole runs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import oracle
import pytest
from runs import CREATE, PATCH, calls, emails, go, small

if TYPE_CHECKING:
    from world import Place


def refusing(*users: str) -> dict[str, Any]:
    """A 200 whose users all failed with one code."""
    failed = [{"failure": "E062001: the project is full", "user": {"loginIds": [user]}} for user in users]
    return {"code": 200, "content": {"createdUsers": [], "failedUsers": failed}}


@pytest.mark.parametrize(
    ("users", "size", "status"), [(300, 100, 400), (10, 10, 400), (10, 100, 409), (23, 10, 422), (120, 12, 409)]
)
def test_b8_a_refusal_that_everybody_meets_ends_the_run(place: Place, users: int, size: int, status: int) -> None:
    """Every create refused whole: exit 4 within about one batch per worker, everybody pending, then all created."""
    start = small(place, users)
    place.configure(descope={"batch_size": size})
    content = {"errorCode": "E062001"}
    place.sandbox.control.set_faults(
        {"kind": "status", "path": CREATE, "every": 1, "params": {"code": status, "content": content}}
    )

    for _night in range(2):
        before = len(calls(place, CREATE))
        run = go(place)
        assert (run.code, run.counts) == (4, {"found": users, "pending": users})
        assert "E062001" in str(run.error)
        assert len(calls(place, CREATE)) - before <= min(2 * users, 4 * 100)

    place.sandbox.control.clear_faults()
    assert go(place).counts == {"found": users, "created": users}
    oracle.check(place, start)


def test_b8_so_does_one_that_is_told_user_by_user(place: Place) -> None:
    """The same in an answer of 200 whose users all failed with one code."""
    start = small(place, 40)
    place.configure(descope={"batch_size": 20})
    place.sandbox.control.set_faults({"kind": "status", "path": CREATE, "every": 1, "params": refusing(*emails(place))})

    run = go(place)

    assert (run.code, run.counts) == (4, {"found": 40, "pending": 40})
    assert len(calls(place, CREATE)) == 2
    place.sandbox.control.clear_faults()
    assert go(place).counts == {"found": 40, "created": 40}
    oracle.check(place, start)


def test_b8_a_change_that_everybody_is_refused_ends_the_run(place: Place) -> None:
    """The same for changes."""
    small(place, 40)
    assert go(place).code == 0
    place.configure(descope={"batch_size": 40})
    for user in place.sources():
        place.sandbox.control.patch_docebo_user(str(user["user_id"]), fullname="Neuer Name")
    start = oracle.before(place)
    place.sandbox.control.set_faults({"kind": "status", "path": PATCH, "every": 1, "params": {"code": 400}})

    run = go(place)

    assert (run.code, run.counts) == (4, {"found": 40, "pending": 40})
    assert len(calls(place, PATCH)) <= 80
    place.sandbox.control.clear_faults()
    assert go(place).counts == {"found": 40, "updated": 40}
    oracle.check(place, start)


def test_b8_bad_users_side_by_side_are_no_refusal_of_everybody(place: Place) -> None:
    """Thirty bad users in a row, refused one like the other, among a hundred: they fail, the others are created."""
    start = small(place, 100)
    place.configure(descope={"batch_size": 100})
    place.sandbox.control.set_switches(descope={"refuse_logins": emails(place)[:30]})

    run = go(place)

    assert (run.code, run.counts, run.reasons) == (3, {"found": 100, "created": 70, "failed": 30}, {"refused": 30})
    oracle.check(place, start)


@pytest.mark.parametrize("users", [1, 9])
def test_b8_few_users_refused_alike_are_failures_of_users(place: Place, users: int) -> None:
    """Fewer than ten may all be bad by themselves: exit 3, each `refused`."""
    start = small(place, users)
    place.configure(descope={"batch_size": 100})
    place.sandbox.control.set_switches(descope={"refuse_logins": emails(place)})

    run = go(place)

    assert (run.code, run.reasons) == (3, {"refused": users})
    oracle.check(place, start)


@pytest.mark.parametrize("status", [402, 410])
def test_b8_no_payment_and_no_such_place_are_not_about_users(place: Place, status: int) -> None:
    """402 and 410 end the run at once and fail nobody, however few they are."""
    start = small(place, 3)
    place.sandbox.control.set_faults({"kind": "status", "path": CREATE, "every": 1, "params": {"code": status}})

    run = go(place)

    assert (run.code, run.counts) == (4, {"found": 3, "pending": 3})
    assert len(calls(place, CREATE)) == 1
    place.sandbox.control.clear_faults()
    assert go(place).code == 0
    oracle.check(place, start)
