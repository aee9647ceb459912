"""Keeps calls below the documented limits, and all workers quiet together after a 429.

Several workers share one pace, and so do several runs one after the other: what was used is remembered.
"""

from __future__ import annotations

import math
import threading
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Protocol

from migrator.core.activity import percent_text, spoken
from migrator.core.errors import MigratorError, NoTurn
from migrator.core.past_calls import PastCalls
from migrator.http.bucket import SLACK, BucketPace

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from migrator.core.clock import Clock

USED_SHARE = 0.95  # of the documented limit, as others may use the same account
_ROUNDING = 1e-9  # 0.95 * 0.9 * 1000 must not become 854
_LOOK_UP = 0.1  # seconds after which a worker that waits for another's answer looks whether the run stops
_RATE_LOOK = 1.0  # seconds after which a worker that a lower rate holds back looks whether the rate has risen
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
    return max(0, calls - 1) // limit.allowed * limit.window * SLACK


class PaceMemory(Protocol):
    """Remembers the calls to one API beyond this process; called from several threads, one at a time.

    May raise what the store raises, StopRun among them: the call then does not start.
    """

    def recall(self) -> Mapping[str, PastCalls]:
        """What is remembered of each bucket, by name."""
        ...

    def keep(self, bucket: str, past: PastCalls) -> None:
        """Remember this of the bucket, instead of what was remembered before."""
        ...


