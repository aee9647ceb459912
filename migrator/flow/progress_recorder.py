"""Notes what the running job is doing every few seconds, for `status --watch` and the report's time line."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Self

from migrator.checkpoint.runs.progress import ProgressPoint, store_progress, wait_text
from migrator.core.errors import MigratorError
from migrator.flow.context import RunEvents
from migrator.flow.time_left import time_left
from migrator.log.setup import get_logger
from migrator.report.eta import stage_progress

if TYPE_CHECKING:
    from types import TracebackType

    from migrator.flow.context import RunContext

_log = get_logger(__name__)

EVERY = 2.0  # seconds between two samples
ASKING = "its question at the terminal has no answer yet"
_KEPT = 1800  # samples in mind, an hour's: they say how fast the run is


class ProgressRecorder(RunEvents):
    """Stands between a job and whoever listens to its events: `with Sampler(job, run_number): ...`.

    A sample is taken when the job tells of progress, at most every two seconds of its clock, and by a
    thread when it tells nothing for that long: a job that waits must say why.
    """

    def __init__(self, job: RunContext, run: int) -> None:
        self._job = job
        self._run = run
        self._listener = job.events
        self._lock = threading.Lock()
        self._started = job.clock.monotonic()
        self._began_at = job.clock.time()
        self._taken: float | None = None
        self._said: object = None
        self._now: tuple[str, int, int | None] | None = None
        self._notice: str | None = None
        self._samples: list[ProgressPoint] = []
        self._ahead = list(job.steps)
        self._end = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="sampler", daemon=True)

    def __enter__(self) -> Self:
        self._job.events = self
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._end.set()
        self._thread.join()
        self._job.events = self._listener

    # --- what the job tells --------------------------------------------------------------------

    def stage(self, name: str) -> None:
        """Pass it on, and note where the job is."""
        self._listener.stage(name)
        if name in self._ahead:
            del self._ahead[: self._ahead.index(name) + 1]
        self._taken = None  # every stage has a sample of its beginning, or its speed would be unknown for long
        self._tell(name, 0, None)

    def again(self, stage: str, why: str) -> None:
        """Pass it on; the next progress starts from nobody."""
        self._listener.again(stage, why)

    def progress(self, stage: str, done: int, total: int | None) -> None:
        """Pass it on, and note how far the job is."""
        self._listener.progress(stage, done, total)
        self._tell(stage, done, total)

    def notice(self, text: str) -> None:
        """Pass it on; until the next progress it is why the job waits."""
        self._listener.notice(text)
        self._now = self._now or ("check", 0, None)  # the stage before a job's first word
        self._notice = text
        self._sample()

    def _tell(self, stage: str, done: int, total: int | None) -> None:
        self._now, self._notice = (stage, done, total), None
        self._sample()

    # --- samples -------------------------------------------------------------------------------

    def _sample(self, *, silent: bool = False) -> None:
        with self._lock:
            now = self._job.clock.monotonic()
            if self._now is None or (self._taken is not None and now - self._taken < EVERY):
                return
            waiting = self._waiting()
            if silent and waiting in (None, ASKING) and self._said == (self._now, waiting):
                return  # a job that waits for a person's answer has nothing new to say, however long
            self._taken, self._said = now, (self._now, waiting)
            stage, done, total = self._now
            job = self._job
            # The wall clock may jump; what is between two samples must not.
            taken = ProgressPoint(
                at=self._began_at + now - self._started,
                stage=stage,
                done=done,
                total=total,
                calls=job.docebo.calls + job.descope.calls,
                throttled=job.docebo.throttled + job.descope.throttled,
                waiting=waiting,
            )
            store_progress(job.checkpoint, self._run, taken)
            self._samples = [*self._samples[-_KEPT:], taken]
            if waiting != ASKING and (measured := stage_progress(self._samples)) is not None:
                self._listener.measured(measured, time_left(measured, self._ahead, self._samples, job.config))

    def _waiting(self) -> str | None:
        clock = self._job.clock
        if self._job.asking:
            return ASKING
        if (wait := clock.activity.wait) is not None:
            return wait_text(wait.why, wait.until - clock.monotonic())
        return self._notice

    def _watch(self) -> None:
        while not self._end.wait(EVERY):
            try:
                self._sample(silent=True)
            except MigratorError as error:
                # The job's own next write meets the same trouble and knows what it means.
                _log.info("sample_not_taken", kind=type(error).__name__)
