"""How a run shows that it works: bars on a terminal, a line every 10 % elsewhere, nothing when quiet."""

from __future__ import annotations

import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING

import click
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeElapsedColumn

from migrator.engine.job import Events

if TYPE_CHECKING:
    from collections.abc import Iterator

TITLES = {
    "check": "Checking both sides",
    "read": "Reading Docebo",
    "plan": "Looking up in Descope",
    "send": "Sending to Descope",
    "verify": "Reading Descope back",
}


class Lines(Events):
    """One line per stage and per 10 % of it, on stderr."""

    def __init__(self) -> None:
        self._tenth: dict[str, int] = {}

    def stage(self, name: str) -> None:
        """Name the stage."""
        self._tenth[name] = 0
        click.echo(f"{TITLES[name]} ...", err=True)

    def progress(self, stage: str, done: int, total: int | None) -> None:
        """A line when another tenth is through."""
        tenth = done * 10 // total if total else 0
        if tenth > self._tenth.get(stage, 0):
            self._tenth[stage] = tenth
            click.echo(f"{TITLES[stage]}: {min(tenth, 10) * 10} % ({done} of {total})", err=True)

    def notice(self, text: str) -> None:
        """Pass it on."""
        click.echo(text, err=True)


class Bars(Events):
    """One bar per stage."""

    def __init__(self, progress: Progress) -> None:
        self._progress = progress
        self._tasks: dict[str, TaskID] = {}

    def stage(self, name: str) -> None:
        """A new bar."""
        self._tasks[name] = self._progress.add_task(TITLES[name], total=None)

    def progress(self, stage: str, done: int, total: int | None) -> None:
        """Move the bar."""
        self._progress.update(self._tasks[stage], completed=done, total=total)

    def notice(self, text: str) -> None:
        """A line above the bars."""
        self._progress.console.print(text, markup=False, highlight=False)


@contextmanager
def events(*, quiet: bool) -> Iterator[Events]:
    """The right kind for where stderr goes."""
    if quiet:
        yield Events()
    elif sys.stderr.isatty():
        columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
        with Progress(*columns, console=Console(stderr=True)) as progress:
            yield Bars(progress)
    else:
        yield Lines()
