"""Keeps calls below the documented limits, and all workers quiet together after a 429."""

from __future__ import annotations

import threading
from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING

from migrator.core.activity import percent_text, spoken

if TYPE_CHECKING:
    from collections.abc import Mapping

    from migrator.core.clock import Clock

USED_SHARE = 0.95  # of the documented limit, as others may use the same account
_SLACK = 1.01  # windows are a little longer here, as calls take time to arrive
_SHRINK = 0.7
_REGROW = 0.05
_ROUNDING = 1e-9  # 0.95 * 0.9 * 1000 must not become 854
_SHORTEST_WAIT = 0.001  # rounding must not make a wait that never advances
_NOUNS = {"create": "create calls", "search": "searches"}


@dataclass(frozen=True, slots=True)
class Limit:
    """At most `calls` calls in any `window` seconds, of which the share `leave` (0 to 0.9) stays free for others."""

    calls: int
    window: float
    leave: float = 0.0

    @property
    def share(self) -> float:
        """The share of what the server allows that the program uses."""
        return USED_SHARE * (1 - self.leave)

    @property
    def allowed(self) -> int:
        """How many calls the program starts in any window; at least 1."""
        return max(1, int(self.share * self.calls + _ROUNDING))

    def words(self, bucket: str) -> str:
        """`200 searches a minute`."""
        per = {60.0: "a minute", 3600.0: "an hour"}.get(self.window, f"in {self.window:g} s")
        return f"{self.calls:,} {_NOUNS.get(bucket, 'calls')} {per}"


def least_seconds(calls: int, limit: Limit) -> float:
    """How long a pacer makes this many calls last at least: a window's worth at once, the next when it is over."""
    return max(0, calls - 1) // limit.allowed * limit.window * _SLACK


class _Bucket:
    """The sliding-window log of one limit; the pacer's lock guards it."""

    def __init__(self, limit: Limit, now: float) -> None:
        self._full = limit.allowed
        self._window = limit.window * _SLACK
        self._allowance = float(self._full)
        self._starts: deque[float] = deque(maxlen=self._full)
        self._grown = now
        self._shrunk_until = now

    def wait(self, now: float) -> float:
        """Seconds until the next call may start; 0 or less means now."""
        allowed = max(1, int(self._allowance))
        if len(self._starts) < allowed:
            return 0.0
        return self._starts[-allowed] + self._window - now

    def start(self, now: float) -> None:
        self._starts.append(now)

    def shrink(self, now: float, until: float) -> None:
        """Lower the allowance, once per window and pause.

        Workers in flight together are told together, and a server that stays closed until its window has
        passed says nothing new each time it is asked.
        """
        if now >= self._shrunk_until:
            self._allowance = max(1.0, self._allowance * _SHRINK)
            self._shrunk_until = now + self._window
        self._shrunk_until = max(until, self._shrunk_until)
        self._grown = max(until, self._grown)

    def regrow(self, now: float) -> None:
        quiet = int((now - self._grown) / self._window)
        if quiet > 0:
            self._allowance = min(self._full, self._allowance + quiet * _REGROW * self._full)
            self._grown += quiet * self._window


class Pacer:
    """Paces the calls to one API. Thread-safe; never waits while holding its lock.

    A short run may burst: a window's whole allowance may be used at once. The limits bound the memory.

    Args:
        clock: waits, and ends waits when a stop is requested.
        limits: bucket name to limit; a bucket without one is only held up by the pause after a 429.
        api: the API's name, for the reason of a wait.
    """

    def __init__(self, clock: Clock, limits: Mapping[str, Limit], api: str = "The server") -> None:
        now = clock.monotonic()
        self._clock = clock
        self._api = api
        self._limits = limits
        self._lock = threading.Lock()
        self._buckets = {name: _Bucket(limit, now) for name, limit in limits.items()}
        self._paused_until = now
        self._asked = 0.0  # seconds of the present pause

    def acquire(self, bucket: str) -> None:
        """Wait until a call in `bucket` may start, and count it.

        Raises:
            Interrupted: a stop was requested while waiting.
        """
        while (held := self._try_start(bucket)) is not None:
            seconds, why, how_long = held
            self._clock.wait_saying(max(seconds, _SHORTEST_WAIT), why, how_long)

    def _try_start(self, name: str) -> tuple[float, str, str] | None:
        """Start a call, or say how long it must wait, why, and how to tell how long."""
        with self._lock:
            now = self._clock.monotonic()
            bucket = self._buckets.get(name)
            paced = bucket.wait(now) if bucket else 0.0
            paused = self._paused_until - now
            if max(paced, paused) <= 0:
                if bucket:
                    bucket.start(now)
                return None
            if paused >= paced:
                return paused, f"{self._api} asked for a pause", f" of {spoken(self._asked)}"
            limit = self._limits[name]
            part = f"{percent_text(1 - limit.leave)} of " if limit.leave else ""
            return paced, f"Staying below {part}{self._api}'s limit of {limit.words(name)}", ": {}"

    def throttled(self, bucket: str, wait: float) -> None:
        """Say that `bucket` got a 429: all buckets pause for `wait` seconds, this one slows down."""
        with self._lock:
            now = self._clock.monotonic()
            if now + wait > self._paused_until:
                self._paused_until, self._asked = now + wait, wait
            if name := self._buckets.get(bucket):
                name.shrink(now, now + wait)

    def answered(self, bucket: str) -> None:
        """Say that `bucket` got an answer other than 429: quiet windows give a lowered allowance back."""
        with self._lock:
            if name := self._buckets.get(bucket):
                name.regrow(self._clock.monotonic())
