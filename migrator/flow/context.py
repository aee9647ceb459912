"""What every step of a run works with, made once in `run.py`; no step keeps anything of its own."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, ParamSpec

from migrator.flow.plan.decide import DecisionRules
from migrator.flow.send.error_budget import ErrorBudget

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from migrator.checkpoint.db.checkpoint import Checkpoint
    from migrator.config.schema import Config
    from migrator.core.clock import Clock
    from migrator.descope.reader import DescopeReader
    from migrator.descope.writer import DescopeWriter
    from migrator.docebo.client import DoceboClient
    from migrator.normalize.mapping import Normalizer
    from migrator.report.eta import StageProgress
    from migrator.report.summary import RunFigures
    from migrator.verify.readback import Difference

_P = ParamSpec("_P")


@dataclass(frozen=True, slots=True)
class RunOptions:
    """What the user asked of this run.

    `confirm` is shown the plan's figures and answers whether to send; `confirm_canary` is told how many users
    were sent first and how many of them went wrong, and answers whether to go on. `max_error_rate` is a share
    between 0 and 1.
    """

    command: str = "run"
    dry_run: bool = False
    limit: int | None = None
    search_text: str = ""
    remap: bool = False
    accept_shrink: bool = False
    accept_short_list: bool = False
    upgrade: bool = True
    verify: bool = True
    retry: tuple[str, ...] = ()
    plan_out: Path | None = None
    plan_file: Path | None = None
    canary: int | None = None
    max_errors: int | None = None
    max_error_rate: float | None = None
    confirm: Callable[[RunFigures], bool] = lambda _figures: True
    confirm_canary: Callable[[int, int], bool] = lambda _sent, wrong: not wrong


class RunEvents:
    """What a run tells while it works; the default listens to nothing."""

    def steps(self, stages: Sequence[str]) -> None:
        """The stages that will come, before the first one begins."""

    def stage(self, name: str) -> None:
        """A step of the flow begins."""

    def progress(self, stage: str, done: int, total: int | None) -> None:
        """`done` of `total` users are through this step; None when nobody knows the total."""

    def again(self, stage: str, why: str) -> None:
        """The stage goes through everybody once more, and why."""

    def measured(self, now: StageProgress, whole: tuple[float, float] | None) -> None:
        """How fast the step is and when it ends, every few seconds; `whole` is (low, high) in seconds to the run's end.

        Called from another thread as well.
        """

    def notice(self, text: str) -> None:
        """Something the user should read while waiting."""


@dataclass(slots=True)
class RunContext:
    """One run on one migration."""

    config: Config
    options: RunOptions
    clock: Clock
    events: RunEvents
    checkpoint: Checkpoint
    docebo: DoceboClient
    descope: DescopeReader
    normalize: Normalizer
    # Custom attributes the project lacks, by type number; defined before the first user is sent.
    undefined: dict[str, int] = field(default_factory=dict)
    # Type numbers of all custom attributes, those included that are defined before the first user is sent.
    types: dict[str, int] = field(default_factory=dict)
    # What a plan opens for a changed policy or --remap (`plans.AGAIN`, `plans.REJUDGE`); a run notes it in the rows.
    asked: int = 0
    # Whether the mapping is another one than the migration is bound to, until the plan is confirmed.
    trial: bool = False
    first_sweep: int = 0
    # The stages of this run, in their order.
    steps: list[str] = field(default_factory=list)
    # Users whose unanswered request has left no trace so far: since when (monotonic seconds).
    absent_since: dict[str, float] = field(default_factory=dict)
    batch_size: int = 100
    # Batches of writes so far, whatever became of them.
    batches: int = 0
    # The users that may be sent now; None for everybody (a canary sends a few first).
    only: set[str] | None = None
    budget: ErrorBudget = field(default_factory=ErrorBudget)
    # What the verification of what this run sent has found so far, by class.
    verified: dict[str, int] = field(default_factory=dict)
    differences: list[Difference] = field(default_factory=list)

    # Whether a person is being asked, and the seconds they took to answer; those are not the run's own.
    asking: bool = False
    answering: float = 0.0

    def ask(self, question: Callable[_P, bool], *args: _P.args, **kwargs: _P.kwargs) -> bool:
        """A person's answer to one of the questions of `options`."""
        asked = self.clock.monotonic()
        self.asking = True
        try:
            return question(*args, **kwargs)
        finally:
            self.asking = False
            self.answering += self.clock.monotonic() - asked

    @property
    def platform(self) -> str:
        """The Docebo platform, as the mark names it."""
        return self.config.docebo.platform

    @property
    def rules(self) -> DecisionRules:
        """What decides besides the two users."""
        return DecisionRules(self.config.policy, self.types)

    @property
    def writer(self) -> DescopeWriter:
        """The client that can write; a dry run has none."""
        from migrator.descope.writer import DescopeWriter  # noqa: PLC0415 -- only a type for everybody else

        if not isinstance(self.descope, DescopeWriter):
            raise TypeError("a dry run must not write")
        return self.descope
