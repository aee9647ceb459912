"""Clocks for whole runs: waits that cost nothing, and waits that cost a fraction of what they say."""

from __future__ import annotations

import math
import threading
import time
from typing import TYPE_CHECKING

from migrator.core.clock import Clock

if TYPE_CHECKING:
    from collections.abc import Callable


class VirtualClock(Clock):
    """Real time plus every wait asked for: a wait returns at once, and time has passed for everybody.

    Attributes:
        waits: the waits asked for, in seconds.
        jump: seconds the wall clock is wrong by; nothing but what is stored or shown may depend on it.
    """

    def __init__(self) -> None:
        super().__init__()
        self.waits: list[float] = []
        self.jump = 0.0
        self._skipped = 0.0
        self._guard = threading.Lock()
        self._mine = threading.local()

    def monotonic(self) -> float:
        """Seconds that never jump."""
        self._mine.skipped = skipped = self._skipped
        return time.monotonic() + skipped

    def time(self) -> float:
        """What the wall clock shows."""
        return time.time() + self._skipped + self.jump

    def wait_saying(self, seconds: float, why: str, how_long: str = ": {}", at_most: float = math.inf) -> None:
        """Wait, and report why; what others have skipped since this thread looked at the time is part of its wait."""
        skipped = self._skipped - getattr(self._mine, "skipped", self._skipped)
        super().wait_saying(max(0.0, seconds - skipped), why, how_long, at_most)

    def wait(self, seconds: float) -> None:
        """Let the time pass at once; workers that wait at the same time wait together."""
        until = self.monotonic() + max(0.0, seconds)
        self.check()
        with self._guard:
            self.waits.append(seconds)
            self._skipped = max(self._skipped, until - time.monotonic())


class FastClock(Clock):
    """Monotonic time that runs `factor` times as fast, for servers whose own clock is real; so is the wall clock."""

    def __init__(self, factor: float) -> None:
        super().__init__()
        self._factor = factor

    def monotonic(self) -> float:
        """Seconds that never jump."""
        return time.monotonic() * self._factor

    def wait(self, seconds: float) -> None:
        """Wait a fraction of it."""
        super().wait(seconds / self._factor)


class At(Clock):
    """Does something right before the n-th request."""

    def __init__(self, number: int, what: Callable[[], object]) -> None:
        super().__init__()
        self._left = number
        self._what = what

    def check(self) -> None:
        self._left -= 1
        if self._left == 0:
            self._what()
        super().check()
