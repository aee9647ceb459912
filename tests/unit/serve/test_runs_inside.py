"""Runs inside the server go on, whatever one of them meets; what ends them for good is told."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import pytest

from migrator.checkpoint.users.counts import UserCounts
from migrator.core.errors import LeaseLost, MigratorError, StopRun
from migrator.core.model import RunOutcome
from migrator.report.summary import RunFigures
from migrator.serve.runs import RunsInside

if TYPE_CHECKING:
    from collections.abc import Callable

    from migrator.core.clock import Clock


def fine(_clock: Clock) -> RunFigures:
    return RunFigures("a", "b", RunOutcome.COMPLETE, UserCounts({}, {}))


def stopped(_clock: Clock) -> RunFigures:
    raise StopRun("Docebo is down.")


def bug(_clock: Clock) -> RunFigures:
    raise ZeroDivisionError


def paused(clock: Clock) -> RunFigures:
    clock.pause(0)
    return fine(clock)


def nobody(_ended: RunFigures | MigratorError) -> None:
    raise BrokenPipeError


def runs_of(*works: Callable[[Clock], RunFigures], told: Callable[[RunFigures | MigratorError], None]) -> list[Clock]:
    """The clocks of runs that do this one after the other; the last one stops them."""
    clocks: list[Clock] = []
    over = threading.Event()

    def run(clock: Clock) -> RunFigures:
        clocks.append(clock)
        if len(clocks) > len(works):
            over.set()
            clock.wait(60)
        return works[len(clocks) - 1](clock)

    runs = RunsInside(run, 0.0, told)
    runs.start()
    assert over.wait(10)
    runs.stop()
    assert runs.lost is None
    return clocks


@pytest.mark.parametrize("work", [fine, stopped, bug])
def test_whatever_a_run_meets_the_next_one_begins(work: Callable[[Clock], RunFigures]) -> None:
    """Also where nobody can be told any more, because the terminal is gone."""
    assert len(runs_of(work, fine, told=nobody)) == 3


def test_a_pause_ends_with_its_run() -> None:
    """The next run has a clock of its own, which nobody has paused."""
    assert runs_of(paused, fine, told=lambda _: None)[-1].paused_since is None


def test_a_lost_lease_ends_the_runs_and_is_told() -> None:
    """The server asks for it, and ends with it."""

    def lost(_clock: Clock) -> RunFigures:
        raise LeaseLost("another run")

    runs = RunsInside(lost, 0.0, nobody)
    runs.start()
    runs._thread.join(10)
    assert isinstance(runs.lost, LeaseLost)
