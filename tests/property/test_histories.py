"""Weeks of both worlds, by chance: after each command a judge that shares no code with the program must be content."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import hypothesis
import pytest
from history_life import hurry, shelf_of
from history_machine import History
from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import run_state_machine_as_test

if TYPE_CHECKING:
    from history_commands import Shelf
    from world import Place

ALL, HISTORIES = 208, 25  # the soak's seeds, and how many histories of each: 5,200
SHORT = {"sqlite": 0, "postgres": 207}  # seeds of short histories, one for each database
FEW = 8  # of each of these every day
REPLAY = "replay: HISTORY_SHRINK=1 .venv/bin/python -m pytest -m '' tests/property/test_histories.py -k '[{}]'"
seeds = [pytest.param(seed, FEW, id=f"{seed}-short") for seed in SHORT.values()]
seeds += [pytest.param(seed, HISTORIES, id=str(seed), marks=pytest.mark.soak) for seed in range(ALL)]


@pytest.fixture
def shelf(place: Place, seed: int, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Shelf:
    """Two checkpoints, on PostgreSQL with every eighth seed."""
    hurry(monkeypatch)
    if seed % 8 == 7:
        server = request.getfixturevalue("postgres")
        return shelf_of(place, (server.new_database(), server.new_database()))
    return shelf_of(place)


@pytest.mark.timeout(1800)
@pytest.mark.parametrize(("seed", "histories"), seeds)
def test_histories(shelf: Shelf, seed: int, histories: int, request: pytest.FixtureRequest) -> None:
    """Whatever happens in both worlds: nobody lost, doubled or merged, no stranger changed, and exit 0 means right."""
    print(REPLAY.format(request.node.callspec.id))
    machine = type("Histories", (History,), {"shelf": shelf})
    run_state_machine_as_test(
        hypothesis.seed(seed)(machine),
        settings=settings(
            max_examples=histories,
            stateful_step_count=6 + seed % 9,
            deadline=None,
            database=None,
            print_blob=False,
            phases=[Phase.generate, *([Phase.shrink] if os.environ.get("HISTORY_SHRINK") else [])],
            suppress_health_check=list(HealthCheck),
        ),
    )
