"""`migrator resume`: a paused run goes on."""

from __future__ import annotations

import time
from dataclasses import replace

import click

from migrator.checkpoint.runs.control import NOTHING_ASKED
from migrator.cli.command import Common, with_common_options
from migrator.cli.steer import ask_run
from migrator.core.activity import spoken


@click.command()
@with_common_options
def resume_command(common: Common) -> int:
    """Let a paused run go on, from any shell; it does so within two seconds.

    Where nothing is paused, it says so and changes nothing.

    \b
    Example:
      migrator resume

    \b
    Exit codes: 0 the run goes on, or nothing was paused; 2 configuration or no checkpoint yet.
    """  # noqa: D301 -- Click's \b
    asked = ask_run(common.load(offline=True), lambda was: replace(was, paused_since=None))
    before, after = asked or (NOTHING_ASKED, NOTHING_ASKED)
    if common.as_json:
        common.print_json(after.document())
    elif asked is None:
        click.echo("No run is at work, so nothing is paused.")
    elif before.paused_since is None:
        click.echo("Nothing is paused.")
    else:
        click.echo(f"Resumed after {spoken(max(0.0, time.time() - before.paused_since))}.")
    return 0
