"""Time, pausing and stopping in one object: every wait can be cut short, and tests can provide their own time."""

from __future__ import annotations

import math
import signal
import threading
import time
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from migrator.core.activity import Activity, Wait
from migrator.core.errors import Interrupted

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_LOOK_AGAIN = 0.2  # seconds after which whoever is paused looks whether the run goes on


def utc_text(at: float) -> str:
    """Epoch seconds in ISO 8601, UTC, to the second: `2026-01-01T00:00:00Z`."""
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


class Clock:
    """Real time. Waits end with `Interrupted` as soon as a stop is requested.

    Attributes:
        activity: the waits in progress.
        paused_since: the epoch second since which no request may begin; None unless the run is paused.
        pauses: how many pauses have begun.
    """

    def __init__(self) -> None:
        self.activity = Activity()
        self.paused_since: float | None = None
        self.pauses = 0
        self._stop = threading.Event()
        self._asked = False
        self._signal = signal.SIGINT
        self._guards: list[Callable[[], None]] = []

    def monotonic(self) -> float:
        """Seconds that never jump; every wait and deadline is measured in them (docs/reliability.md N17)."""
        return time.monotonic()

    def exchange_time(self) -> float:
        """Seconds in which the time of an exchange is taken: real ones, even where waits are skipped."""
        return time.monotonic()

    def time(self) -> float:
        """Wall-clock time in epoch seconds, for what is stored or shown."""
        return time.time()

    def wait(self, seconds: float) -> None:
        """Wait; raise `Interrupted` if a stop was requested or is requested meanwhile."""
        if self._stop.wait(max(0.0, seconds)):
            self.check()

    def wait_for_notice(self, condition: threading.Condition, seconds: float) -> None:
        """Wait until the condition, which the caller holds, is notified, at most so long; a stop does not end it."""
        condition.wait(seconds)

    def wait_saying(self, seconds: float, why: str, how_long: str = ": {}", at_most: float = math.inf) -> None:
        """Wait, and report why.

        Args:
            why: the cause of the wait, as "Descope asked for a pause".
            how_long: the text after it, with the duration for `{}`, as " of {}".
            at_most: seconds after which the caller looks whether the wait has become shorter.
        """
        wait = Wait(why, how_long, seconds, self.monotonic() + seconds)
        with self.activity.waiting(wait, self.monotonic):
            self.wait(min(seconds, at_most))

    def pause(self, since: float) -> None:
        """Let no request begin until `resume`; those in flight end. `since` is epoch seconds."""
        # In this order, see `wait_while_paused`.
        self.paused_since = since
        self.pauses += 1

    def resume(self) -> None:
        """Let requests begin again."""
        self.paused_since = None

    def wait_while_paused(self) -> int:
        """Wait as long as the run is paused; returns how many pauses had begun.

        While `pauses` is still that number, no pause has begun since.

        Raises:
            Interrupted: a stop was requested.
        """
        while True:
            pauses = self.pauses
            if self.paused_since is None:
                return pauses
            self.check()
            self.wait(_LOOK_AGAIN)

    def request_stop(self, signum: signal.Signals = signal.SIGINT) -> None:
        """Ask the run to end at the next safe point. Can be called from a signal handler."""
        self._signal, self._asked = signum, True
        self._stop.set()

    @contextmanager
    def halted(self) -> Iterator[None]:
        """Hold while the threads of a run that failed are ended: their waits and checks raise `Interrupted`."""
        self._stop.set()
        try:
            yield
        finally:
            if not self._asked:
                self._stop.clear()

    def guard(self, check: Callable[[], None]) -> None:
        """Add a condition for continuing: `check` raises if the run must not act any more."""
        self._guards.append(check)

    def check(self) -> None:
        """Raise `Interrupted` if a stop was requested, or whatever a guard raises.

        Called right before every request, however long the wait before it was.
        """
        for guard in self._guards:
            guard()
        if self._stop.is_set():
            error = Interrupted("Stopped as asked.")
            error.exit_code = 128 + self._signal
            raise error
