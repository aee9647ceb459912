"""The one live region of a run on a terminal: the stage, its pace and end, and what is waited for."""

from __future__ import annotations

import sys
from contextlib import ExitStack, redirect_stderr, redirect_stdout
from typing import TYPE_CHECKING

from rich.console import Console, Group
from rich.file_proxy import FileProxy
from rich.live import Live
from rich.padding import Padding
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from migrator.cli import colour
from migrator.cli.display import Display
from migrator.cli.pace_words import elapsed_text, ends_text, rate_text
from migrator.core.activity import pause_text
from migrator.report.eta import percent_done

if TYPE_CHECKING:
    from rich.console import RenderableType

    from migrator.cli.display import Running
    from migrator.core.clock import Clock
    from migrator.report.eta import StageProgress

INDENT = 8  # of the lines below the bar, as wide as "2 of 5  "
BELOW = 3  # lines
ROOM = 3  # columns on the right, where the terminal shows a Ctrl-C


class _Above(FileProxy):
    """A standard stream whose lines are printed above the region."""

    encoding = "utf-8"  # Rich's own says none, and Click then goes past it to the terminal
    errors = "backslashreplace"


class Bars(Display):
    """One bar for the stage that goes on; what is over stays as a plain line above it.

    Whatever is written to stdout and stderr meanwhile, log lines too, is printed above the region.
    """

    def __init__(self, clock: Clock) -> None:
        super().__init__(clock)
        self._console = Console(stderr=True, highlight=False)
        self._taken: ExitStack | None = None  # the terminal, while the region is on it
        self._now: StageProgress | None = None
        self._whole: tuple[float, float] | None = None

    def stage(self, name: str) -> None:
        """A bar for this one, and the region for it."""
        self._now = self._whole = None
        super().stage(name)
        if self._taken is None:
            self._taken = ExitStack()
            self._taken.enter_context(redirect_stderr(_Above(self._console, sys.stderr)))
            if sys.stdout.isatty():  # else what goes there is not for the screen
                self._taken.enter_context(redirect_stdout(_Above(self._console, sys.stdout)))
            live = Live(
                console=self._console,
                get_renderable=self._render,
                refresh_per_second=4,
                transient=True,
                redirect_stdout=False,
                redirect_stderr=False,
            )
            # Drawn at once: where the first frame meets a printed line, Rich goes up over lines that are not its own.
            live.start(refresh=True)
            self._taken.callback(live.stop)

    def again(self, stage: str, why: str) -> None:
        """What was measured before says nothing now."""
        self._now = self._whole = None
        super().again(stage, why)

    def measured(self, now: StageProgress, whole: tuple[float, float] | None) -> None:
        """Keep it for the next look."""
        self._now, self._whole = now, whole

    def say(self, text: str) -> None:
        """Above the region."""
        self._console.print(Text(text))

    def done(self, text: str) -> None:
        """The tick is green."""
        self._console.print(Text.assemble((text[:1], colour.GOOD), text[1:]))

    def let_go(self) -> None:
        """Take the region away."""
        taken, self._taken = self._taken, None
        if taken is not None:
            taken.close()

    # --- what it looks like --------------------------------------------------------------------

    def _render(self) -> RenderableType:
        running = self.running
        # Always as many lines, for a printed line and a refresh may meet: Rich then counts on the same height.
        below = self._below(running) if running is not None else [Text()] * BELOW
        below = [text or Text(" ") for text in below]
        lines = [Padding(text, (0, ROOM, 0, INDENT), expand=False) for text in below]
        return Group(_bar(running) if running is not None else Text(), *lines)

    def _below(self, running: Running) -> list[Text]:
        """How long and how fast, when it ends, and what it waits for or why it goes through everybody again."""
        paused = self._clock.paused_since
        is_measured = paused is None and self._now is not None and self._now.stage == running.name
        now = self._now if is_measured else None
        elapsed = f"{elapsed_text(self._clock.monotonic() - running.began)} so far"
        speed = [rate_text(now), *ends_text(now, self._whole)] if now is not None else []
        wait = self._clock.activity.wait
        if paused is not None:
            last = Text(pause_text(paused, self._clock.time()), style=colour.CARE)
        elif wait is not None:
            last = Text(wait.now(self._clock.monotonic()), style=colour.CARE)
        else:
            last = Text(running.why_again[:1].upper() + running.why_again[1:] or self.beside)
        end = ", ".join(speed[1:])
        lines = [Text(", ".join(filter(None, [elapsed, *speed[:1]]))), Text(end[:1].upper() + end[1:]), last]
        for line in lines:
            line.no_wrap, line.overflow = True, "ellipsis"
        return lines


def _bar(running: Running) -> Table:
    grid = Table.grid(padding=(0, 2, 0, 0), expand=True)
    grid.add_column(no_wrap=True)
    grid.add_column(ratio=1)
    grid.add_column(no_wrap=True, justify="right")
    bar = ProgressBar(
        total=running.total, completed=running.done, pulse=running.total is None,
        complete_style="cyan", finished_style=colour.GOOD, pulse_style="cyan",
    )  # fmt: skip
    of = "" if running.total is None else f" of {running.total:,}  {percent_done(running.done, running.total)} %"
    count = f"{running.done:,}{of}" if running.done or of else ""
    grid.add_row(running.title, bar, count)
    return grid
