"""How a run shows that it works: a live region on a terminal, lines elsewhere, nothing when quiet."""

from __future__ import annotations

import os
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING

import click

from migrator.cli.display import Display, shown
from migrator.cli.live import Bars
from migrator.flow.options import RunEvents
from migrator.report.eta import percent_done
from migrator.report.stages import stage_doing

if TYPE_CHECKING:
    from collections.abc import Iterator

    from migrator.core.activity import Wait
    from migrator.core.clock import Clock


class Lines(Display):
    """On stderr: a line when a stage begins, per 10 % of it, when it is over, and per wait."""

    def __init__(self, clock: Clock) -> None:
        super().__init__(clock)
        self._tenth = 0
        clock.activity.listener = self._waits

    def stage(self, name: str) -> None:
        """Name the stage."""
        super().stage(name)
        self._tenth = 0
        if self.running is not None:
            self.say(f"{self.running.title} ...")

    def again(self, stage: str, why: str) -> None:
        """Say why, and count its tenths anew."""
        super().again(stage, why)
        self._tenth = 0
        self.say(f"{stage_doing(stage)} {why} ...")

    def progress(self, stage: str, done: int, total: int | None) -> None:
        """A line when another tenth is through."""
        super().progress(stage, done, total)
        tenth = done * 10 // total if total else 0
        if tenth > self._tenth:
            self._tenth = tenth
            known = max(done, total or 0)  # a list can grow while it is read
            self.say(f"{stage_doing(stage)}: {percent_done(done, known)} % ({done} of {known})")

    def say(self, text: str) -> None:
        """A line."""
        click.echo(text, err=True)

    def done(self, text: str) -> None:
        """A line."""
        self.say(text)

    def _waits(self, wait: Wait) -> None:
        self.say(f"{wait.text}.")


@contextmanager
def events(clock: Clock, *, quiet: bool) -> Iterator[RunEvents]:
    """The right kind for where stderr goes."""
    if quiet:
        yield RunEvents()
        return
    on_terminal = sys.stderr.isatty() and os.environ.get("TERM") != "dumb"
    with shown(Bars(clock) if on_terminal else Lines(clock)) as display:
        yield display
