"""Two machines, two checkpoints, one project: the mark still prevents doubles (docs/reliability.md L5)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import oracle
import pytest
from children import Child, exit_code
from world import Place

if TYPE_CHECKING:
    from figures import Note


USERS = 12


@pytest.fixture
def two(place: Place, tmp_path_factory: pytest.TempPathFactory) -> tuple[Place, Place]:
    """Two machines, each with a checkpoint of its own, one project."""
    second = Place(tmp_path_factory.mktemp("second"), place.sandbox, "sqlite:///migrator.db")
    place.sandbox.control.reset(users=40, strangers=3, difficult=0)
    for machine in (place, second):
        machine.configure(descope={"batch_size": 5})
    return place, second


def test_l5_a_second_checkpoint_finds_everybody_by_the_mark(two: tuple[Place, Place]) -> None:
    """One machine after the other: the second one creates nobody and changes nothing."""
    start = oracle.before(two[0])
    assert exit_code(two[0].migrate) == 0
    writes = oracle.check(two[0], start).writes

    assert exit_code(two[1].migrate) == 0

    verdict = oracle.check(two[1], start)
    assert verdict.states == {"unchanged": 37, "conflict": 3}
    assert verdict.writes == writes


def test_l5_a_lost_checkpoint_and_a_changed_address(two: tuple[Place, Place]) -> None:
    """The mark recognises somebody whose address changed after the first checkpoint was lost: moved, not doubled."""
    two[0].migrate()
    somebody = two[0].sources()[0]
    two[0].sandbox.control.patch_docebo_user(somebody["user_id"], email="moved@example.org")
    start = oracle.before(two[0])

    two[1].migrate()

    verdict = oracle.check(two[1], start)
    assert verdict.creates == 0
    assert verdict.rows[somebody["user_id"]]["state"] == "updated"
    assert verdict.targets[somebody["user_id"]]["loginIds"] == ["moved@example.org"]


def test_l5_two_machines_at_once(two: tuple[Place, Place], note: Note) -> None:
    """Both at the same time, ten times: nobody is doubled, and both know everybody in the end."""
    for _ in range(5):
        two[0].sandbox.control.reset(users=40, strangers=3, difficult=0)
        for machine in two:
            for path in machine.folder.glob("migrator.db*"):
                path.unlink()
        start = oracle.before(two[0])
        children = [Child(machine.migrate) for machine in two]
        assert [child.wait() for child in children] == [0, 0]
        for machine in two:
            verdict = oracle.check(machine, start)
            assert verdict.creates == 37
            assert verdict.states["conflict"] == 3
    note("L5", "concurrent runs with two checkpoints", 5)
