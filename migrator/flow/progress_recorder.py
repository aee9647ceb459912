"""Records every few seconds what a run is doing, for `status --watch` and the report's time line."""

from __future__ import annotations

import threading
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING

from migrator.checkpoint.runs.progress import ProgressPoint, store_progress, wait_text
from migrator.checkpoint.users.counts import count_users
from migrator.core.errors import MigratorError
from migrator.core.model import ARRIVED_STATES
from migrator.flow.options import RunEvents
from migrator.flow.time_left import with_ends
from migrator.log.setup import get_logger
from migrator.report.eta import stage_progress

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from migrator.checkpoint.db.checkpoint import Checkpoint
    from migrator.core.clock import Clock
    from migrator.descope.reader import DescopeReader
    from migrator.docebo.client import DoceboClient
    from migrator.flow.options import Questions
    from migrator.flow.steering import Steering

_log = get_logger(__name__)

EVERY = 2.0  # seconds between two samples
ASKING = "the question at the terminal is unanswered"
PAUSED = "the run is paused"
_KEPT = 1800  # samples in memory, one hour: they determine the run's speed


class ProgressRecorder(RunEvents):
    """Sits between a run and its listener: `with recorder.recording(number): ...` stores the events.

    A sample is stored when the run reports progress, at most every two seconds of its clock. If the run reports
    nothing for that long, a thread stores one: a run that waits must say why.
    """

    def __init__(
        self,
        listener: RunEvents,
        steering: Steering,
        clock: Clock,
        checkpoint: Checkpoint,
        clients: Sequence[DoceboClient | DescopeReader],
        questions: Questions,
    ) -> None:
        self._listener = listener
        self._steering = steering
        self._clock = clock
        self._checkpoint = checkpoint
        self._clients = clients
        self._questions = questions
        self._run: int | None = None
        self._lock = threading.Lock()
        self._started = self._began_at = 0.0
        self._taken: float | None = None
        self._said: object = None
        self._now: tuple[str, int, int | None] | None = None
        self._notice: str | None = None
        self._points: list[ProgressPoint] = []
        self._beside: list[ProgressPoint] = []  # of a reading that goes on beside the steps
        self._ahead: list[str] = []
        self._arrived = 0  # before this run
        self._end = threading.Event()

    @contextmanager
    def recording(self, run: int) -> Iterator[None]:
        """Record while run number `run` works."""
        self._started, self._began_at = self._clock.monotonic(), self._clock.time()
        states = count_users(self._checkpoint).states
        self._arrived = sum(states[state] for state in ARRIVED_STATES)
        self._run = run
        thread = threading.Thread(target=self._watch, name="progress", daemon=True)
        thread.start()
        try:
            yield
        finally:
            self._end.set()
            thread.join()
            self._run = None

    # --- what the run reports ------------------------------------------------------------------

    def steps(self, stages: Sequence[str]) -> None:
        """Pass it on, and note the stages to come."""
        self._listener.steps(stages)
        self._ahead = list(stages)

    def stage(self, name: str) -> None:
        """Pass it on, and note the current stage."""
        self._listener.stage(name)
        if name in self._ahead:
            del self._ahead[: self._ahead.index(name) + 1]
        self._taken = None  # every stage has a sample at its start, or its speed would be unknown for long
        self._tell(name, 0, None)

    def again(self, stage: str, why: str) -> None:
        """Pass it on; the next progress starts from zero users."""
        self._listener.again(stage, why)

    def progress(self, stage: str, done: int, total: int | None) -> None:
        """Pass it on, and note how far the run is."""
        self._listener.progress(stage, done, total)
        self._tell(stage, done, total)

    def confirming(self, seen: int, total: int | None) -> None:
        """Pass it on; the run does not end before that reading does."""
        self._listener.confirming(seen, total)
        with self._lock:
            over = total is not None and seen >= total
            self._beside = [] if over else [*self._beside[-_KEPT:], self._point_beside(seen, total)]

    def notice(self, text: str) -> None:
        """Pass it on; until the next progress, it is the reason for waiting."""
        self._listener.notice(text)
        self._now = self._now or ("check", 0, None)  # the stage before a run's first event
        self._notice = text
        self._sample()

    def _tell(self, stage: str, done: int, total: int | None) -> None:
        self._now, self._notice = (stage, done, total), None
        self._sample()

    # --- samples -------------------------------------------------------------------------------

    def _sample(self, *, silent: bool = False) -> None:
        with self._lock:
            now = self._clock.monotonic()
            if self._run is None or self._now is None or (self._taken is not None and now - self._taken < EVERY):
                return
            waiting = self._waiting()
            if silent and waiting in (None, ASKING, PAUSED) and self._said == (self._now, waiting):
                return  # a run that waits for a person has nothing new to say, however long it waits
            self._taken, self._said = now, (self._now, waiting)
            taken = self._point(*self._now, waiting)
            store_progress(self._checkpoint, self._run, taken)
            self._points = [*self._points[-_KEPT:], taken]
            if waiting not in (ASKING, PAUSED) and (measured := stage_progress(self._points)) is not None:
                told = with_ends(measured, self._ahead, self._points, self._steering.config, self._arrived)
                self._listener.measured(told, self._not_before_confirmed(told.whole))

    def _point(self, stage: str, done: int, total: int | None, waiting: str | None) -> ProgressPoint:
        # The wall clock may jump; the time between two samples must not.
        return ProgressPoint(
            at=self._began_at + self._clock.monotonic() - self._started,
            stage=stage,
            done=done,
            total=total,
            calls=sum(client.calls for client in self._clients),
            throttled=sum(client.throttled for client in self._clients),
            waiting=waiting,
        )

    def _point_beside(self, seen: int, total: int | None) -> ProgressPoint:
        return replace(self._point("read", seen, total, self._waiting()), calls=self._clients[0].calls)

    def _not_before_confirmed(self, whole: tuple[float, float] | None) -> tuple[float, float] | None:
        """The run's end, held against that of the reading beside it."""
        if not self._beside or whole is None:
            return whole
        points = [*self._beside, self._point_beside(self._beside[-1].done, self._beside[-1].total)]
        reading = stage_progress(points)
        end = with_ends(reading, [], points, self._steering.config).eta if reading is not None else None
        return None if end is None else (max(whole[0], end[0]), max(whole[1], end[1]))

    def _waiting(self) -> str | None:
        clock = self._clock
        if self._questions.is_open:
            return ASKING
        if clock.paused_since is not None:
            return PAUSED
        if (wait := clock.activity.wait) is not None:
            return wait_text(wait.why, wait.until - clock.monotonic())
        return self._notice

    def _watch(self) -> None:
        while not self._end.wait(EVERY):
            try:
                self._sample(silent=True)
            except MigratorError as error:
                # The run's own next write meets the same error and knows what it means.
                _log.info("sample_not_taken", kind=type(error).__name__)
