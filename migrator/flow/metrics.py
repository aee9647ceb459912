"""The numbers of a run as a Prometheus text file; no personal data (docs/decisions/0022)."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING

from prometheus_client import CollectorRegistry, Histogram, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.registry import Collector

from migrator.checkpoint.runs.history import last_run
from migrator.checkpoint.runs.runs import outcome_now
from migrator.checkpoint.users.counts import count_users
from migrator.core.errors import ConfigError, MigratorError
from migrator.core.model import RUNNING, RunOutcome
from migrator.log.setup import get_logger
from migrator.report.atomic_file import write_atomically

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from prometheus_client import Metric

    from migrator.checkpoint.db.checkpoint import Checkpoint
    from migrator.config.schema import Config
    from migrator.core.clock import Clock
    from migrator.descope.reader import DescopeReader
    from migrator.docebo.client import DoceboClient

_log = get_logger(__name__)

_PAUSE = 5.0  # seconds between two versions of the file
_SHARE = 0.02  # of the time, at most, is spent on it: counting a million users takes a while
_SECONDS = (0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300)  # of a batch


class RunMetrics(Collector):
    """Collects the numbers of the run at work, when a file of them is written."""

    def __init__(
        self, config: Config, clock: Clock, checkpoint: Checkpoint, docebo: DoceboClient, descope: DescopeReader
    ) -> None:
        self._clock = clock
        self._checkpoint = checkpoint
        self._docebo = docebo
        self._descope = descope
        self._whose: dict[str, str] = {"source": config.docebo.platform, "project": config.descope.project_id}
        self._registry = CollectorRegistry()
        self._batches = Histogram(
            "migrator_batch_seconds",
            "How long batches of writes took, from the intent to the last answer, waits included.",
            ["call", *self._whose],
            buckets=_SECONDS,
            registry=self._registry,
        )
        self._registry.register(self)

    def time_batch(self, call: str, seconds: float) -> None:
        """Count a batch of writes that took so many seconds."""
        self._batches.labels(call=call, **self._whose).observe(seconds)

    @contextmanager
    def writing(self, path: Path) -> Iterator[None]:
        """Replace the file every few seconds, and once more at the end.

        Raises:
            ConfigError: it cannot be written; that is known before anything else is done. Later, it is only logged.
        """
        try:
            self._write(path)
        except OSError as error:
            raise ConfigError(
                f"The metrics cannot be written to {path}: {error.strerror}.",
                fix="Set metrics.file to a file in a folder that is there and that you can write to.",
            ) from None
        end = threading.Event()
        thread = threading.Thread(target=self._keep_writing, args=(path, end), name="metrics", daemon=True)
        thread.start()
        try:
            yield
        finally:
            end.set()
            thread.join()
            self._try_to_write(path)

    def _keep_writing(self, path: Path, end: threading.Event) -> None:
        pause = _PAUSE
        while not end.wait(pause):
            began = self._clock.exchange_time()
            self._try_to_write(path)
            pause = max(_PAUSE, (self._clock.exchange_time() - began) / _SHARE)

    def _try_to_write(self, path: Path) -> None:
        try:
            self._write(path)
        except (MigratorError, OSError) as error:
            # The run goes on without it: users matter more than their numbers.
            _log.warning("metrics_not_written", kind=type(error).__name__)

    def _write(self, path: Path) -> None:
        text = generate_latest(self._registry).decode()
        with write_atomically(path, mode=0o644) as file:
            file.write(text)

    def describe(self) -> Iterator[Metric]:
        """Nothing: asking for names must not read the checkpoint."""
        return iter(())

    def collect(self) -> Iterator[Metric]:
        """The numbers as they are now.

        Raises:
            MigratorError: the checkpoint cannot be read.
        """
        clock, last = self._clock, last_run(self._checkpoint)
        users = count_users(self._checkpoint)
        told = outcome_now(last, held=last is not None and last.finished_at is None)
        yield self._gauge("users", "Docebo users by state.", users.states, "state")
        yield self._gauge("reasons", "Users who were left out or need a person, by reason.", users.reasons, "reason")
        outcomes = {one: float(one == told) for one in (RUNNING, *RunOutcome)}
        yield self._gauge("run_outcome", "1 for how the newest run ended, or that it is running.", outcomes, "outcome")
        yield self._gauge("run_number", "The number of the newest run.", last.number if last else 0)
        yield self._gauge("run_started_timestamp_seconds", "When it began.", last.started_at if last else 0)
        yield self._gauge("updated_timestamp_seconds", "When this file was written.", clock.time())
        yield self._gauge("paused", "1 while the run is paused.", clock.paused_since is not None)
        yield self._gauge("waiting", "1 while a worker waits for a limit or a server.", clock.activity.wait is not None)
        yield self._counter("wait_seconds", "Seconds that workers waited, all together.", clock.activity.waited)
        calls = {"docebo": self._docebo.calls, "descope": self._descope.calls}
        yield self._counter("calls", "Requests sent by this command.", calls, "api")
        yield self._counter("writes", "Requests among them that may change something.", self._descope.writes)
        throttled = {"docebo": self._docebo.throttled, "descope": self._descope.throttled}
        yield self._counter("throttled", "Requests that were answered with 429.", throttled, "api")

    def _gauge(
        self, name: str, text: str, values: Mapping[str, float] | float, label: str | None = None
    ) -> GaugeMetricFamily:
        family = GaugeMetricFamily(f"migrator_{name}", text, labels=self._labels(label))
        self._fill(family, values)
        return family

    def _counter(
        self, name: str, text: str, values: Mapping[str, float] | float, label: str | None = None
    ) -> CounterMetricFamily:
        family = CounterMetricFamily(f"migrator_{name}", text, labels=self._labels(label))
        self._fill(family, values)
        return family

    def _labels(self, label: str | None) -> list[str]:
        return [*self._whose, *([label] if label else [])]

    def _fill(self, family: GaugeMetricFamily | CounterMetricFamily, values: Mapping[str, float] | float) -> None:
        whose = list(self._whose.values())
        if not isinstance(values, Mapping):
            family.add_metric(whose, float(values))
            return
        for label, value in values.items():
            family.add_metric([*whose, str(label)], float(value))
