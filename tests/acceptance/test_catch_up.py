"""Between the migration and the cut-over: what changed meanwhile, and how long a freeze must last."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from lives import change, put, put_many
from virtual_clock import VirtualClock

if TYPE_CHECKING:
    from world import Place

SINCE = "Since the last run, Docebo shows "


@pytest.fixture
def weeks_later(any_place: Place) -> Place:
    """Thirty migrated users; then two came, one was renamed, one suspended, one only verified, and one was deleted."""
    ids = put_many(any_place, 30, email_validation_status="0")
    assert any_place.forked("run", "--yes").code == 0
    put(any_place, 40)
    put(any_place, 41)
    change(any_place, ids[0], fullname="Another Name")
    change(any_place, ids[1], status="0")
    change(any_place, ids[2], email_validation_status="1")
    any_place.sandbox.control.delete_docebo_user(ids[3])
    return any_place


CHANGES = {"new": 2, "changed": 3, "renamed": 1, "suspended": 1, "vanished": 1}


def test_a_plan_and_its_run_tell_the_same_changes(weeks_later: Place) -> None:
    """In JSON and in a sentence; the run tells what it found, although it has sent it by then."""
    planned = weeks_later.forked("plan", "--json").document["catch_up"]
    told = weeks_later.forked("plan").out

    ran = weeks_later.forked("run", "--yes", "--json").document["catch_up"]

    assert f"{SINCE}2 new, 3 changed (1 renamed, 1 suspended) and 1 gone." in told
    assert planned == ran == CHANGES


def test_an_unchanged_world_says_so_and_how_long_a_freeze_lasts(weeks_later: Place) -> None:
    """The range of a run that has nothing to send, as `estimate` counts; and nobody is left."""
    assert weeks_later.forked("run", "--yes").code == 0

    ended = weeks_later.forked("run", "--yes")
    document = weeks_later.forked("run", "--yes", "--json").document

    assert f"{SINCE}nothing new." in ended.out
    assert "leave the users in Docebo alone while one more run works: it takes less than a minute." in " ".join(
        ended.out.split()
    ).replace("up to 2 min", "less than a minute")
    assert document["catch_up"] == dict.fromkeys(CHANGES, 0)
    low, high = document["freeze_minutes"]
    assert 0 <= low <= high < 5
    assert document["counts"]["pending"] == 0


def test_a_first_run_has_nothing_to_catch_up_with(place: Place) -> None:
    put_many(place, 3)

    planned = place.forked("plan", "--json").document
    told = place.forked("plan").out
    ended = place.forked("run", "--yes", "--json").document

    assert "catch_up" not in planned
    assert "catch_up" not in ended
    assert SINCE not in told


def test_a_large_platform_is_frozen_for_as_long_as_reading_it_takes(place: Place) -> None:
    """A hundred calls an hour are allowed, and reading thirty users twice takes sixty: the next run has to wait."""
    place.configure(docebo={"page_size": 1, "calls_per_hour": 100})
    put_many(place, 30)

    figures = place.migrate(VirtualClock())

    assert figures.extra["freeze_minutes"][1] >= 1
