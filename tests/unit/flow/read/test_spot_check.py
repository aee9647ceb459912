"""The spot check: users who arrived are asked for by chance, and an emptied project is not called complete."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from in_memory import Descope, run_context
from read_back import person
from two_migrations import put, states

from migrator.core.errors import StopRun
from migrator.core.model import State
from migrator.flow.read.spot_check import spot_check

if TYPE_CHECKING:
    from pathlib import Path

    from migrator.checkpoint.db.checkpoint import Checkpoint
    from migrator.descope.user import DescopeUser


def arrived(store: Checkpoint, number: int) -> list[DescopeUser]:
    for user_id in range(1, number + 1):
        put(store, str(user_id), state=State.CREATED, target_id=f"U{user_id}")
    return [person(str(user_id)) for user_id in range(1, number + 1)]


def missing(store: Checkpoint) -> set[str]:
    return {user_id for user_id, (_, reason) in states(store).items() if reason == "deleted_at_descope"}


@pytest.mark.parametrize(("number", "gone"), [(20, 2), (1, 1), (19, 1)])
def test_a_tenth_at_most_is_named_missing(store: Checkpoint, tmp_path: Path, number: int, gone: int) -> None:
    descope = Descope(*arrived(store, number)[gone:])

    spot_check(run_context(store, tmp_path, descope=descope))

    assert missing(store) == {str(user_id) for user_id in range(1, gone + 1)}
    assert len(descope.names("load")) == 1


@pytest.mark.parametrize(("number", "gone"), [(20, 3), (19, 2), (2, 2)])
def test_more_than_a_tenth_stops_the_run_and_nobody_is_named(
    store: Checkpoint, tmp_path: Path, number: int, gone: int
) -> None:
    descope = Descope(*arrived(store, number)[gone:])

    with pytest.raises(StopRun) as caught:
        spot_check(run_context(store, tmp_path, descope=descope))

    assert caught.value.message == (
        f"Of {number} migrated users, chosen at random, more than {gone - 1} are no longer in Descope."
    )
    assert caught.value.fix.startswith(
        "Check that descope.project_id is the right project, and find out who deleted them."
    )
    assert caught.value.fix.endswith("`migrator run --retry missing` sends them again.")
    assert not missing(store)


def test_whom_the_list_leaves_out_is_asked_for_alone_before_being_named(store: Checkpoint, tmp_path: Path) -> None:
    descope = Descope(*arrived(store, 2))
    descope.unlisted = {"U2"}

    spot_check(run_context(store, tmp_path, descope=descope))

    assert descope.names("by_id") == [("U2",)]
    assert not missing(store)


def test_before_anybody_arrived_nobody_is_asked_for(store: Checkpoint, tmp_path: Path) -> None:
    descope = Descope()

    spot_check(run_context(store, tmp_path, descope=descope))

    assert not descope.asked


def test_a_hundred_are_asked_for_and_no_more(store: Checkpoint, tmp_path: Path) -> None:
    descope = Descope(*arrived(store, 105))

    spot_check(run_context(store, tmp_path, descope=descope))

    assert [len(asked) - 1 for asked in descope.names("load")] == [100]
