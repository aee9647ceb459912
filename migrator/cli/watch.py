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

from migrator.checkpoint import books
from migrator.cli import words
from migrator.model import Outcome

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from migrator.report.eta import Progress
    from migrator.report.summary import Figures

_STATES = {
    Outcome.NEEDS_PERSON: "finished; some users need your attention",
    Outcome.DRY_RUN: "planned",
    books.NOT_STARTED: "not started",
}


def line(figures: Figures, progress: Progress | None, *, begins: bool = False) -> str:
    """How it stands, and why a run stopped; of a running one the stage, how far, how fast, its end and its waits.

    Args:
        begins: a run holds the lease and is not in the books as running: it has just begun, or it is at its end.
    """
    error = figures.document().get("error") or {}
    state = "running, and just beginning or ending" if begins else _STATES.get(figures.outcome, str(figures.outcome))
    head = f"{figures.source} -> {figures.project}: {state}"
    if progress is None:
        stopped = error.get("message") if figures.outcome != books.RUNNING and not begins else None
        return f"{head}. {stopped}" if stopped else head
    parts = [words.how_far(progress), *words.pace(progress)]
    waits = f". Waiting: {progress.waiting}" if progress.waiting else ""
    return f"{head}. {', '.join(parts)}{waits}"


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
