"""What a run must know of the calls before it, so that a restart does not forget the limits. Plain values."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class LoweredPace:
    """An allowance that a 429 has lowered.

    Args:
        to: calls in a window from then on.
        since: the end of the pause after the 429, in seconds of whichever clock the holder goes by.
        held: how many rounds it stays as low before it grows.
        passed: how many calls the server had let through in its window; None if that said nothing.
    """

    to: float
    since: float
    held: int = 0
    passed: int | None = None


@dataclass(frozen=True, slots=True)
class PastCalls:
    """The past of one bucket; times in epoch seconds.

    Args:
        used: pairs of a moment and a number of calls: so many started at that moment at the latest.
        reserved: so many more calls may have started, `reserved_until` at the latest.
        paused_at: when the server asked for the last pause.
        pause: its seconds; 0 for none.
        lowered: the allowance if a 429 has lowered it, else None.
    """

    used: tuple[tuple[float, int], ...] = ()
    reserved: int = 0
    reserved_until: float = 0.0
    paused_at: float = 0.0
    pause: float = 0.0
    lowered: LoweredPace | None = None
