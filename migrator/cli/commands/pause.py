"""`migrator pause`: nothing is sent until `migrator resume`."""

from __future__ import annotations

import time
from dataclasses import replace

import click

from migrator.cli.command import Common, with_common_options
from migrator.cli.steer import ask_run, nobody_at_work
from migrator.core.activity import pause_text


@click.command()
@with_common_options
def pause_command(common: Common) -> int:
    """Pause the run at work: it sends nothing to Docebo or Descope until `migrator resume`.

    Requests in flight are finished. Two seconds later nothing goes out any more, whatever the run does or waits for.
    It stays alive and keeps its lease; its own screen and `migrator status` say since when it is paused, and Ctrl-C
    ends it as always. A pause ends with its run, so that the next run is not paused.

    It works from any shell, through the checkpoint, for `run` and `plan`.

    \b
    Example:
      migrator pause

    \b
    Exit codes: 0 paused (or it was already), 2 configuration, no checkpoint yet, or no run is at work.
    """  # noqa: D301 -- Click's \b
    now = time.time()
    asked = ask_run(common.load(offline=True), lambda was: was if was.paused_since else replace(was, paused_since=now))
    if asked is None:
        raise nobody_at_work("pause")
    before, after = asked
    if common.as_json:
        common.print_json(after.document())
    elif before.paused_since is not None:
        click.echo(f"It is already paused. {pause_text(before.paused_since, now)}")
    else:
        click.echo("Paused: requests in flight are finished, and no other begins. `migrator resume` goes on.")
    return 0
