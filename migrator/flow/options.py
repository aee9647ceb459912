"""What the user asked of a run, and the events a run reports while it works."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ParamSpec

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from migrator.core.clock import Clock
    from migrator.report.eta import StageProgress
    from migrator.report.summary import RunFigures

_P = ParamSpec("_P")


@dataclass(frozen=True, slots=True)
class RunOptions:
    """What the user asked of this run.

    `confirm` gets the plan's figures and answers whether to send; `confirm_canary` gets the number of users sent
    first and how many of them went wrong, and answers whether to continue. `max_error_rate` is a share
    between 0 and 1.
    """

    command: str = "run"
    dry_run: bool = False
    limit: int | None = None
    search_text: str = ""
    remap: bool = False
    accept_shrink: bool = False
    accept_short_list: bool = False
    create_missing: bool = False
    upgrade: bool = True
    verify: bool = True
    retry: tuple[str, ...] = ()
    plan_out: Path | None = None
    plan_file: Path | None = None
    decisions: Path | None = None
    canary: int | None = None
    max_errors: int | None = None
    max_error_rate: float | None = None
    confirm: Callable[[RunFigures], bool] = lambda _figures: True
    confirm_canary: Callable[[int, int], bool] = lambda _sent, wrong: not wrong


class RunEvents:
    """The events a run reports while it works; by default nothing listens."""

    def steps(self, stages: Sequence[str]) -> None:
        """The stages that will come, before the first one begins."""

    def stage(self, name: str) -> None:
        """A step of the flow begins."""

    def progress(self, stage: str, done: int, total: int | None) -> None:
        """`done` of `total` have passed this step, users unless it counts others; None while the total is unknown."""

    def again(self, stage: str, why: str) -> None:
        """The stage starts over with all users, and why."""

    def confirming(self, seen: int, total: int | None) -> None:
        """Beside the steps, a further reading has shown `seen` of `total` users; called from another thread."""

    def measured(self, now: StageProgress, whole: tuple[float, float] | None) -> None:
        """How fast the step is and when it ends, every few seconds; `whole` is (low, high) in seconds to the run's end.

        Also called from another thread.
        """

    def notice(self, text: str) -> None:
        """A message the user should read while waiting."""


class Questions:
    """Asks a person the questions of `RunOptions`; the time they take to answer does not count as the run's own."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self.is_open = False
        self.seconds = 0.0

    def ask(self, question: Callable[_P, bool], *args: _P.args, **kwargs: _P.kwargs) -> bool:
        """The answer."""
        asked = self._clock.monotonic()
        self.is_open = True
        try:
            return question(*args, **kwargs)
        finally:
            self.is_open = False
            self.seconds += self._clock.monotonic() - asked
