"""A clock for simulated runs: its time goes on only while everybody waits, and then to the next one who wakes up."""

from __future__ import annotations

import heapq
import itertools
import threading
from typing import TYPE_CHECKING, TypeVar

from migrator.core.clock import Clock
from migrator.flow.threads import run_in_threads

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_T = TypeVar("_T")


class EventClock(Clock):
    """Virtual time that starts at 0; the thread that makes it is at work, and so is whoever it counts by `hold`.

    A thread that is counted must either work or wait on this clock: one that waits for anything else stops the time.
    """

    def __init__(self) -> None:
        super().__init__()
        self._now = 0.0
        self._busy = 1
        self._order = itertools.count()
        self._sleepers: list[tuple[float, int, threading.Event]] = []
        self._mutex = threading.Lock()

    def monotonic(self) -> float:
        """Virtual seconds."""
        return self._now

    def exchange_time(self) -> float:
        """The same: an exchange takes virtual time."""
        return self._now

    def time(self) -> float:
        """The same, as what the wall clock shows."""
        return self._now

    def wait(self, seconds: float) -> None:
        """Wait, without costing real time."""
        self.check()
        woken = threading.Event()
        with self._mutex:
            heapq.heappush(self._sleepers, (self._now + max(0.0, seconds), next(self._order), woken))
            self._leave()
        woken.wait()
        self.check()

    def wait_for_notice(self, condition: threading.Condition, seconds: float) -> None:
        """Wait so long, notified or not: this clock does not know who waits for whom."""
        condition.release()
        try:
            self.wait(seconds)
        finally:
            condition.acquire()

    def hold(self) -> None:
        """Count one more who is at work."""
        with self._mutex:
            self._busy += 1

    def release(self) -> None:
        """Count one less."""
        with self._mutex:
            self._leave()

    def _leave(self) -> None:
        self._busy -= 1
        if not self._busy and self._sleepers:
            self._now, _, woken = heapq.heappop(self._sleepers)
            self._busy = 1
            woken.set()

    def run_in_threads(self, workers: int, tasks: Iterator[_T], work: Callable[[_T], object]) -> list[Exception]:
        """`migrator.flow.threads.run_in_threads`, with everybody counted; what `work` raised is returned at the end.

        To be called by a thread that is counted. Whoever finishes a task stays counted until its successor has begun,
        so that no time passes in between.
        """
        failed: list[Exception] = []
        under_way, at_work = 0, 1  # who is counted and has no task: first, this thread

        def next_task() -> _T | None:
            nonlocal under_way, at_work
            task = None if failed else next(tasks, None)
            if task is not None:
                under_way += 1
                if at_work:
                    at_work -= 1
                else:
                    self.hold()
                return task
            while at_work > (0 if under_way else 1):
                at_work -= 1
                self.release()
            return None

        def guarded(task: _T) -> None:
            try:
                work(task)
            except Exception as error:  # noqa: BLE001 -- handed on, because a task that raises is never counted out
                failed.append(error)

        def done(_result: None) -> None:
            nonlocal under_way, at_work
            under_way -= 1
            at_work += 1

        run_in_threads(lambda: workers, next_task, guarded, done)
        return failed

    def beside(self, work: Callable[[], None], other: Callable[[], None]) -> None:
        """Do `work` in a thread of its own while this one does `other`; returns when both are done."""
        self.hold()

        def counted() -> None:
            try:
                work()
            finally:
                self.release()

        thread = threading.Thread(target=counted, name="beside")
        thread.start()
        try:
            other()
        finally:
            self.release()
            thread.join()
            self.hold()
