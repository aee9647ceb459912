"""Applies to a run what people ask of it from another shell (docs/decisions/0020)."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Self

from migrator.checkpoint.runs.control import NOTHING_ASKED, read_control
from migrator.core.activity import pause_text, spoken
from migrator.log.setup import get_logger

if TYPE_CHECKING:
    from collections.abc import Sequence
    from types import TracebackType

    from migrator.checkpoint.db.checkpoint import Checkpoint
    from migrator.checkpoint.runs.control import Control
    from migrator.config.schema import Config
    from migrator.core.clock import Clock
    from migrator.flow.options import Questions, RunEvents
    from migrator.http.pace import Pacer

_log = get_logger(__name__)

ASKED_EVERY = 1.0  # seconds between two looks: with the request under way, a pause holds within two


class Steering:
    """Looks every second what is asked of the run, and applies it: `with steering: ...`.

    Attributes:
        config: the run's configuration, with what was set since.

    Args:
        checkpoint: entered by the run.
        pacers: those of all its calls.
        events: gets a notice of each change, from another thread.
        questions: no notice disturbs an open one.
    """

    def __init__(
        self,
        config: Config,
        clock: Clock,
        checkpoint: Checkpoint,
        pacers: Sequence[Pacer],
        events: RunEvents,
        questions: Questions,
    ) -> None:
        self.config = config
        self._own = config
        self._clock = clock
        self._checkpoint = checkpoint
        self._pacers = pacers
        self._events = events
        self._questions = questions
        self._asked = NOTHING_ASKED
        self._end = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="steering", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._end.set()
        self._thread.join()

    def apply(self, asked: Control) -> None:
        """Do what is asked and was not asked before."""
        before, self._asked = self._asked, asked
        if (asked.rate, asked.concurrency) != (before.rate, before.concurrency):
            self._set(asked)
        if asked.paused_since is not None and asked.paused_since != before.paused_since:
            self._clock.pause(asked.paused_since)
            _log.info("paused")
            self._tell(pause_text(asked.paused_since, self._clock.time()))
        if asked.paused_since is None and before.paused_since is not None:
            self._clock.resume()
            seconds = max(0.0, self._clock.time() - before.paused_since)
            _log.info("resumed", seconds=round(seconds, 1))
            self._tell(f"Resumed after {spoken(seconds)}.")

    def _set(self, asked: Control) -> None:
        self.config = self._own.steered(asked.rate, asked.concurrency)
        for pacer in self._pacers:
            pacer.scale(1.0 if asked.rate is None else asked.rate)
        _log.info("steered", rate=asked.rate, concurrency=asked.concurrency)
        self._tell(f"Set until this run ends: {asked.words}.")

    def _tell(self, text: str) -> None:
        if not self._questions.is_open:
            self._events.notice(text)

    def _watch(self) -> None:
        while not self._end.wait(ASKED_EVERY):
            try:
                self.apply(read_control(self._checkpoint))
            except Exception as error:  # noqa: BLE001 -- whatever it is, the next look may find the `resume`
                # Of a database, the run's own next write meets the same error and knows what it means.
                _log.info("steering_not_read", kind=type(error).__name__)
