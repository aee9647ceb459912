"""Another shell that pauses a run, and what the servers saw meanwhile."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from deadline import until

if TYPE_CHECKING:
    from world import Place

PROMISED = 2.0  # seconds after which a pause holds, and a run that was resumed sends again
HELD = 2.0  # seconds for which nothing may be seen then


@dataclass(frozen=True)
class PauseSeen:
    """When `pause` had returned, when `resume` was about to be called, and when it had returned; epoch seconds."""

    begun: float
    ended: float
    back: float

    def is_silent(self, place: Place) -> bool:
        """Whether neither server was called while the pause held."""
        return [name for name, at in arrivals(place) if self.begun + PROMISED < at < self.ended] == []

    def goes_on(self, place: Place, patience: float = PROMISED) -> bool:
        """Whether a server was called soon after it."""
        return any(self.ended < at < self.back + patience for _, at in arrivals(place))


def arrivals(place: Place) -> list[tuple[str, float]]:
    """The paths called so far, and when each call arrived."""
    return [(entry["path"], entry["at"]) for entry in place.sandbox.control.journal()]


def let_pass(seconds: float) -> None:
    """Let real time pass: what must not happen has had that long to happen."""
    end = time.monotonic() + seconds
    until(lambda: time.monotonic() > end)


def pause(place: Place) -> float:
    """Pause the run from another shell; when that had returned."""
    said = place.forked("pause")
    assert said.code == 0, said.err
    return time.time()


def resume(place: Place, begun: float, held: float = PROMISED + HELD) -> PauseSeen:
    """Hold the pause for so many seconds, and end it."""
    let_pass(max(0.0, begun + held - time.time()))
    ended = time.time()
    said = place.forked("resume")
    assert said.code == 0, said.err
    return PauseSeen(begun, ended, time.time())


def status(place: Place) -> dict[str, Any]:
    """What `status --json` tells."""
    return place.forked("status", "--json").document
