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

from migrator.cli import words
from migrator.model import NOT_STARTED, RUNNING, Outcome
from migrator.report import wording

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from migrator.report.eta import Progress
    from migrator.report.summary import Figures

_STATES = {
    Outcome.NEEDS_PERSON: "finished; some users need your attention",
    Outcome.DRY_RUN: "planned",
    NOT_STARTED: "not started",
}


def state_of_run(figures: Figures, *, begins: bool = False) -> str:
    """Whose migration it is, and its state in a word or two.

    Args:
        begins: a run holds the lease and is not in the books as running: it is starting or finishing.
    """
    state = "running (starting or finishing)" if begins else _STATES.get(figures.outcome, str(figures.outcome))
    return f"{figures.source} -> {figures.project}: {state}"


def line(figures: Figures, progress: Progress | None, *, begins: bool = False) -> str:
    """How it ended, with its figures; of a running one the stage, how far, how fast, its end and its waits."""
    if not begins and figures.outcome != RUNNING:
        return f"{figures.source} -> {figures.project}: {wording.ending(figures.document())}"
    if progress is None:
        return state_of_run(figures, begins=begins)
    parts = [words.how_far(progress), *words.pace_and_ends(progress)]
    waits = f". Waiting: {progress.waiting}" if progress.waiting else ""
    return f"{state_of_run(figures)}. {', '.join(parts)}{waits}"


@contextmanager
def screen(*, err: bool) -> Iterator[Callable[[str], None]]:
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
