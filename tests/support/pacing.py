"""When a pacer lets calls start, on a virtual clock."""

from __future__ import annotations

from bisect import bisect_left
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from wire import VirtualClock

    from migrator.http.pace import Pacer


def starts(pacer: Pacer, clock: VirtualClock, count: int, bucket: str = "create") -> list[float]:
    times = []
    for _ in range(count):
        pacer.acquire(bucket)
        times.append(clock.now)
    return times


def most_in_any_window(times: list[float], window: float) -> int:
    return max(bisect_left(times, start + window) - number for number, start in enumerate(times))
