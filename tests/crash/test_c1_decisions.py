"""SIGKILL at every effect of a run with decisions: all of them are in force or none, and the next run finishes."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

import oracle
import pytest
from crash_trials import database, die_at, forget, one_of_each, reports_are_whole
from decided import NEW_ADDRESS, all_decided, ids, problems, trouble

from migrator.checkpoint.db.checkpoint import Checkpoint
from migrator.checkpoint.users.choices import load_choices
from migrator.core.clock import Clock

if TYPE_CHECKING:
    from pathlib import Path

    from figures import Note
    from oracle import Before
    from world import Place


def fresh(place: Place) -> tuple[Before, Path]:
    """A planned world, and the filled-in file; the judge does not look at the two whom a person decides otherwise."""
    forget(place)
    trouble(place)
    place.sandbox.control.set_switches(descope={"existing_login": "overwrite"})
    place.migrate(command="plan", dry_run=True)
    _, _, three, four, *_ = ids(place)
    linked = problems(place)[four]["descope_user_id"]
    start = oracle.before(place)
    users = {user_id: user for user_id, user in start.users.items() if user_id not in (three, four)}
    strangers = {user_id: user for user_id, user in start.strangers.items() if user_id != linked}
    return replace(start, users=users, strangers=strangers), all_decided(place)


def in_force(place: Place) -> int:
    """How many decisions the checkpoint holds."""
    url = place.config.checkpoint.sqlalchemy_url
    checkpoint = Checkpoint(url, place.config.checkpoint.key, Clock(), upgrade=False)
    try:
        return len(load_choices(checkpoint))
    finally:
        checkpoint.db.close()


@pytest.mark.timeout(900)
def test_c1_decisions_are_all_in_force_or_none_after_a_kill_at_every_effect(any_place: Place, note: Note) -> None:
    """Where they were stored, a plain run does the rest; where not, the same command does, and nobody is doubled."""
    place = any_place
    _, path = fresh(place)
    points = die_at(0, partial(place.migrate, decisions=path)).points
    chosen = one_of_each(points, place)
    counted = set()
    for number in chosen:
        start, path = fresh(place)
        label = points[number - 1]
        die_at(points[:number].count(label), partial(place.migrate, decisions=path), label=label)
        reports_are_whole(place)
        counted.add(stored := in_force(place))

        figures = place.migrate(decisions=None if stored else path)

        assert figures.error is None
        rows = oracle.read_rows(place.checkpoint, place)
        one, two, three, four, five, *_ = ids(place)
        assert [rows[user_id]["state"] for user_id in (two, five)] == ["skipped", "skipped"]
        assert {rows[user_id]["state"] for user_id in (one, three)} <= {"created", "unchanged"}
        assert rows[four]["state"] in ("updated", "unchanged")
        there = {user["userId"]: user for user in place.targets()}
        assert there[rows[three]["target_id"]]["loginIds"] == [NEW_ADDRESS]
        assert there[rows[four]["target_id"]]["name"] == "A Stranger"
        oracle.check(place, start)
    assert counted == {0, 5}
    note("C1", f"points of a run with decisions, {database(place)}", len(chosen))
