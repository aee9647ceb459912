"""What the program is doing now: which waits are in progress, why and until when, and which requests are in flight."""

from __future__ import annotations

import threading
import time
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

import structlog

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_log = structlog.get_logger(component=__name__)

WORTH_TELLING = 2.0  # a wait of at least this many seconds needs a reason


@dataclass(frozen=True, slots=True)
class Wait:
    """A wait of `seconds` that ends at `until` (monotonic seconds).

    `why` names the cause of the wait; `how_long` follows it, with the duration for `{}`.
    """

    why: str
    how_long: str
    seconds: float
    until: float

    @property
    def text(self) -> str:
        """`Docebo does not answer: next try in 8 s`, `Descope asked for a pause of 20 s`."""
        return self.why + self.how_long.format(spoken(self.seconds))

    def now(self, moment: float) -> str:
        """The same with the time left at a moment (monotonic seconds)."""
        left = spoken(max(0.0, self.until - moment))
        rest = "" if "{}" in self.how_long else f"; {left} to go"
        return self.why + self.how_long.format(left) + rest


def spoken(seconds: float) -> str:
    """A duration in words, rounded up: `54 s`, `3 min`, `1 h 5 min`."""
    whole = -int(-seconds // 1)
    if whole <= 120:  # noqa: PLR2004 -- two minutes are still counted in seconds
        return f"{whole} s"
    hours, minutes = divmod(-(-whole // 60), 60)
    return f"{hours} h {minutes} min" if hours else f"{minutes} min"


def moment_text(at: float, now: float) -> str:
    """An epoch second as this machine's clock shows it: `21:04`, or with its date where that is not today's."""
    day, today = time.localtime(at), time.localtime(now)
    return time.strftime("%H:%M" if day[:3] == today[:3] else "%Y-%m-%d %H:%M", day)


def pause_text(since: float, now: float) -> str:
    """Why nothing is sent, and the command that ends it; both times in epoch seconds."""
    return f"Paused since {moment_text(since, now)}. `migrator resume` goes on."


def percent_text(share: float) -> str:
    """A share in words: `30 %`, `12.5 %`."""
    return f"{100 * share:g} %"


class Activity:
    """Kept by the clock, because every wait goes through it. Thread-safe.

    Attributes:
        listener: called at the start of each wait of at least `WORTH_TELLING`, in the thread that waits; workers that
            wait for the same thing together report it once.
        requests: how many requests are in flight.
        waited: the seconds of all waits that are over, of all workers together.
    """

    def __init__(self) -> None:
        self.listener: Callable[[Wait], None] = lambda _wait: None
        self.requests = 0
        self.waited = 0.0
        self._lock = threading.Lock()
        self._waits: dict[int, Wait] = {}
        self._told: dict[str, float] = {}

    @property
    def wait(self) -> Wait | None:
        """The wait worth reporting that ends last; None if there is none."""
        # Without the lock: the screen calls this, and the lock's holder may be handling Ctrl-C, which prints there.
        long = [wait for wait in list(self._waits.values()) if wait.seconds > WORTH_TELLING]
        return max(long, key=lambda wait: wait.until, default=None)

    @contextmanager
    def waiting(self, wait: Wait, now: Callable[[], float] = time.monotonic) -> Iterator[None]:
        """Hold while this thread waits; `now` gives monotonic seconds."""
        began = now()
        me = threading.get_ident()
        with self._lock:
            self._waits[me] = wait
            new = wait.seconds > WORTH_TELLING and wait.until > self._told.get(wait.why, 0.0) + WORTH_TELLING
            if new:
                self._told[wait.why] = wait.until
        try:
            if new:
                _log.info("waiting", why=wait.why, seconds=round(wait.seconds, 1))
                self.listener(wait)
            yield
        finally:
            with self._lock:
                del self._waits[me]
                self.waited += now() - began

    @contextmanager
    def requesting(self) -> Iterator[None]:
        """Hold while a request is in flight."""
        self._count(1)
        try:
            yield
        finally:
            self._count(-1)

    def _count(self, more: int) -> None:
        with self._lock:
            self.requests += more
