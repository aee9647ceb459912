"""Sending, night after night: users the server chokes on, refusals that are about nobody, closed windows."""

from __future__ import annotations

from typing import TYPE_CHECKING

import oracle
import pytest
from runs import LIST, TOKEN, go, small
from virtual_clock import VirtualClock

if TYPE_CHECKING:
    from collections.abc import Callable

    from world import Place


# --- a window that is closed -----------------------------------------------------------------------


class Until(VirtualClock):
    """Does something once, as soon as so many seconds have been waited."""

    def __init__(self, seconds: float, what: Callable[[], object]) -> None:
        super().__init__()
        self._seconds = seconds
        self._what: Callable[[], object] | None = what

    def wait(self, seconds: float) -> None:
        """Let the time pass at once."""
        super().wait(seconds)
        what = self._what
        if what is not None and sum(self.waits) >= self._seconds:
            self._what = None
            what()


@pytest.mark.parametrize("path", [LIST, TOKEN])
def test_d_an_hour_without_calls_at_docebo_is_waited_out(place: Place, path: str) -> None:
    """The hour's calls are used up and no answer says until when: the run waits the window out and goes on."""
    start = small(place)
    place.sandbox.control.set_faults({"kind": "status", "path": f"{path}$", "every": 1, "params": {"code": 429}})
    clock = Until(3600, place.sandbox.control.clear_faults)

    assert go(place, clock).code == 0

    oracle.check(place, start)
    assert 3600 <= sum(clock.waits) <= 3600 + 400
