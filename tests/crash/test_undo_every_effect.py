"""SIGKILL before and behind every effect of an undo; the next undo, or a run, finishes (docs/decisions/0024)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import oracle
import pytest
from crash_trials import die_at
from undo_world import DELETE, PATCH, Project, check_undone

from migrator.core.clock import Clock
from migrator.flow.options import RunEvents, RunOptions
from migrator.flow.undo.undo import undo_migration

if TYPE_CHECKING:
    from figures import Note
    from world import Place

    from migrator.flow.undo.tally import UndoTally

KINDS = ("send Descope", "answered Descope", "before commit", "after commit", "report")
FEW = pytest.param(5)
EACH = pytest.param(1, marks=[pytest.mark.soak, pytest.mark.timeout(3000)])


def undo(place: Place) -> None:
    """One undo inside this process, that gets through."""
    report = undo_migration(place.config, RunOptions(command="undo"), Clock(), RunEvents())
    assert report.error is None


@pytest.fixture
def world(any_place: Place) -> Place:
    """Twelve people, two of them strangers who will be linked, and one who signed in."""
    any_place.configure(policy={"existing": "link"})
    any_place.sandbox.control.reset(users=12, strangers=2, difficult=0)
    return any_place


def spare_one(place: Place) -> str:
    """Let one of the created sign in; the Docebo id."""
    rows = oracle.read_rows(place.checkpoint, place)
    user_id = min(key for key, row in rows.items() if row["origin"] == "created")
    place.sandbox.control.sign_in(rows[user_id]["target_id"])
    return user_id


@pytest.mark.parametrize("step", [FEW, EACH])
def test_an_undo_is_finished_after_a_kill_at_every_effect(world: Place, step: int, note: Note) -> None:
    """Wherever it dies, the next undo leaves the project as it was, but for whoever signed in."""
    place = world
    before = Project.now(place)
    place.migrate()
    spared = spare_one(place)
    points: list[str] = []
    number = 1
    while True:
        fate = die_at(number, lambda: undo(place))
        points = max(points, fate.points, key=len)
        ended = place.forked("undo", "--yes", "--json")
        assert ended.code == 3
        assert [one["docebo_user_id"] for one in ended.document["spared"]] == [spared]
        check_undone(place, before, ended, exact=False)
        rows = oracle.read_rows(place.checkpoint, place)
        assert [row for row in rows.values() if row["undoing"]] == []
        assert {row["reason"] for key, row in rows.items() if key != spared} == {"undone"}
        if not fate.killed:
            break
        number += step
        place.migrate()

    assert [kind for kind in KINDS if any(kind in point for point in points)] == list(KINDS)
    assert all(any(path in point for point in points) for path in (DELETE, PATCH))
    note("undo", "points of an undo", number)


@pytest.mark.parametrize("label", [f"answered Descope POST {DELETE}", f"answered Descope PATCH {PATCH}"])
def test_a_run_finds_out_what_a_killed_undo_has_done(world: Place, label: str) -> None:
    """Behind an undo that died with a request in flight, a run brings everybody back, once."""
    place = world
    start = oracle.before(place)
    place.migrate()
    assert die_at(1, lambda: undo(place), label=label).killed
    assert [row for row in oracle.read_rows(place.checkpoint, place).values() if row["undoing"]]

    figures = place.migrate()

    assert figures.error is None
    marks = [user["customAttributes"].get("doceboUserId") for user in place.targets()]
    assert sorted(filter(None, marks)) == sorted(start.users)


@pytest.mark.parametrize("twice", ["ok", "404"])
def test_a_lost_answer_deletes_nobody_twice_and_loses_nobody(world: Place, twice: str) -> None:
    """A delete that was done and not answered is read back, whatever a second delete would say."""
    place = world
    before = Project.now(place)
    place.migrate()
    place.sandbox.control.set_switches(descope={"delete_batch_twice": twice})
    # Closed rather than never answered: the same to the program, without the wait for its deadline.
    place.sandbox.control.set_faults({"kind": "close", "path": DELETE, "nth": 1, "when": "after"})

    ended = place.forked("undo", "--yes", "--json")

    assert (ended.code, ended.document["counts"]["deleted"], ended.document["counts"]["restored"]) == (0, 10, 2)
    check_undone(place, before, ended, exact=False)


def test_reads_that_lag_are_waited_for(place: Place) -> None:
    """A server that still shows whom it has deleted is asked again, and believed then."""
    place.configure(descope={"settle_seconds": 3})
    place.sandbox.control.reset(users=6, difficult=0)
    before = Project.now(place)
    place.migrate()
    for user in place.targets():
        place.sandbox.control.put_descope_user(user)  # as if created long ago
    place.sandbox.control.set_switches(descope={"get_lag": 2})

    ended = place.forked("undo", "--yes", "--json")

    assert (ended.code, ended.document["counts"]["deleted"]) == (0, 6)
    check_undone(place, before, ended)


def test_whom_descope_does_not_delete_has_failed(place: Place) -> None:
    """A delete that is refused for some leaves them as they were, and says so; the others go."""
    place.sandbox.control.reset(users=4, difficult=0)
    place.migrate()
    place.sandbox.control.set_faults({"kind": "status", "path": DELETE, "when": "before", "params": {"code": 400}})

    ended = place.forked("undo", "--yes", "--json")

    assert (ended.code, ended.document["counts"]["failed"], ended.document["counts"]["deleted"]) == (3, 4, 0)
    place.sandbox.control.clear_faults()
    again = place.forked("undo", "--yes", "--json")
    assert (again.code, again.document["counts"]["deleted"]) == (0, 4)


def test_whoever_is_not_shown_yet_is_not_taken_for_gone(place: Place) -> None:
    """Right behind a run on a server whose reads lag: the undo looks again, and an undo behind it deletes them."""
    place.configure(descope={"settle_seconds": 2})
    place.sandbox.control.reset(users=4, difficult=0)
    before = Project.now(place)
    place.migrate()
    place.sandbox.control.set_switches(descope={"get_lag": 2})

    ended = place.forked("undo", "--yes", "--json")

    counts = ended.document["counts"]
    assert (ended.code, counts["failed"], counts["gone"]) == (3, 4, 0)
    again = place.forked("undo", "--yes", "--json")
    assert (again.code, again.document["counts"]["deleted"]) == (0, 4)
    check_undone(place, before, again)


@pytest.mark.parametrize(
    "sign", [{"audit": False}, {"history": False}, {"history": False, "audit": False, "push": True}]
)
def test_whoever_signs_in_behind_the_plan_is_spared(place: Place, sign: dict[str, bool]) -> None:
    """While a person thinks about the plan, somebody signs in: history, trail and flags are asked again."""
    place.sandbox.control.reset(users=6, difficult=0)
    place.migrate()

    def sign_in(planned: UndoTally) -> bool:
        assert planned.deleted == 6
        place.sandbox.control.sign_in(place.targets()[0]["userId"], **sign)
        return True

    options = RunOptions(command="undo")
    report = undo_migration(place.config, options, Clock(), RunEvents(), confirm=sign_in)

    assert report.tally.counts() == {"deleted": 5, "restored": 0, "spared": 1, "gone": 0, "failed": 0}
    assert len(place.targets()) == 1
