"""The runs inside the server: one at the start, and again after some hours."""

from __future__ import annotations

import threading
from contextlib import suppress
from typing import TYPE_CHECKING

from migrator.core.clock import Clock
from migrator.core.errors import Interrupted, LeaseLost, MigratorError
from migrator.log.setup import get_logger

if TYPE_CHECKING:
    from collections.abc import Callable

    from migrator.report.summary import RunFigures

_log = get_logger(__name__)

AGAIN_AFTER = 900.0  # seconds after which a run that stopped early goes on


class RunsInside:
    """Runs, one after the other, in a thread of its own.

    Attributes:
        lost: the error after which no run can begin any more; None while all is well.

    Args:
        run: one run, with the clock that ends it.
        every: seconds from the end of a run to the next one.
        told: gets the figures of each run that has ended, or why it did not begin.
    """

    def __init__(
        self,
        run: Callable[[Clock], RunFigures],
        every: float,
        told: Callable[[RunFigures | MigratorError], None],
    ) -> None:
        self.lost: MigratorError | None = None
        self._run = run
        self._every = every
        self._told = told
        self._pause = Clock()
        self._clock = Clock()
        self._thread = threading.Thread(target=self._work, name="runs", daemon=True)

    def start(self) -> None:
        """Begin the first run."""
        self._thread.start()

    def stop(self) -> None:
        """End the run at work in order; returns when it has ended."""
        self._pause.request_stop()
        self._clock.request_stop()
        self._thread.join()

    def _work(self) -> None:
        try:
            while True:
                self._pause.check()
                self._pause.wait(self._every if self._once() else min(self._every, AGAIN_AFTER))
        except Interrupted:
            pass
        except LeaseLost as error:
            self.lost = error

    def _once(self) -> bool:
        """One run; whether it came to its end."""
        # A clock of its own: a pause ends with its run.
        self._clock = clock = Clock()
        self._pause.check()
        try:
            figures = self._run(clock)
            if not isinstance(figures.error, LeaseLost):
                self._told(figures)
        except (Interrupted, LeaseLost):
            raise
        except MigratorError as error:
            with suppress(OSError):
                self._told(error)
            return False
        except Exception as error:  # noqa: BLE001 -- neither a bug in a run nor a lost terminal may end the runs
            _log.error("run_inside_failed", kind=type(error).__name__)
            return False
        if isinstance(figures.error, LeaseLost):
            raise figures.error
        return figures.error is None
