"""One rate limit and what the program knows of it: calls started, calls refused, an allowance learned. Pure.

Times are monotonic seconds, except in `PastCalls`. Nothing here is thread-safe: the pacer's lock guards it.
"""

from __future__ import annotations

from collections import deque
from dataclasses import replace
from itertools import groupby
from math import ceil
from typing import TYPE_CHECKING

from migrator.core.past_calls import LoweredPace, PastCalls

if TYPE_CHECKING:
    from collections.abc import Iterator

    from migrator.http.pace import Limit

SLACK = 1.01  # windows are a little longer here, as calls take time to arrive
SLICES = 10  # of an allowance and of a window: so much at most is lost by a kill
_SHRINK = 0.7  # of the allowance, where a 429 says nothing better
_LEAST_SHARE = 0.2  # of the allowance is left by one 429, as others may have used up the rest
_REGROW = 0.05  # of the whole allowance, each round
_ROUND = 300.0  # seconds of a round at most: nobody waits for hours to see whether a limit of an hour has risen
_HOLD, _LONGEST_HOLD = 15, 240  # rounds before it is tried whether a limit that was learned has risen
_SAME = 0.1  # a limit that is learned again within this share is the same one
_LATENCIES = 8  # answers over which the mean time of one is taken


class BucketPace:
    """The sliding-window log of one limit.

    A 429 teaches how many calls the server lets through in its window: those of our log. Until one has passed
    again, that is only supposed: if it passes although as many calls are in the window, the server's window is another
    one, or others used up the limit, and the allowance is lowered by a fixed share instead. It grows again in rounds,
    of a window each, or of five minutes where a window is longer.

    Attributes:
        has_reserved: whether a slice was reserved in this process.
        rate: the share of its allowance that is used; what is learned and stored is not scaled by it.
    """

    def __init__(self, limit: Limit) -> None:
        self._limit = limit
        self._window = limit.window * SLACK
        self._round = min(self._window, _ROUND)
        self._starts: deque[float] = deque(maxlen=limit.allowed)
        self._refusals: deque[float] = deque(maxlen=limit.allowed)
        self._lowered: LoweredPace | None = None
        self._before = float(limit.allowed)  # the allowance before it was lowered
        self._is_asking = False  # nothing has passed since the last 429
        self._in_flight = 0
        self._took: deque[float] = deque(maxlen=_LATENCIES)
        self._reserved: int | None = None  # calls that may start without being stored first; None for any number
        self._reserved_until = 0.0
        self.has_reserved = False
        self.rate = 1.0

    # --- how fast ------------------------------------------------------------------------------

    def allowance(self, now: float) -> float:
        """Calls in a window at this moment, at the present rate; at least 1."""
        return self._scaled(self._learned(now))

    def _scaled(self, allowance: float) -> float:
        return max(1.0, self.rate * allowance)

    def _learned(self, now: float) -> float:
        """The allowance at the full rate: what was learned, and what it has grown by since; at least 1."""
        full, lowered = float(self._limit.allowed), self._lowered
        if lowered is None:
            return full
        grown = max(0, int((now - lowered.since) / self._round) - lowered.held)
        return max(1.0, min(full, lowered.to + grown * _REGROW * full))

    def wait(self, now: float) -> float:
        """Seconds until the next call may start; 0 or less means now."""
        # While nobody knows when the server opens again, only the pauses that it asks for count.
        allowed = int(self._scaled(self._before if self._is_asking else self._learned(now)))
        if len(self._starts) < allowed:
            return 0.0
        return self._starts[-allowed] + self._window - now

    def is_crowded(self, now: float) -> bool:
        """Whether as many calls are in flight as the allowance needs: more would only be refused together.

        One is enough behind a 429, until a round has passed without another.
        """
        if self._in_flight == 0:
            return False
        lowered = self._lowered
        if self._is_asking or not self._took or (lowered is not None and now < lowered.since + self._round):
            return True
        mean = sum(self._took) / len(self._took)
        return self._in_flight >= ceil(mean * self.allowance(now) / self._limit.window)

    def passed_before(self, now: float) -> int | None:
        """Calls that the server let through before it refused one, where that is why calls are held back now."""
        lowered = self._lowered
        return None if lowered is None or self._learned(now) >= self._limit.allowed else lowered.passed

    def is_lowered(self, now: float) -> bool:
        """Whether a 429 has lowered the allowance."""
        return self._learned(now) < self._limit.allowed

    # --- what happens --------------------------------------------------------------------------

    def start(self, now: float, *, in_flight: bool) -> None:
        """Count a call; `in_flight` until `end` is called for it."""
        self._starts.append(now)
        self._in_flight += in_flight
        if self._reserved is not None:
            self._reserved -= 1

    def end(self, took: float) -> None:
        """A call in flight is over, after so many seconds."""
        self._in_flight -= 1
        self._took.append(took)

    def refuse(self, now: float, until: float) -> None:
        """A call was answered with 429, and the server wants a pause `until` then: lower the allowance.

        Only if something passed since the last 429: workers in flight together are told together, and a server
        that stays closed says nothing new each time it is asked.
        """
        if not self._is_asking:
            self._lower(now, self._passed(now), until)
        elif self._lowered is not None:
            self._lowered = replace(self._lowered, since=max(until, self._lowered.since))
        self._refusals.append(now)
        self._is_asking = True

    def _lower(self, now: float, passed: int, until: float) -> None:
        allowance, before = self._learned(now), self._lowered
        self._before = allowance
        learned = self._limit.share * passed
        if not 0 < learned < allowance:
            self._lowered = LoweredPace(max(1.0, allowance * _SHRINK), until, before.held if before else 0)
            return
        held = _HOLD
        if before is not None and before.passed is not None and abs(before.passed - passed) <= max(1, _SAME * passed):
            held = min(_LONGEST_HOLD, max(_HOLD, 2 * before.held))
        self._lowered = LoweredPace(max(1.0, learned, _LEAST_SHARE * allowance), until, held, passed)

    def passed(self, now: float) -> None:
        """A call was answered, and not with 429."""
        # What was in flight together with a refused call was let through before it.
        if not self._is_asking or not self._starts or self._starts[-1] <= self._refusals[-1]:
            return
        self._is_asking = False
        lowered = self._lowered
        if lowered is not None and lowered.passed is not None and self._passed(now) >= lowered.passed:
            self._lowered = LoweredPace(max(1.0, self._before * _SHRINK), lowered.since)

    def _passed(self, now: float) -> int:
        """Calls that were let through in the server's window before now; those in flight are not known to be."""
        since = now - self._limit.window
        calls = sum(start > since for start in self._starts) - sum(refused > since for refused in self._refusals)
        return calls - self._in_flight

    # --- what is stored ------------------------------------------------------------------------

    def needs_slice(self, now: float) -> bool:
        """Whether calls must be reserved before the next one starts; never before the first `reserve`."""
        return self._reserved is not None and (self._reserved < 1 or now > self._reserved_until)

    @property
    def reserved(self) -> tuple[int, float]:
        """Calls that are stored and may still start, and until when."""
        return max(0, self._reserved or 0), self._reserved_until

    def slice_for(self, now: float) -> tuple[int, float]:
        """How many calls to reserve, and until when (monotonic) they may start."""
        room = int(self.allowance(now)) - sum(start > now - self._window for start in self._starts)
        return max(1, min(room, self._limit.allowed // SLICES)), now + self._window / SLICES

    def reserve(self, calls: int, until: float) -> None:
        """These calls are stored: they may start until then. From now on, no call starts that is not."""
        self._reserved, self._reserved_until, self.has_reserved = calls, until, True

    def past(self, now: float, wall: float, reserved: int, until: float) -> PastCalls:
        """What must be remembered at monotonic `now`, epoch `wall`, with so many calls reserved until `until`."""
        lowered = self._lowered
        if lowered is not None:
            lowered = None if not self.is_lowered(now) else replace(lowered, since=lowered.since + wall - now)
        used = tuple((latest + wall - now, calls) for latest, calls in self._groups(now))
        return PastCalls(used, reserved, until + wall - now, lowered=lowered)

    def _groups(self, now: float) -> Iterator[tuple[float, int]]:
        """The calls of the last window, counted in parts of a window at the time of the latest of each."""
        recent = [start for start in self._starts if start > now - self._window]
        part = self._window / SLICES / 2
        for _, group in groupby(recent, key=lambda start: start // part):
            starts = list(group)
            yield starts[-1], len(starts)

    def recall(self, past: PastCalls, now: float, wall: float) -> None:
        """Take over what was remembered, at monotonic `now` and epoch `wall`; whatever lies ahead happened now.

        So a wall clock that was set back holds calls up for one window at most.
        """
        used = [*past.used, (past.reserved_until, past.reserved)]
        for at, calls in sorted((min(at, wall), calls) for at, calls in used):
            if at > wall - self._window:
                self._starts.extend([at - wall + now] * min(calls, self._limit.allowed))
        lowered = past.lowered
        if lowered is not None and lowered.to < self._limit.allowed:
            self._lowered = replace(lowered, since=min(lowered.since, wall) - wall + now)
        self._reserved, self._reserved_until = 0, now
