"""Pacing on a virtual clock."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import pytest
from pacing import most_in_any_window, starts
from wire import VirtualClock

from migrator.core.clock import Clock
from migrator.core.errors import Interrupted
from migrator.http.bucket import BucketPace
from migrator.http.pace import Limit, Pacer

if TYPE_CHECKING:
    from migrator.core.activity import Wait


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


def refused(pacer: Pacer, clock: VirtualClock, passed: int, wait: float = 60) -> None:
    """So many calls pass at once, and the next one is refused."""
    for _ in range(passed):
        with pacer.turn("create"):
            pacer.answered("create")
    with pacer.turn("create"):
        pacer.throttled("create", wait)
    clock.now += wait + 1


def test_a_429_that_says_nothing_lowers_the_allowance_of_its_bucket_to_70_percent() -> None:
    clock = VirtualClock()
    pacer = Pacer(clock, {"create": Limit(100, 60), "search": Limit(200, 60)})
    pacer.throttled("create", 60)
    clock.now += 60
    assert len(burst(pacer, clock)) == 66
    assert set(starts(pacer, clock, 190, "search")) == {clock.now}


def burst(pacer: Pacer, clock: VirtualClock) -> list[float]:
    """What starts at once when nothing has been asked for a window and nobody grows meanwhile."""
    begin, times = clock.now, []
    while clock.now == begin:
        with pacer.turn("create"):
            pacer.answered("create")
        times.append(clock.now)
    return times[:-1]


def test_n18_a_429_teaches_how_many_calls_pass() -> None:
    clock = VirtualClock()
    pacer = Pacer(clock, {"create": Limit(100, 60)})
    refused(pacer, clock, 40)
    assert len(burst(pacer, clock)) == 38


def test_n18_what_is_left_to_others_is_left_of_what_was_learned_too() -> None:
    clock = VirtualClock()
    pacer = Pacer(clock, {"create": Limit(100, 60, 0.3)})
    refused(pacer, clock, 40)
    assert len(burst(pacer, clock)) == 26


def test_n18_one_429_leaves_a_fifth_as_others_may_have_used_the_rest() -> None:
    clock = VirtualClock()
    pacer = Pacer(clock, {"create": Limit(100, 60)})
    refused(pacer, clock, 2)
    assert len(burst(pacer, clock)) == 19


def test_workers_told_together_lower_the_allowance_once() -> None:
    clock = VirtualClock()
    pacer = Pacer(clock, {"create": Limit(100, 60)})
    for _ in range(4):
        pacer.throttled("create", 60)
    clock.now += 60
    assert len(burst(pacer, clock)) == 66


def test_the_allowance_never_falls_below_one_call() -> None:
    clock = VirtualClock()
    pacer = Pacer(clock, {"create": Limit(100, 60)})
    for _ in range(50):
        refused(pacer, clock, 1)
    assert len(burst(pacer, clock)) == 1


def test_d_a_server_closed_for_its_whole_window_lowers_the_allowance_once() -> None:
    clock = VirtualClock()
    pacer = Pacer(clock, {"create": Limit(1000, 3600)})
    for wait in (10, 20, 40, 80, 160, *[300] * 11):
        pacer.throttled("create", wait)
        clock.now += wait
    assert len(burst(pacer, clock)) == 665


def test_quiet_windows_give_a_guess_back_in_steps_of_5_percent() -> None:
    clock = VirtualClock()
    pacer = Pacer(clock, {"create": Limit(100, 60)})
    pacer.throttled("create", 60)
    clock.now += 60 + 60.6 * 2 + 1
    assert len(burst(pacer, clock)) == 76


def test_nothing_grows_back_before_a_quiet_window_has_passed() -> None:
    clock = VirtualClock()
    pacer = Pacer(clock, {"create": Limit(100, 60)})
    pacer.throttled("create", 60)
    clock.now += 60 + 60
    assert len(burst(pacer, clock)) == 66


def test_where_a_window_is_an_hour_a_guess_comes_back_in_five_minutes() -> None:
    clock = VirtualClock()
    pacer = Pacer(clock, {"create": Limit(1000, 3600)})
    pacer.throttled("create", 60)
    clock.now += 60 + 2 * 300 + 1
    assert len(burst(pacer, clock)) == 665 + 95  # two twentieths of 950


@pytest.mark.parametrize(("windows", "allowed"), [(1, 38), (15, 38), (16, 42), (17, 47), (27, 95), (600, 95)])
def test_n18_what_was_learned_grows_after_fifteen_windows(windows: int, allowed: int) -> None:
    clock = VirtualClock()
    pacer = Pacer(clock, {"create": Limit(100, 60)})
    refused(pacer, clock, 40)
    clock.now += windows * 60.6 + 1
    assert len(burst(pacer, clock)) == allowed


def test_n18_a_limit_that_is_found_again_is_tried_half_as_often() -> None:
    clock = VirtualClock()
    pacer = Pacer(clock, {"create": Limit(100, 60)})
    refused(pacer, clock, 40)
    clock.now += 16 * 60.6 + 1
    refused(pacer, clock, 40)
    clock.now += 30 * 60.6
    assert len(burst(pacer, clock)) == 38  # and it ends when the next window begins
    assert len(burst(pacer, clock)) == 42 - 1


def test_n18_a_window_shorter_than_supposed_is_noticed() -> None:
    """A server that counts by the minute where an hour is documented: what was learned is not held for an hour."""
    clock = VirtualClock()
    pacer = Pacer(clock, {"create": Limit(1000, 3600)})
    refused(pacer, clock, 100, wait=70)
    assert len(burst(pacer, clock)) == 665 - 101  # what is in the log


def test_n18_as_many_calls_are_in_flight_as_the_limit_needs() -> None:
    """One while a call takes no time; a second worker waits until the first has its answer."""
    clock = Clock()
    pacer = Pacer(clock, {"create": Limit(100, 60)})
    order: list[str] = []
    with pacer.turn("create"):
        thread = threading.Thread(target=lambda: taken(pacer, order))
        thread.start()
        with pacer.turn("search"):  # another bucket is free
            order.append("first")
    thread.join(5)
    assert order == ["first", "second"]


def taken(pacer: Pacer, order: list[str]) -> None:
    with pacer.turn("create"):
        order.append("second")


def test_n18_slow_answers_need_several_calls_in_flight() -> None:
    """100 calls a minute that take 1.5 s each need three in flight; a 429 leaves one until a window has passed."""
    bucket = BucketPace(Limit(100, 60))
    for _ in range(80):
        bucket.start(0.0, in_flight=True)
        bucket.end(1.5)
    crowds = []
    for _ in range(4):
        crowds.append(bucket.is_crowded(0.0))
        bucket.start(0.0, in_flight=True)
    assert crowds == [False, False, False, True]
    bucket.refuse(1.0, 61.0)
    for _ in range(3):
        bucket.end(1.5)
    assert bucket.is_crowded(62.0)
    bucket.end(1.5)
    bucket.start(62.0, in_flight=True)
    bucket.passed(62.0)
    assert bucket.is_crowded(121.0)
    assert not bucket.is_crowded(122.0)


def test_a_stop_ends_the_wait_for_a_place() -> None:
    pacer = Pacer(clock := Clock(), {"create": Limit(100, 60)})
    with pacer.turn("create"):
        clock.request_stop()
        with pytest.raises(Interrupted), pacer.turn("create"):
            pass


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
