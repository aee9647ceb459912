"""`migrator status`: how far the migration is, from the checkpoint alone."""

from __future__ import annotations

import click

from migrator.checkpoint import books
from migrator.checkpoint.checkpoint import Checkpoint
from migrator.cli import show
from migrator.cli.common import Common, command
from migrator.clock import Clock
from migrator.report import files
from migrator.report.summary import CALLS, Figures

RUNNING = "running"


@click.command()
@command
def status(common: Common) -> int:
    """Show how far the migration is, from any shell, also while it runs.

    Reads the checkpoint only; neither Docebo nor Descope is asked.

    \b
    Example:
      migrator status --json

    \b
    Exit codes: 0 shown, 2 configuration or no checkpoint yet.
    """  # noqa: D301 -- Click's \b
    config = common.load()
    clock = Clock()
    checkpoint = Checkpoint(config.checkpoint.sqlalchemy_url, config.checkpoint.key, clock, upgrade=False, create=False)
    try:
        last = books.last_run(checkpoint) or {}
        held = checkpoint.is_held()
        summary = last.get("summary") or {}
        started = last.get("started_at")
        finished = last.get("finished_at") or (clock.time() if held else started)
        figures = Figures(
            source=config.docebo.platform,
            project=config.descope.project_id,
            # A run that neither holds the lease nor said how it ended was killed.
            outcome=RUNNING if held else (last.get("outcome") or "stopped"),
            books=books.count(checkpoint),
            calls=summary.get("calls") or dict.fromkeys(CALLS, 0),
            seconds=max(0.0, finished - started) if started else 0.0,
            reports=files.existing(config.report.path),
        )
    finally:
        checkpoint.db.close()
    if common.as_json:
        common.print_json(figures.document())
    else:
        click.echo(f"{figures.source} -> {figures.project}: {figures.outcome}")
        click.echo("\n".join(show.counts(figures)))
    return 0
