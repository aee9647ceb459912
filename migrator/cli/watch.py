"""A running run as one line: in place on a terminal, a new line per change elsewhere."""

from __future__ import annotations

import sys
from contextlib import contextmanager
from datetime import timedelta
from typing import TYPE_CHECKING

import click
from rich.console import Console
from rich.live import Live
from rich.text import Text

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from migrator.report.eta import Progress
    from migrator.report.summary import Figures

MANY = 10  # seconds or users a second from which fractions say nothing


def line(figures: Figures, progress: Progress | None) -> str:
    """State, step, how far, rate, why it waits, and when the step will end."""
    parts = [f"{figures.source} -> {figures.project}: {figures.outcome}"]
    if progress is not None:
        of = f" of {progress.total:,}" if progress.total is not None else ""
        parts.append(f"{progress.stage} {progress.done:,}{of}")
        if progress.rate is not None:
            parts.append(f"{progress.rate:,.{0 if progress.rate >= MANY else 1}f} users/s")
        if progress.waiting:
            parts.append(f"waiting: {progress.waiting}")
        if progress.eta is not None:
            parts.append(f"this step ends in {span(*progress.eta)}")
    return ", ".join(parts)


def span(low: float, high: float) -> str:
    """A range of seconds for people."""
    ends = [str(timedelta(seconds=round(seconds))) for seconds in (low, high)]
    return ends[0] if ends[0] == ends[1] else f"{ends[0]} to {ends[1]}"


@contextmanager
def screen(*, err: bool) -> Iterator[Callable[[str], None]]:
    """Where the line goes; `err` keeps stdout free for JSON."""
    stream = sys.stderr if err else sys.stdout
    if stream.isatty():
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
