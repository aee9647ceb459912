"""A pace that is changed while the run works, on a virtual clock."""

from __future__ import annotations

import pytest
from pacing import most_in_any_window, starts
from wire import VirtualClock

from migrator.http.pace import Limit, Pacer


@pytest.mark.parametrize(
    ("calls", "leave", "rate", "most"),
    [(100, 0.0, 0.5, 47), (100, 0.0, 1.0, 95), (100, 0.3, 0.5, 33), (1000, 0.0, 0.01, 9), (10, 0.0, 0.01, 1)],
)
def test_a_rate_is_that_share_of_every_allowance(calls: int, leave: float, rate: float, most: int) -> None:
    """Beside what is left to others, of each limit, and at least one call in a window."""
    clock = VirtualClock()
    pacer = Pacer(clock, {name: Limit(calls, 60, leave) for name in ("create", "search")})
    pacer.scale(rate)
    for bucket in ("create", "search"):
        times = starts(pacer, clock, 3 * most, bucket)
        assert most_in_any_window(times, 60) == most


def test_a_lower_rate_counts_the_calls_before_it() -> None:
    """Whoever has used more than the new allowance waits until enough of it is out of the window."""
    clock = VirtualClock()
    pacer = Pacer(clock, {"create": Limit(100, 60)})
    starts(pacer, clock, 60)
    pacer.scale(0.5)

    assert starts(pacer, clock, 1) == [pytest.approx(1060.6)]


def test_a_rate_that_rises_ends_a_wait_within_seconds() -> None:
    """An hourly limit at one per cent makes waits of an hour; nobody sits through them when the rate is back."""

    class Rising(VirtualClock):
        def wait(self, seconds: float) -> None:
            super().wait(seconds)
            if self.now > 1010:
                pacer.scale(1.0)

    clock = Rising()
    pacer = Pacer(clock, {"docebo": Limit(100, 3600)})
    pacer.scale(0.01)
    starts(pacer, clock, 1, "docebo")

    assert starts(pacer, clock, 1, "docebo")[0] < 1013


def test_a_wait_names_the_rate() -> None:
    """It is beside what `--leave` leaves, in one number, and the whole wait is told."""
    seen: list[str] = []

    class Watching(VirtualClock):
        def wait(self, seconds: float) -> None:
            seen.append(self.activity.wait.text if self.activity.wait else "")
            super().wait(seconds)

    pacer = Pacer(clock := Watching(), {"create": Limit(10, 60, 0.3)}, "Descope")
    pacer.scale(0.5)
    starts(pacer, clock, 4)

    assert seen[0] == "Staying below 35 % of Descope's limit of 10 create calls a minute: 61 s"


def test_what_a_429_teaches_is_kept_whole_and_used_by_the_rate() -> None:
    """At half the rate half of what was learned is used, and all of it when the rate is back."""
    clock = VirtualClock()
    pacer = Pacer(clock, {"create": Limit(100, 60)})
    pacer.scale(0.5)
    for _ in range(40):
        with pacer.turn("create"):
            pacer.answered("create")
    with pacer.turn("create"):
        pacer.throttled("create", 60)
    clock.now += 61
    bucket = pacer._buckets["create"]

    assert bucket.allowance(clock.now) == pytest.approx(19)
    pacer.scale(1.0)
    assert bucket.allowance(clock.now) == pytest.approx(38)
