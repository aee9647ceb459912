"""What a run shows while it works: which stage it is in, what each was when it ended, and room for questions."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from migrator.cli.pace_words import elapsed_text
from migrator.flow.options import RunEvents
from migrator.report.stages import STAGES, stage_count

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from migrator.core.clock import Clock

TICK = "\N{CHECK MARK}"


@dataclass(slots=True)
class Running:
    """The stage that goes on: `number` is "2 of 5  " or empty, `began` in monotonic seconds."""

    name: str
    number: str
    began: float
    done: int = 0
    total: int | None = None
    why_again: str = ""
    times: int = 1

    @property
    def title(self) -> str:
        """`2 of 5  Reading Docebo`."""
        return f"{self.number}{STAGES[self.name].doing}"

    @property
    def is_through(self) -> bool:
        """Whether everybody is through."""
        return self.total is not None and self.done >= self.total

    def finished(self, now: float) -> str:
        """`2 of 5  Read Docebo: 3,024 users in 0:12`."""
        count = "" if self.total is None and not self.done else f": {stage_count(self.name, self.done)}"
        times = f", in {self.times} readings" if self.times > 1 else ""
        return f"{self.number}{STAGES[self.name].done}{count} in {elapsed_text(now - self.began)}{times}"

    def unfinished(self, now: float) -> str:
        """`4 of 5  Sending to Descope: stopped at 300 of 700 users after 0:12`."""
        at = f" at {self.done:,} of {stage_count(self.name, self.total)}" if self.total is not None else ""
        return f"{self.title}: stopped{at} after {elapsed_text(now - self.began)}"


class Display(RunEvents):
    """Keeps track of the stages; what it looks like is up to its kinds.

    A stage is over when the next one begins, or when somebody is asked something.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._steps: list[str] = []
        self._at = 0
        self.running: Running | None = None
        self.beside = ""  # what goes on beside the stage

    # --- for the kinds -------------------------------------------------------------------------

    def say(self, text: str) -> None:
        """Print a line that stays."""

    def done(self, text: str) -> None:
        """Print the line of a stage that is over."""

    def let_go(self) -> None:
        """Leave the terminal to others; the next stage takes it again."""

    # --- what the job tells --------------------------------------------------------------------

    def steps(self, stages: Sequence[str]) -> None:
        """Number the stages by these."""
        self._steps = list(stages)

    def stage(self, name: str) -> None:
        """The one before is over."""
        self._finish()
        if name not in self._steps[self._at :]:
            self._steps.insert(self._at, name)
        self._at = self._steps.index(name, self._at) + 1
        number = f"{self._at} of {len(self._steps)}  " if len(self._steps) > 1 else ""
        self.running = Running(name, number, self._clock.monotonic())

    def progress(self, stage: str, done: int, total: int | None) -> None:
        """Note how far the stage is."""
        if self.running is not None and self.running.name == stage:
            self.running.done, self.running.total = done, total

    def again(self, stage: str, why: str) -> None:
        """It starts over."""
        if self.running is not None and self.running.name == stage:
            self.running.done, self.running.why_again = 0, why
            self.running.times += 1

    def confirming(self, seen: int, total: int | None) -> None:
        """Note how far it is; over when everybody was seen."""
        of = "" if total is None else f" of {total:,}"
        over = total is not None and seen >= total
        self.beside = "" if over else f"Reading Docebo once more: {seen:,}{of} users"

    def notice(self, text: str) -> None:
        """Pass it on."""
        self.say(text)

    # --- the end -------------------------------------------------------------------------------

    def make_way(self) -> None:
        """The stage is over, and somebody else writes now."""
        self._finish()
        self.let_go()

    def close(self) -> None:
        """Nothing more comes: a stage that not everybody is through was cut short."""
        if self.running is not None and self.running.is_through:
            self._finish()
        elif self.running is not None and self.running.total is not None:
            self.say(self.running.unfinished(self._clock.monotonic()))
        self.running = None
        self.let_go()

    def _finish(self) -> None:
        running, self.running = self.running, None
        if running is not None:
            self.done(f"{TICK} {running.finished(self._clock.monotonic())}")


_shown: list[Display] = []


@contextmanager
def shown(display: Display) -> Iterator[Display]:
    """Make this the one display of the process, which `make_way` means."""
    _shown.append(display)
    try:
        yield display
    finally:
        _shown.remove(display)
        display.close()


def make_way() -> None:
    """Call it before anything is asked or printed that is not the display's own."""
    for display in _shown:
        display.make_way()


def let_go() -> None:
    """Give the terminal back at once, as when the process ends without a further word."""
    for display in _shown:
        display.let_go()
