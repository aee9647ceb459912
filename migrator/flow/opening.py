"""Open everything that a command works with which holds the lease: both APIs, the checkpoint, and who listens."""

from __future__ import annotations

from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from migrator.checkpoint.binding import Binding
from migrator.checkpoint.db.checkpoint import SERVE, Checkpoint
from migrator.checkpoint.runs.pace_memory import StoredPace
from migrator.core.model import Lane
from migrator.descope.reader import DescopeReader
from migrator.descope.writer import DescopeWriter
from migrator.docebo.client import DoceboClient
from migrator.flow.context import PlanContext, ProjectAttributes
from migrator.flow.logbook import BatchLog, Logbook
from migrator.flow.options import Questions
from migrator.flow.progress_recorder import ProgressRecorder
from migrator.flow.steering import Steering
from migrator.http.retry import LASTING
from migrator.normalize.mapping import Normalizer

if TYPE_CHECKING:
    from collections.abc import Iterator

    from migrator.config.schema import Config
    from migrator.core.clock import Clock
    from migrator.flow.options import RunEvents, RunOptions
    from migrator.http.retry import Patience


@dataclass(frozen=True, slots=True)
class OpenedRun:
    """What is open while a command works; `writer` is None for one that must not write to Descope."""

    context: PlanContext
    writer: DescopeWriter | None
    logbook: Logbook
    recorder: ProgressRecorder
    batch_log: BatchLog


@contextmanager
def open_run(
    config: Config, options: RunOptions, clock: Clock, events: RunEvents, *, create: bool = True
) -> Iterator[OpenedRun]:
    """Hold the lease, and keep everything open until the block ends.

    Args:
        create: make a checkpoint where there is none yet.

    Raises:
        ConfigError: the checkpoint cannot be used.
        LeaseHeld: another run is in progress.
    """
    url, key = config.checkpoint.sqlalchemy_url, config.checkpoint.key
    with _clients(config, options, clock) as clients:
        opened = Checkpoint(url, key, clock, upgrade=options.upgrade, create=create, command=options.command)
        with opened as checkpoint, _opened(config, options, clock, events, checkpoint, clients) as run:
            yield run


@contextmanager
def open_in_lane(
    config: Config,
    options: RunOptions,
    clock: Clock,
    events: RunEvents,
    checkpoint: Checkpoint,
    lane: Lane,
    patience: Patience = LASTING,
) -> Iterator[OpenedRun]:
    """The same under a lease that this process holds already, beside others who send in a lane of their own.

    Args:
        checkpoint: holds the lease.
        patience: for a server that does not answer.
    """
    clock.guard(checkpoint.check_lease)
    with (
        _clients(config, options, clock, patience) as clients,
        _opened(config, options, clock, events, checkpoint.aside(), clients, lane) as run,
    ):
        yield run


class _Clients(NamedTuple):
    docebo: DoceboClient
    descope: DescopeReader
    writer: DescopeWriter | None


@contextmanager
def _clients(config: Config, options: RunOptions, clock: Clock, patience: Patience = LASTING) -> Iterator[_Clients]:
    with ExitStack() as stack:
        docebo = DoceboClient(config.docebo, clock, patience=patience)
        stack.callback(docebo.close)
        # A plan has no writer at all, so the type checker proves that it cannot write.
        writer = None if options.dry_run else DescopeWriter(config.descope, clock, patience=patience)
        descope = writer or DescopeReader(config.descope, clock, patience=patience)
        stack.callback(descope.close)
        yield _Clients(docebo, descope, writer)


@contextmanager
def _opened(
    config: Config,
    options: RunOptions,
    clock: Clock,
    events: RunEvents,
    checkpoint: Checkpoint,
    clients: _Clients,
    lane: Lane | None = None,
) -> Iterator[OpenedRun]:
    docebo, descope, writer = clients
    with ExitStack() as stack:
        for api, client in (("Docebo", docebo), ("Descope", descope)):
            # What sign-ins use is no part of what the run beside them may use.
            name = f"{api}, sign-ins" if lane is Lane.SIGN_IN else api
            stack.enter_context(client.pacer.remembering(StoredPace(checkpoint, name, checkpoint.write)))
        logbook, questions = Logbook(events, clock, docebo, descope), Questions(clock)
        steering = Steering(config, clock, checkpoint, (docebo.pacer, descope.pacer), logbook, questions)
        recorder = ProgressRecorder(logbook, steering, clock, checkpoint, (docebo, descope), questions)
        context = PlanContext(
            config, options, clock, recorder, questions, steering, checkpoint, docebo, descope,
            Normalizer(config.mapping, config.docebo.platform), ProjectAttributes(), lane=lane,
        )  # fmt: skip
        stack.enter_context(steering)
        yield OpenedRun(context, writer, logbook, recorder, stack.enter_context(_batch_log(context)))


@contextmanager
def _batch_log(context: PlanContext) -> Iterator[BatchLog]:
    """The log of the batches, which times them where a file of metrics is wanted: it tells of runs alone."""
    path = context.config.metrics.path
    if path is None or context.options.command == SERVE:
        yield BatchLog()
        return
    from migrator.flow.metrics import RunMetrics  # noqa: PLC0415 -- takes long to load, and few want it

    metrics = RunMetrics(context.config, context.clock, context.checkpoint, context.docebo, context.descope)
    with metrics.writing(path):
        yield BatchLog(metrics.time_batch)


def wanted_binding(config: Config) -> Binding:
    """What the configuration wants the checkpoint to belong to."""
    return Binding(
        source=config.docebo.platform,
        project=config.descope.project_id,
        target_host=config.descope.host,
        mapping=config.mapping.fingerprint(),
        policy=config.policy.fingerprint(),
        mapping_section=config.mapping.to_json(),
    )