class Pacer:
    """Paces the calls to one API. Thread-safe; never waits while holding its lock.

    A short run may burst: a window's whole allowance may be used at once. The limits bound the memory.

    Args:
        clock: waits, and ends waits when a stop is requested.
        limits: bucket name to limit; a bucket without one is only held up by the pause after a 429.
        api: the API's name, for the reason of a wait.
        longest_turn: seconds that a call may wait for its turn.
    """

    def __init__(
        self, clock: Clock, limits: Mapping[str, Limit], api: str = "The server", longest_turn: float = math.inf
    ) -> None:
        self._clock = clock
        self._api = api
        self._limits = limits
        self._longest_turn = longest_turn
        self._turns = threading.Condition()
        self._buckets = {name: BucketPace(limit) for name, limit in limits.items()}
        self._paused_until = clock.monotonic()
        self._asked = 0.0  # seconds of the present pause
        self._memory: PaceMemory | None = None
        self._keeping = threading.Lock()  # so that no older state is remembered instead of a newer one

    def scale(self, rate: float) -> None:
        """Use this share (0.01 to 1) of every limit's allowance from now on; it is not remembered."""
        with self._turns:
            for bucket in self._buckets.values():
                bucket.rate = rate

    # --- memory --------------------------------------------------------------------------------

    @contextmanager
    def remembering(self, memory: PaceMemory) -> Iterator[None]:
        """Go on from what is remembered, and store calls before they start, a slice of the allowance at a time.

        A kill therefore costs a slice at most; at the end, calls that were reserved and not made are given back.
        Enter it before the first call.

        Raises:
            StopRun, ConfigError: the memory cannot be read; later, each call raises what storing it raises.
        """
        pasts = memory.recall()
        with self._turns:
            now, wall = self._clock.monotonic(), self._clock.time()
            for name, bucket in self._buckets.items():
                bucket.recall(pasts.get(name, PastCalls()), now, wall)
            for past in pasts.values():
                self._resume_pause(past, now, wall)
            self._memory = memory
        try:
            yield
        finally:
            self._memory = None
            # What cannot be given back counts as used until its window is over.
            with suppress(MigratorError):
                for name in [name for name, bucket in self._buckets.items() if bucket.has_reserved]:
                    memory.keep(name, self._past(name, 0))

    def _resume_pause(self, past: PastCalls, now: float, wall: float) -> None:
        left = past.pause - (wall - past.paused_at)
        if wall < past.paused_at:  # the clock was set back: nobody knows how much of the pause is over
            left = min(past.pause, max((limit.window for limit in self._limits.values()), default=0.0))
        if left > 0 and now + left > self._paused_until:
            self._paused_until, self._asked = now + left, past.pause

    def _past(self, name: str, reserved: int, until: float = 0.0) -> PastCalls:
        with self._turns:
            now, wall = self._clock.monotonic(), self._clock.time()
            bucket = self._buckets.get(name)
            past = bucket.past(now, wall, reserved, until or now) if bucket else PastCalls()
            pause = self._asked if self._paused_until > now else 0.0
            return replace(past, paused_at=self._paused_until - self._asked + wall - now, pause=pause)

    def _reserve(self, name: str, memory: PaceMemory) -> None:
        """Store that a slice of calls may start, and only then let them."""
        bucket = self._buckets[name]
        with self._keeping:
            with self._turns:
                now = self._clock.monotonic()
                if not bucket.needs_slice(now):
                    return  # another worker was faster
                calls, until = bucket.slice_for(now)
            memory.keep(name, self._past(name, calls, until))
            with self._turns:
                bucket.reserve(calls, until)

    # --- calls ---------------------------------------------------------------------------------

    @contextmanager
    def turn(self, bucket: str) -> Iterator[None]:
        """Wait until a call in `bucket` may start, count it, and hold its place among those in flight.

        Of the calls of one bucket, only as many are in flight as its limit needs, lest all are refused together. Say
        `throttled` or `answered` inside.

        Raises:
            NoTurn: it would wait for too long.
            Interrupted: a stop was requested while waiting.
        """
        self._begin(bucket, in_flight=True)
        began = self._clock.exchange_time()
        try:
            yield
        finally:
            with self._turns:
                if name := self._buckets.get(bucket):
                    name.end(self._clock.exchange_time() - began)
                self._turns.notify_all()

    def acquire(self, bucket: str) -> None:
        """Wait until a call in `bucket` may start, and count it; it waits for no place among those in flight.

        Raises:
            NoTurn, Interrupted: see `turn`.
        """
        self._begin(bucket, in_flight=False)

    def wait_left(self, bucket: str) -> float:
        """Seconds until a call in `bucket` may start; 0 if it may start now."""
        with self._turns:
            held = self._held(bucket, self._clock.monotonic())
            return held[0] if held else 0.0

    def _begin(self, name: str, *, in_flight: bool) -> None:
        while True:
            with self._turns:
                now = self._clock.monotonic()
                bucket = self._buckets.get(name)
                held = self._held(name, now)
                crowded = held is None and in_flight and bucket is not None and bucket.is_crowded(now)
                memory = self._memory if held is None and not crowded and bucket and bucket.needs_slice(now) else None
                if crowded:
                    self._clock.wait_for_notice(self._turns, _LOOK_UP)
                elif held is None and memory is None:
                    if bucket:
                        bucket.start(now, in_flight=in_flight)
                    return
            if memory is not None:
                self._reserve(name, memory)
            elif held is not None:
                seconds, why, how_long = held
                if seconds > self._longest_turn:
                    raise NoTurn(self._api, seconds)
                at_most = _RATE_LOOK if bucket is not None and bucket.rate < 1 else math.inf
                self._clock.wait_saying(max(seconds, _SHORTEST_WAIT), why, how_long, at_most)
            else:
                self._clock.check()

    def _held(self, name: str, now: float) -> tuple[float, str, str] | None:
        """How long a call must wait, why, and how to tell how long; None if it may start."""
        bucket = self._buckets.get(name)
        paced = bucket.wait(now) if bucket else 0.0
        paused = self._paused_until - now
        if max(paced, paused) <= 0:
            return None
        if paused >= paced:
            return paused, f"{self._api} asked for a pause", f" of {spoken(self._asked)}"
        return paced, self._why(name, now), ": {}"

    def _why(self, name: str, now: float) -> str:
        limit, bucket = self._limits[name], self._buckets[name]
        used = bucket.rate * (1 - limit.leave)
        part = f"{percent_text(used)} of " if used < 1 else ""
        if (passed := bucket.passed_before(now)) is not None:
            words = replace(limit, calls=passed).words(name)
            return f"Staying below {part}the {words} after which {self._api} asked for a pause"
        if bucket.is_lowered(now):
            return f"Going more slowly, because {self._api} asked for a pause"
        return f"Staying below {part}{self._api}'s limit of {limit.words(name)}"

    def throttled(self, bucket: str, wait: float) -> None:
        """Say that `bucket` got a 429: all buckets pause for `wait` seconds, this one slows down.

        Raises:
            StopRun: it could not be stored.
        """
        with self._turns:
            now = self._clock.monotonic()
            if now + wait > self._paused_until:
                self._paused_until, self._asked = now + wait, wait
            name = self._buckets.get(bucket)
            if name:
                name.refuse(now, now + wait)
        if (memory := self._memory) is not None:
            with self._keeping:
                memory.keep(bucket, self._past(bucket, *(name.reserved if name else (0, 0.0))))

    def answered(self, bucket: str) -> None:
        """Say that `bucket` got an answer other than 429."""
        with self._turns:
            if name := self._buckets.get(bucket):
                name.passed(self._clock.monotonic())
