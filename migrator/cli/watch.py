"""A running run as one line: in place on a terminal, a new line per change elsewhere."""

from __future__ import annotations

import os
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING

import click
from rich.console import Console
from rich.live import Live
from rich.text import Text

from migrator.cli.pace_words import how_far, pace_and_ends
from migrator.core.model import NOT_STARTED, RUNNING, RunOutcome
from migrator.report.sentences import ending_sentence

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from migrator.report.eta import StageProgress
    from migrator.report.summary import RunFigures

_STATES = {
    RunOutcome.NEEDS_PERSON: "finished; some users need your attention",
    RunOutcome.DRY_RUN: "planned",
    NOT_STARTED: "not started",
}


def run_state(figures: RunFigures, *, begins: bool = False) -> str:
    """Whose migration it is, and its state in a word or two.

    Args:
        begins: a run holds the lease and is not stored as running: it is starting or finishing.
    """
    state = "running (starting or finishing)" if begins else _STATES.get(figures.outcome, str(figures.outcome))
    return f"{figures.source} -> {figures.project}: {state}"


def watch_line(figures: RunFigures, progress: StageProgress | None, *, begins: bool = False) -> str:
    """How it ended, with its figures; of a running one the stage, how far, how fast, its end and its waits."""
    if not begins and figures.outcome != RUNNING:
        return f"{figures.source} -> {figures.project}: {ending_sentence(figures.document())}"
    if progress is None:
        return run_state(figures, begins=begins)
    parts = [how_far(progress), *pace_and_ends(progress, progress.whole)]
    waits = f". Waiting: {progress.waiting}" if progress.waiting else ""
    return f"{run_state(figures)}. {', '.join(parts)}{waits}"


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
