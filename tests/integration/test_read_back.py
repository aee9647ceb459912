"""A server slow to show what it has, and wall clocks that jump (docs/reliability.md N15 and N17)."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

import oracle
import pytest
from runs import CREATE, calls, go, small
from virtual_clock import FastClock, VirtualClock

if TYPE_CHECKING:
    from world import Place

FACTOR = 60.0  # a minute passes in a second


@pytest.mark.parametrize("existing_login", ["reject", "overwrite"])
@pytest.mark.parametrize("lag", [0, 20, 60])
@pytest.mark.parametrize("also_get", [False, True], ids=["search", "search_and_get"])
def test_n15_a_read_back_that_lags_up_to_60_s_doubles_nobody(
    place: Place, lag: float, also_get: bool, existing_login: str
) -> None:
    """Creates whose answers are lost, on a server that shows users late: nobody is sent a second time."""
    start = small(place, 12)
    place.configure(descope={"settle_seconds": 60})
    seconds = lag / FACTOR
    place.sandbox.control.set_switches(
        descope={"search_lag": seconds, "get_lag": seconds if also_get else 0, "existing_login": existing_login}
    )
    place.sandbox.control.set_faults({"kind": "reset", "path": CREATE, "every": 1, "when": "after"})

    run = go(place, FastClock(FACTOR))

    assert (run.code, run.counts) == (0, {"found": 12, "created": 12}), run.error
    assert oracle.check(place, start).creates == 12
    assert len(calls(place, CREATE)) == 3


class JumpingClock(VirtualClock):
    """The wall clock is set an hour forth or back at every look."""

    def __init__(self) -> None:
        super().__init__()
        self._jumps = itertools.cycle((0.0, 3600.0, -3600.0, 0.0, -3600.0))

    def time(self) -> float:
        """Another hour each time."""
        self.jump = next(self._jumps)
        return super().time()


def test_n17_a_wall_clock_that_jumps_changes_nothing(place: Place) -> None:
    """With the clock set back and forth by an hour all the time, under 429s and lost answers, all goes as ever."""
    start = small(place, 20)
    place.configure(descope={"settle_seconds": 60})
    limited = {"code": 429, "headers": {"Retry-After": "20"}}
    place.sandbox.control.set_faults(
        {"kind": "status", "every": 5, "times": 4, "params": limited},
        {"kind": "reset", "path": CREATE, "nth": 2, "when": "after"},
        {"kind": "reset", "path": CREATE, "nth": 3, "when": "before"},
    )
    clock = JumpingClock()

    run = go(place, clock)

    assert (run.code, run.counts) == (0, {"found": 20, "created": 20}), run.error
    oracle.check(place, start)
    assert max(clock.waits) <= 61
