"""Pacing on a virtual clock."""

from __future__ import annotations

import threading
from bisect import bisect_left
from typing import TYPE_CHECKING

import pytest
from wire import VirtualClock

from migrator.core.clock import Clock
from migrator.core.errors import Interrupted
from migrator.http.pace import Limit, Pacer

if TYPE_CHECKING:
    from migrator.core.activity import Wait


def starts(pacer: Pacer, clock: VirtualClock, count: int, bucket: str = "create") -> list[float]:
    times = []
    for _ in range(count):
        pacer.acquire(bucket)
        times.append(clock.now)
    return times


def most_in_any_window(times: list[float], window: float) -> int:
    return max(bisect_left(times, start + window) - number for number, start in enumerate(times))


@pytest.mark.parametrize(
    ("calls", "window", "most"), [(100, 60.0, 95), (200, 60.0, 190), (1000, 3600.0, 950), (1, 10.0, 1)]
)
def test_n9_no_window_ever_holds_more_than_95_percent_of_the_limit(calls: int, window: float, most: int) -> None:
    clock = VirtualClock()
    pacer = Pacer(clock, {"create": Limit(calls, window)})
    assert most_in_any_window(starts(pacer, clock, 3 * calls), window) == most


def test_windows_are_one_percent_longer_here_than_documented() -> None:
    clock = VirtualClock()
    pacer = Pacer(clock, {"create": Limit(1, 60)})
    assert starts(pacer, clock, 2)[1] == pytest.approx(1060.6)


def test_a_short_run_may_burst() -> None:
    clock = VirtualClock()
    assert set(starts(Pacer(clock, {"create": Limit(100, 60)}), clock, 95)) == {1000.0}


def test_a_bucket_without_limit_passes_at_once() -> None:
    clock = VirtualClock()
    assert set(starts(Pacer(clock, {}), clock, 5000)) == {1000.0}


def test_buckets_do_not_slow_each_other_down() -> None:
    clock = VirtualClock()
    pacer = Pacer(clock, {"create": Limit(1, 60), "search": Limit(1, 60)})
    starts(pacer, clock, 1)
    assert starts(pacer, clock, 1, "search") == [1000.0]


def test_n8_a_429_pauses_all_buckets_until_the_told_wait_is_over() -> None:
    clock = VirtualClock()
    pacer = Pacer(clock, {"create": Limit(100, 60)})
    pacer.throttled("create", 37)
    pacer.throttled("create", 5)
    assert starts(pacer, clock, 1, "unlimited") == [1037.0]


def allowance(pacer: Pacer, clock: VirtualClock) -> int:
    """How many calls start at once after a long silence."""
    clock.now += 10_000
    begin, count = clock.now, -1
    while clock.now == begin:
        pacer.acquire("create")
        count += 1
    return count


def test_a_429_lowers_the_allowance_of_its_bucket_to_70_percent() -> None:
    clock = VirtualClock()
    pacer = Pacer(clock, {"create": Limit(100, 60), "search": Limit(200, 60)})
    pacer.throttled("create", 60)
    assert allowance(pacer, clock) == 66
    assert set(starts(pacer, clock, 190, "search")) == {clock.now}


def test_workers_told_together_lower_the_allowance_once() -> None:
    clock = VirtualClock()
    pacer = Pacer(clock, {"create": Limit(100, 60)})
    for _ in range(4):
        pacer.throttled("create", 60)
    assert allowance(pacer, clock) == 66


def test_the_allowance_never_falls_below_one_call() -> None:
    clock = VirtualClock()
    pacer = Pacer(clock, {"create": Limit(100, 60)})
    for _ in range(50):
        pacer.throttled("create", 60)
        clock.now += 61
    assert allowance(pacer, clock) == 1


def test_d_a_server_closed_for_its_whole_window_lowers_the_allowance_once() -> None:
    clock = VirtualClock()
    pacer = Pacer(clock, {"create": Limit(1000, 3600)})
    for wait in (10, 20, 40, 80, 160, *[300] * 11):
        pacer.throttled("create", wait)
        clock.now += wait
    assert allowance(pacer, clock) == 665


def test_quiet_windows_give_the_allowance_back_in_steps_of_5_percent() -> None:
    clock = VirtualClock()
    pacer = Pacer(clock, {"create": Limit(100, 60)})
    pacer.throttled("create", 60)
    clock.now += 60 + 60.6 * 2 + 1
    pacer.answered("create")
    assert allowance(pacer, clock) == 76
    pacer.answered("create")
    assert allowance(pacer, clock) == 95


