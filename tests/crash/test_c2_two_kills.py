"""The run dies, its successor dies too, and the third finishes (docs/reliability.md C2)."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

import pytest
from crash_trials import database, die_at, first_run, mend

if TYPE_CHECKING:
    from figures import Note
    from world import Place


def kill_twice(place: Place, seed: int, length: int) -> None:
    """Die at a random point of so many, then at a random point of the resume."""
    dice = random.Random(seed)
    start = first_run(place)
    at = dice.randint(1, length)
    assert die_at(at, place.migrate).killed
    again = dice.randint(1, length - at // 2)
    die_at(again, place.migrate)
    try:
        mend(place, start)
    except AssertionError as error:
        error.add_note(f"seed {seed}: died at {at}, then at {again}")
        raise


@pytest.mark.parametrize("seeds", [range(3)], ids=["3"])
def test_c2_two_kills_in_a_row_are_mended(any_place: Place, seeds: range, note: Note) -> None:
    """After two kills in a row, the third run brings everybody over, once."""
    for _ in range(2):  # the first one makes the tables of a new PostgreSQL, which stay
        first_run(any_place)
        length = len(die_at(0, any_place.migrate).points)
    for seed in seeds:
        kill_twice(any_place, seed, length)
    note("C2", f"pairs, {database(any_place)}", len(seeds))


@pytest.mark.soak
@pytest.mark.timeout(3000)
@pytest.mark.parametrize("part", range(10))
def test_c2_many_pairs_of_kills_are_mended(any_place: Place, part: int, note: Note) -> None:
    """The same for 3,000 pairs over both databases."""
    seeds = range(1000 + part * 150, 1000 + (part + 1) * 150)
    test_c2_two_kills_in_a_row_are_mended(any_place, seeds, note)
