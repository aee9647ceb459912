"""The installed command is killed at any time and run again (docs/reliability.md C3)."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

import oracle
import pytest
from crash_trials import database, new_world
from watching import Watched

if TYPE_CHECKING:
    from figures import Note
    from world import Place

POPULATION = {"users": 60, "strangers": 5, "difficult": 0.1}


@pytest.mark.parametrize("seeds", [range(2)], ids=["2"])
def test_c3_installed_command_killed_at_any_time_is_mended(any_place: Place, seeds: range, note: Note) -> None:
    """Killed when the servers have seen a random number of requests, the command run again brings everybody over."""
    place = any_place
    place.configure(run={"concurrency": 4})
    new_world(place, **POPULATION)
    place.migrate()
    length = len(place.sandbox.control.journal())
    for seed in seeds:
        start = new_world(place, **POPULATION, seed=seed)
        moment = random.Random(seed).randint(0, length - 1)
        with Watched(place) as running:
            running.until_requests(moment)
        # 3: it ended by itself, between the last request and the kill.
        assert running.process.returncode in (-9, 3), f"seed {seed}"
        again = place.forked("run", "--yes", "--json")
        assert again.code == 3, f"seed {seed}: {again.err}"
        oracle.check(place, start, again)
    note("C3", f"kills, {database(place)}", len(seeds))


@pytest.mark.soak
@pytest.mark.timeout(3000)
@pytest.mark.parametrize("part", range(10))
def test_c3_many_kills_are_mended(any_place: Place, part: int, note: Note) -> None:
    """The same 500 times, over both databases."""
    seeds = range(1000 + part * 25, 1000 + (part + 1) * 25)
    test_c3_installed_command_killed_at_any_time_is_mended(any_place, seeds, note)