def test_nothing_grows_back_before_a_quiet_window_has_passed() -> None:
    clock = VirtualClock()
    pacer = Pacer(clock, {"create": Limit(100, 60)})
    pacer.throttled("create", 60)
    clock.now += 60 + 60
    pacer.answered("create")
    assert allowance(pacer, clock) == 66


def test_waiting_tells_why_calls_are_held_back() -> None:
    seen: list[Wait | None] = []

    class Watching(VirtualClock):
        def wait(self, seconds: float) -> None:
            seen.append(self.activity.wait)
            super().wait(seconds)

    clock = Watching()
    pacer = Pacer(clock, {"search": Limit(1, 60), "docebo": Limit(1, 3600)}, "Descope")
    starts(pacer, clock, 2, "search")
    pacer.throttled("create", 37)
    starts(pacer, clock, 1, "create")
    starts(pacer, clock, 2, "docebo")

    assert [wait.text for wait in seen if wait] == [
        "Staying below Descope's limit of 1 searches a minute: 61 s",
        "Descope asked for a pause of 37 s",
        "Staying below Descope's limit of 1 calls an hour: 1 h 1 min",
    ]
    assert clock.activity.wait is None


def test_a_stop_ends_the_wait() -> None:
    pacer = Pacer(clock := Clock(), {"create": Limit(1, 3600)})
    pacer.acquire("create")
    clock.request_stop()
    with pytest.raises(Interrupted):
        pacer.acquire("create")


def test_a_waiting_worker_holds_up_nobody_in_another_bucket() -> None:
    clock = Clock()
    pacer = Pacer(clock, {"create": Limit(1, 3600)})
    pacer.acquire("create")
    ended = threading.Event()

    def worker() -> None:
        with pytest.raises(Interrupted):
            pacer.acquire("create")
        ended.set()

    thread = threading.Thread(target=worker)
    thread.start()
    while clock.activity.wait is None:
        pacer.acquire("search")
    pacer.acquire("search")
    assert not ended.is_set()
    clock.request_stop()
    thread.join(5)
    assert ended.is_set()


def test_many_threads_together_stay_within_the_limit() -> None:
    clock = Clock()
    pacer = Pacer(clock, {"create": Limit(100, 3600)})
    passed: list[int] = []

    def worker(number: int) -> None:
        try:
            while True:
                pacer.acquire("create")
                passed.append(number)
        except Interrupted:
            return

    threads = [threading.Thread(target=worker, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    while len(passed) < 95 or clock.activity.wait is None:
        assert any(thread.is_alive() for thread in threads)
    clock.request_stop()
    for thread in threads:
        thread.join(5)
    assert len(passed) == 95


def test_memory_is_bounded_by_the_limit() -> None:
    clock = VirtualClock()
    pacer = Pacer(clock, {"create": Limit(10, 1)})
    starts(pacer, clock, 1000)
    assert len(pacer._buckets["create"]._starts) == 9


@pytest.mark.parametrize(
    ("calls", "window", "leave", "most"),
    [(100, 60.0, 0.3, 66), (200, 60.0, 0.3, 133), (1000, 3600.0, 0.1, 855), (100, 60.0, 0.9, 9), (5, 60.0, 0.9, 1)],
)
def test_what_is_left_to_others_is_never_used(calls: int, window: float, leave: float, most: int) -> None:
    """The allowance of a bucket is that share of what it would be, and at least one call."""
    clock = VirtualClock()
    pacer = Pacer(clock, {"create": Limit(calls, window, leave)})
    assert most_in_any_window(starts(pacer, clock, 3 * calls), window) == most


def test_a_wait_says_that_room_is_left_to_others() -> None:
    seen: list[str] = []

    class Watching(VirtualClock):
        def wait(self, seconds: float) -> None:
            if self.activity.wait is not None:
                seen.append(self.activity.wait.text)
            super().wait(seconds)

    pacer = Pacer(clock := Watching(), {"create": Limit(10, 60, 0.3)}, "Descope")
    starts(pacer, clock, 7)
    assert seen == ["Staying below 70 % of Descope's limit of 10 create calls a minute: 61 s"]
