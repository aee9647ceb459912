"""`migrator status`: how far the migration is, from the checkpoint; and if asked, who has signed in, from Descope."""

from __future__ import annotations

import sys
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

import click

from migrator.checkpoint.db.checkpoint import SERVE
from migrator.checkpoint.runs.control import NOTHING_ASKED, Control, ControlKeys, read_control
from migrator.checkpoint.runs.history import last_run
from migrator.checkpoint.runs.progress import recent_progress
from migrator.cli import audit, streams
from migrator.cli.command import Common, with_common_options
from migrator.cli.reading import checkpoint_beside_run
from migrator.cli.render import standing_text
from migrator.cli.signed_in import SignedInKeys, ask_signed_in, signed_in_text
from migrator.cli.watch import run_state, watch_line, watch_screen
from migrator.core.clock import Clock
from migrator.core.model import ARRIVED_STATES, RUNNING
from migrator.flow.progress_recorder import PAUSED
from migrator.flow.time_left import steps_ahead, with_ends
from migrator.report import gather
from migrator.report.document import FiguresKeys
from migrator.report.eta import ProgressDocument, stage_progress
from migrator.report.files import existing_reports

if TYPE_CHECKING:
    from migrator.checkpoint.db.checkpoint import Checkpoint
    from migrator.cli.signed_in import SignedInDocument
    from migrator.config.schema import Config
    from migrator.report.eta import StageProgress
    from migrator.report.summary import RunFigures

LOOK_BACK = 3600.0  # seconds of a run that say how fast it is


class StatusDocument(FiguresKeys, ControlKeys, SignedInKeys):
    """How far the migration is. `migrator status` prints it.

    `progress` is None unless a run is in progress and has told; with --signed-in there is one more key, `signed_in`.
    """

    schema: Literal["status/1"]
    progress: ProgressDocument | None


@dataclass(frozen=True, slots=True)
class StatusView:
    """What the checkpoint tells at one moment; `progress` is None unless a run is in progress and has told.

    `begins` says that a run holds the lease and is not stored as running: it is starting or finishing. `asked` is what
    people ask of a run in progress. `serves` says that people are let in as they sign in, with no run beside that.
    """

    figures: RunFigures
    progress: StageProgress | None
    begins: bool = False
    asked: Control = NOTHING_ASKED
    serves: bool = False

    @property
    def running(self) -> bool:
        """Whether a run is at work, or starting or finishing."""
        return self.begins or self.figures.outcome == RUNNING

    @property
    def line(self) -> str:
        """All of it in one line."""
        return watch_line(self.figures, self.progress, self.asked, begins=self.begins, serves=self.serves)

    def document(self, signed_in: SignedInDocument | None = None) -> StatusDocument:
        """The JSON document, with what Descope was asked about sign-ins."""
        extra: SignedInKeys = {"signed_in": signed_in} if signed_in else {}
        progress = self.progress.document() if self.progress else None
        return {"schema": "status/1", **self.figures.keys(), **self.asked.keys(), "progress": progress, **extra}


@click.command()
@click.option("--watch", "watching", is_flag=True, help="Keep showing it until the run ends.")
@click.option(
    "--interval", type=click.FloatRange(min=0.1, max=3600), default=2.0, show_default=True,
    help="Seconds between two updates with --watch.",
)  # fmt: skip
@click.option("--signed-in", is_flag=True, help="Also ask Descope which of the migrated users have signed in.")
@with_common_options
def status_command(common: Common, watching: bool, interval: float, signed_in: bool) -> int:
    """Show how far the migration is, from any shell, even while it runs.

    Reads only the checkpoint; without --signed-in, neither Docebo nor Descope is asked. While a run is in progress it
    shows the stage, the users a second over the last minute, why it is waiting, and when the stage and the run will
    end, as ranges; or since when it is paused.

    With --signed-in, Descope is asked about everybody who arrived: sign-in history, audit trail (its last 30 days, as
    a cross-check), credentials and freshlyMigrated. It changes nothing there, works beside a run, and first says how
    many calls it makes. Classes: signed_in; not_yet; unknown (Descope refuses to tell); gone (no longer in Descope).
    not-signed-in.csv in the report folder lists all but the first, by last access to Docebo, the newest first.

    \b
    Example:
      migrator status --json
      migrator status --watch
      migrator status --signed-in

    \b
    Exit codes: 0 shown, 2 configuration or no checkpoint yet, 4 Descope could not be read (--signed-in; ask again),
    129/130/143 interrupted.
    """  # noqa: D301 -- Click's \b
    if watching and signed_in:
        raise click.UsageError("--watch reads the checkpoint alone: ask --signed-in without it.")
    config = common.load(offline=not signed_in, without_docebo=True)
    clock = Clock()
    with checkpoint_beside_run(config, clock) as checkpoint:
        people = not common.as_json
        view = read_status(config, checkpoint, predicted=people)
        if watching:
            with watch_screen(err=common.as_json) as show_line:
                while view.running and not streams.is_unread(sys.stderr if common.as_json else sys.stdout):
                    show_line(view.line)
                    clock.wait(interval)
                    view = read_status(config, checkpoint, predicted=people)
        asked = ask_signed_in(common, config, checkpoint) if signed_in else None
    if asked is not None:
        audit.log_signed_in(asked)
    if common.as_json:
        common.print_json(view.document(asked))
    else:
        quiet = common.verbosity < 0
        click.echo(view.line if view.running or quiet else run_state(view.figures))
        if not quiet:
            click.echo("\n".join(standing_text(view.figures, serves=view.serves)))
        if asked is not None:
            click.echo("\n".join(signed_in_text(asked)))
    return 0


def read_status(config: Config, checkpoint: Checkpoint, *, predicted: bool = False) -> StatusView:
    """What the checkpoint tells now.

    Args:
        predicted: after a plan, count planned users as what they would become.
    """
    # The lease is looked at first: a run that ends in between then shows as running, and is looked at again.
    holder = checkpoint.held_by()
    held = holder is not None
    last = last_run(checkpoint)
    figures = gather.figures_of_last_run(checkpoint, config, held=held, predicted=predicted)
    figures.reports = existing_reports(config.report.path)
    asked = read_control(checkpoint) if held else NOTHING_ASKED
    if not held or not last or last.finished_at is not None:
        return StatusView(figures, None, begins=held, asked=asked, serves=holder == SERVE)
    if last.command == SERVE:
        return StatusView(figures, None, asked=asked, serves=True)
    samples = recent_progress(checkpoint, last.number, LOOK_BACK)
    now = stage_progress(samples)
    if now is None:
        return StatusView(figures, None, asked=asked)
    if asked.paused_since is not None:  # nobody knows when it goes on
        return StatusView(figures, replace(now, rate=None, eta=None, waiting=None), asked=asked)
    if now.waiting == PAUSED:  # the run has not told yet that it goes on
        now = replace(now, waiting=None)
    arrived = sum(figures.books.states[state] for state in ARRIVED_STATES)
    config = config.steered(asked.rate, asked.concurrency)
    ends = with_ends(now, steps_ahead(samples, last.command), samples, config, arrived)
    return StatusView(figures, ends, asked=asked)
