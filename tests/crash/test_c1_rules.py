"""SIGKILL at every effect of a run with rules: the next run finishes, and everybody has what the rules give."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

import oracle
import pytest
from crash_trials import database, die_at, new_world, one_of_each, reports_are_whole
from project_objects import defined, held
from undo_world import Project, check_undone

from migrator.core.clock import Clock
from migrator.core.grants import Grant
from migrator.flow.options import RunEvents, RunOptions
from migrator.flow.undo.undo import undo_migration

if TYPE_CHECKING:
    from figures import Note
    from oracle import Before
    from world import Place

RULES: list[dict[str, Any]] = [
    {"when": {"branch": "NORTH", "descendants": True}, "tenant": "north", "roles": ["Learner"]},
    {"when": {"group": "7"}, "tenant": "managers"},
]
# The effects that only rules have are all tried, of the others some, and under `soak` all.
NEW = ("orgchart", "group", "branch", "tenant", "role", "patch")
FEW = pytest.param(4)
EACH = pytest.param(1, marks=pytest.mark.soak)
NORTH = {Grant("north"), Grant("north", "Learner")}
MANAGERS = {Grant("managers")}


def fresh(place: Place) -> Before:
    """Nine people in a branch, in one below it, and in a group; what the rules give does not exist yet."""
    start = new_world(place, users=9, strangers=1, difficult=0)
    people = ids(place)
    place.sandbox.control.put_branch("11", "North", code="NORTH", members=people[:3])
    place.sandbox.control.put_branch("12", "Oslo", code="OSLO", parent="11", members=people[3:4])
    place.sandbox.control.put_group("7", "Managers", members=people[2:6])
    return start


def ids(place: Place) -> list[str]:
    """The Docebo ids, in order."""
    return sorted((str(user["user_id"]) for user in place.sources()), key=int)


def expected(place: Place) -> dict[str, set[Grant]]:
    """What the rules give everybody who arrived, by the branches and groups as they are now."""
    docebo = place.sandbox.control.state()["docebo"]
    north = {member for one in docebo["branches"] for member in one["members"]}
    managers = {member for one in docebo["groups"] for member in one["members"]}
    rows = oracle.read_rows(place.checkpoint, place)
    return {
        user_id: (NORTH if user_id in north else set()) | (MANAGERS if user_id in managers else set())
        for user_id, row in rows.items()
        if row["target_id"]
    }


def move(place: Place) -> None:
    """One leaves the group, one joins it, and one joins the branch."""
    people = ids(place)
    place.sandbox.control.put_group("7", "Managers", members=[*people[2:5], people[7]])
    place.sandbox.control.put_branch("12", "Oslo", code="OSLO", parent="11", members=[people[3], people[8]])


def points_to_try(points: list[str], place: Place, step: int) -> list[int]:
    """Numbers of points: each that only rules have, and each n-th of the others."""
    chosen = one_of_each(points, place)
    return [one for turn, one in enumerate(chosen) if not turn % step or any(new in points[one - 1] for new in NEW)]


@pytest.mark.timeout(900)
@pytest.mark.parametrize("step", [FEW, EACH])
def test_c1_rules_are_kept_after_a_kill_at_every_effect(any_place: Place, step: int, note: Note) -> None:
    """A tenant is made once, nobody is doubled; who moved since has what the rules give now, and an undo takes all."""
    place = any_place
    place.configure(
        mapping={"tenants": RULES}, policy={"update": {"tenants": "source_wins"}}, descope={"batch_size": 4}
    )
    first = partial(place.migrate, create_missing=True)
    fresh(place)
    points = die_at(0, first).points
    chosen = points_to_try(points, place, step)
    for number in chosen:
        start = fresh(place)
        label = points[number - 1]
        die_at(points[:number].count(label), first, label=label)
        reports_are_whole(place)

        assert first().error is None

        assert held(place) == expected(place)
        assert defined(place) == (["managers", "north"], ["Learner"])
        oracle.check(place, start)
    note("C1", f"points of a run with rules, {database(place)}", len(chosen))


@pytest.mark.timeout(900)
@pytest.mark.parametrize("step", [FEW, EACH])
def test_c1_moves_between_branches_are_kept_after_a_kill_at_every_effect(
    any_place: Place, step: int, note: Note
) -> None:
    """Whoever moved gets what the rules give now and loses what they gave; then an undo leaves nothing behind."""
    place = any_place
    place.configure(
        mapping={"tenants": RULES}, policy={"update": {"tenants": "source_wins"}}, descope={"batch_size": 4}
    )
    fresh(place)
    place.migrate(create_missing=True)
    move(place)
    points = die_at(0, place.migrate).points
    chosen = points_to_try(points, place, step)
    for number in chosen:
        start = fresh(place)
        before = Project.now(place)
        place.migrate(create_missing=True)
        move(place)
        label = points[number - 1]
        die_at(points[:number].count(label), place.migrate, label=label)

        assert place.migrate().error is None

        assert held(place) == expected(place)
        oracle.check(place, start)
        report = undo_migration(place.config, RunOptions(command="undo"), Clock(), RunEvents())
        assert report.error is None
        check_undone(place, before)
    note("C1", f"points of a run with moves, {database(place)}", len(chosen))
