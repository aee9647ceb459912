"""Weeks of both worlds, by chance: after each command a judge that shares no code with the program must be content."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

import hypothesis
import pytest
import structlog
from history_commands import Shelf
from history_machine import History
from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import run_state_machine_as_test
from sqlalchemy import create_engine, event
from sqlalchemy.pool import QueuePool

from migrator.checkpoint import database
from migrator.checkpoint.database import Database

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy import URL, Engine
    from world import Place

HISTORIES = 25  # of each seed
DAILY, ALL = 8, 200  # seeds: 200 histories, 5,000 histories
REPLAY = "replay: .venv/bin/python -m pytest -m '' tests/property/test_histories.py -k '[{}]'"
seeds = [pytest.param(seed, marks=[pytest.mark.soak] if seed >= DAILY else []) for seed in range(ALL)]
_engines: dict[URL, Engine] = {}
_made = Database._engine


def _pooled(made_for: Database, url: URL) -> Engine:
    """The checkpoint's engine, with the SQL it has compiled, and connections that live as long as the run."""
    if url not in _engines:
        if made_for.is_sqlite:
            arguments = {"timeout": database.BUSY_SECONDS, "check_same_thread": False}
            engine = create_engine(url, hide_parameters=True, poolclass=QueuePool, connect_args=arguments)
            event.listen(engine, "connect", database._set_up_sqlite)
            event.listen(engine, "begin", database._begin_sqlite)
        else:
            engine = _made(made_for, url)
        _engines[url] = engine
    return _engines[url]


@pytest.fixture
def _silence() -> Iterator[None]:
    """No log: a history is some ten runs."""
    before = structlog.get_config()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    yield
    structlog.configure(**before)


@pytest.fixture
def shelf(place: Place, _silence: None, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Shelf:
    """Two checkpoints, on PostgreSQL with every eighth seed."""
    monkeypatch.setattr(Database, "_engine", _pooled)
    place.configure(run={"concurrency": 1}, docebo={"page_size": 4}, descope={"batch_size": 3})
    seed = request.node.callspec.params.get("seed", 0) if hasattr(request.node, "callspec") else 0
    if seed % 8 == 7:
        server = request.getfixturevalue("postgres")
        return Shelf(place, (server.new_database(), server.new_database()))
    return Shelf(place, ("sqlite:///one.db", "sqlite:///two.db"))


@pytest.mark.timeout(1800)
@pytest.mark.parametrize("seed", seeds)
def test_histories(place: Place, shelf: Shelf, seed: int) -> None:
    """Whatever happens in both worlds: nobody lost, doubled or merged, no stranger changed, and exit 0 means right."""
    print(REPLAY.format(seed))
    machine = type("Histories", (History,), {"place": place, "shelf": shelf})
    run_state_machine_as_test(
        hypothesis.seed(seed)(machine),
        settings=settings(
            max_examples=HISTORIES,
            stateful_step_count=6 + seed % 9,
            deadline=None,
            database=None,
            print_blob=False,
            phases=[Phase.generate, Phase.shrink],
            suppress_health_check=list(HealthCheck),
        ),
    )
