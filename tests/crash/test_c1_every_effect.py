"""SIGKILL before and behind every commit, request and report step; the next run finishes (docs/reliability.md C1)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import oracle
import pytest
from crash_trials import database, die_at, each_effect, every_point, first_run

from migrator.flow.send import read_beside

if TYPE_CHECKING:
    from figures import Note
    from oracle import Before
    from world import Place

KINDS = [
    "send Docebo", "answered Docebo", "send Descope", "answered Descope", "before commit", "after commit",
    "compact", "report",
]  # fmt: skip

# `make test` dies once at each effect, or at each 24th point; `make soak` dies before and behind every one.
ONCE, FEW = "each effect once", 24
EACH = pytest.param(1, marks=[pytest.mark.soak, pytest.mark.timeout(3000)])


@pytest.fixture(autouse=True)
def _small_lists(monkeypatch: pytest.MonkeyPatch) -> None:
    """A few users are enough to be read back while others are sent."""
    monkeypatch.setattr(read_beside, "USERS_PER_CALL", 4)


def kinds(points: list[str]) -> list[str]:
    """Those kinds of effect that are among the points; a test without one of them would prove too little."""
    return [kind for kind in KINDS if any(kind in point for point in points)]


@pytest.mark.parametrize("step", [ONCE, EACH])
def test_c1_first_run_is_mended_after_a_kill_at_every_effect(any_place: Place, step: str | int, note: Note) -> None:
    """Wherever a first run of 25 users dies, the next one brings everybody over, once."""
    if step == ONCE:
        tried, points = each_effect(any_place, first_run, repetition=4)
    else:
        tried, points = every_point(any_place, first_run)
        assert tried == len(points)

    assert kinds(points) == KINDS
    note("C1", f"points of a first run, {database(any_place)}", tried)


@pytest.mark.parametrize("step", [FEW, EACH])
def test_c1_four_batches_in_flight_are_mended_after_a_kill_at_every_effect(place: Place, step: int, note: Note) -> None:
    """The same with four batches of three in flight, whose steps come in a new order each time."""
    place.configure(descope={"batch_size": 3}, run={"concurrency": 4})

    tried, points = every_point(place, first_run, step=step)

    assert kinds(points) == KINDS
    note("C1", "points of a first run, 4 requests in flight", tried)


@pytest.mark.parametrize("step", [ONCE, EACH])
def test_c1_catch_up_run_is_mended_after_a_kill_at_every_effect(any_place: Place, step: str | int, note: Note) -> None:
    """Wherever a catch-up run dies among names, addresses, arrivals and departures, the next one completes it."""
    any_place.configure(policy={"vanished": "disable"})
    first_run(any_place)
    first = die_at(0, any_place.migrate).points
    changes = Changes(any_place)

    if step == ONCE:  # of those that a first run does not have; the others at some points
        tried, points = each_effect(any_place, changes.make, known=first, step=FEW, repetition=4)
    else:
        tried, points = every_point(any_place, changes.make)

    assert kinds(points) == KINDS
    for path in ("patch/batch", "update/email", "update/loginid", "create/batch"):
        assert [point for point in points if point.endswith(path)]
    note("C1", f"points of a catch-up run, {database(any_place)}", tried)


def test_c1_profiles_are_overwritten_after_a_kill_between_erasing_and_rewriting(any_place: Place) -> None:
    """The run behind one that died before the erased bytes were overwritten does that; the one after it need not."""
    place = any_place
    first_run(place)
    at = die_at(0, place.migrate).points.index("before compact") + 1
    start = first_run(place)
    assert die_at(at, place.migrate).killed

    again = die_at(0, place.migrate)
    third = die_at(0, place.migrate)

    assert "after compact" in again.points
    assert "after compact" not in third.points
    oracle.check(place, start)


class Changes:
    """Changes at Docebo that ask for every kind of write; new ones each time, so that trials go on from each other."""

    def __init__(self, place: Place) -> None:
        self._rounds = 0
        self._gone: list[str] = []
        arrived = oracle.read_rows(place.checkpoint, place)
        self._people = [user for user in place.sources() if arrived[str(user["user_id"])]["state"] == "created"]

    def make(self, place: Place) -> Before:
        """Two names and two addresses change, one person leaves and one comes."""
        self._rounds += 1
        number = self._rounds
        control = place.sandbox.control
        control.clear_journal()
        ids = [str(user["user_id"]) for user in self._people]
        for user_id in ids[:2]:
            control.patch_docebo_user(user_id, fullname=f"Name {number}", last_name=f"Family {number}")
        for user_id in ids[1:3]:
            control.patch_docebo_user(user_id, email=f"{user_id}.{number}@example.org")
        gone = {one["customAttributes"].get("doceboUserId"): one["status"] for one in place.targets()}
        assert all(gone[user_id] == "disabled" for user_id in self._gone)
        control.delete_docebo_user(ids[-1])
        self._gone.append(ids[-1])
        comer = self._people[-1] | {
            "user_id": str(900_000 + number), "username": f"new{number}", "email": f"new{number}@example.org",
        }  # fmt: skip
        control.put_docebo_user(comer)
        self._people[-1] = comer
        return oracle.before(place)
