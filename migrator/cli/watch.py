"""A running run as one line: in place on a terminal, a new line per change elsewhere."""

from __future__ import annotations

import os
import sys
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

import click
from rich.console import Console
from rich.live import Live
from rich.text import Text

from migrator.cli.pace_words import how_far, pace_and_ends
from migrator.core.activity import moment_text
from migrator.core.model import NOT_STARTED, RUNNING, RunOutcome
from migrator.report.sentences import ending_sentence

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from migrator.checkpoint.runs.control import Control
    from migrator.report.eta import StageProgress
    from migrator.report.summary import RunFigures

_STATES = {
    RunOutcome.NEEDS_PERSON: "finished; some users need your attention",
    RunOutcome.DRY_RUN: "planned",
    NOT_STARTED: "not started",
}


def run_state(figures: RunFigures) -> str:
    """Whose migration it is, and the state of one that does not run, in a word or two."""
    return f"{figures.source} -> {figures.project}: {_STATES.get(figures.outcome, str(figures.outcome))}"


def watch_line(
    figures: RunFigures,
    progress: StageProgress | None,
    asked: Control,
    *,
    begins: bool = False,
    serves: bool = False,
) -> str:
    """How it ended, with its figures; of a running one the stage, how far, how fast, its end and its waits.

    Args:
        asked: what people ask of the running one.
        begins: a run holds the lease and is not stored as running: it is starting or finishing.
        serves: people are let in as they sign in, and no run works beside that.
    """
    whose = f"{figures.source} -> {figures.project}"
    if not begins and figures.outcome != RUNNING:
        return f"{whose}: {ending_sentence(figures.document())}"
    since = asked.paused_since
    state = "serving sign-ins" if serves else "running"
    if since is not None:
        state = f"paused since {moment_text(since, time.time())}"
    told = [f"{whose}: {state}{' (starting or finishing)' if begins and not serves else ''}"]
    if since is not None:
        told.append("`migrator resume` goes on")
    if progress is not None:
        told.append(", ".join([how_far(progress), *pace_and_ends(progress, progress.whole)]))
    if progress is not None and progress.waiting:
        told.append(f"Waiting: {progress.waiting}")
    if asked.words:
        told.append(f"Set: {asked.words}")
    return ". ".join(told)


@contextmanager
def watch_screen(*, err: bool) -> Iterator[Callable[[str], None]]:
    """Where the line goes; `err` keeps stdout free for JSON."""
    stream = sys.stderr if err else sys.stdout
    if stream.isatty() and os.environ.get("TERM") != "dumb":
        with Live(console=Console(stderr=err), auto_refresh=False, transient=True) as live:
            yield lambda text: live.update(Text(text), refresh=True)
        return
    shown = ""

    def show(text: str) -> None:
        nonlocal shown
        if text != shown:
            click.echo(text, err=err)
        shown = text

    yield show
